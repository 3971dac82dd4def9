"""The rehearsal of docker-compose.yml: the commands of docs/operations.md on a real engine."""
