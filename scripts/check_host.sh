#!/usr/bin/env bash
# Checks what could make `docker compose up` fail: engine, Compose, secrets, ports, memory and disk. Prints one line per
# problem, with the variable and the file that fix it, and exits with 1 if there is a problem.
set -euo pipefail
cd "$(dirname "$0")/.."

NEEDED_MEMORY_GIB=10
NEEDED_DISK_GIB=20
problems=0

problem() {
    echo "error: $*" >&2
    problems=$((problems + 1))
}

# at_least VERSION MINIMUM
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# setting NAME DEFAULT: from the environment, else from .env.
setting() {
    local value=${!1-}
    if [ -z "$value" ] && [ -e .env ]; then value=$(sed -n "s/^$1=//p" .env | tail -n 1); fi
    echo "${value:-$2}"
}

check_engine() {
    local engine compose
    if ! engine=$(docker version --format '{{.Server.Version}}' 2>/dev/null); then
        echo 'error: no container engine answers. Start Docker, or point DOCKER_HOST at one that runs.' >&2
        exit 1
    fi
    at_least "$engine" 20.10 || problem "Docker Engine $engine is too old. Install 20.10 or newer."
    compose=$(docker compose version --short 2>/dev/null) || compose=0
    at_least "${compose#v}" 2.24 || problem "Docker Compose ${compose/#0/(none)} is too old. Install 2.24 or newer."
}

check_secrets() {
    local name value
    if [ ! -e .env ]; then
        problem "$PWD/.env is missing. Run \`make env\`, which writes it with generated secrets."
        return
    fi
    for name in $(grep -Eo '\$\{[A-Z0-9_]+:\?' docker-compose.yml | tr -d '${:?' | sort -u); do
        value=$(setting "$name" '')
        if [ -z "$value" ]; then
            problem "$name is not set in $PWD/.env. Set it, or run \`make env\`."
        elif [[ ! $value =~ ^[A-Za-z0-9_=-]+$ ]]; then
            problem "$name in $PWD/.env may have letters, digits, - _ and = only, as it becomes part of a URL or of SQL."
        fi
    done
}

# check_port VARIABLE DEFAULT SERVICE
check_port() {
    local port address
    port=$(setting "$1" "$2")
    address=$(setting PUBLISH_ADDRESS 127.0.0.1)
    if [ -n "$(docker compose ps --quiet "$3" 2>/dev/null)" ]; then return; fi
    if (: <"/dev/tcp/${address/#0.0.0.0/127.0.0.1}/$port") 2>/dev/null; then
        problem "port $port is in use. Set $1 in $PWD/.env to a free one, or stop the program that listens there."
    fi
}

check_memory() {
    local gib
    gib=$(($(docker info --format '{{.MemTotal}}') / 1024 / 1024 / 1024))
    if [ "$gib" -lt $((NEEDED_MEMORY_GIB - 1)) ]; then
        problem "the engine has $gib GiB of memory, the services need $NEEDED_MEMORY_GIB. Give it more, or lower" \
            "SPARK_WORKER_CORES, SPARK_WORKER_MEMORY and SPARK_WORKER_LIMIT in $PWD/.env."
    fi
}

check_disk() {
    local folder gib
    folder=$(docker info --format '{{.DockerRootDir}}')
    # An engine in a virtual machine keeps its data where this host cannot read it.
    [ -d "$folder" ] || return 0
    gib=$(($(df -Pk "$folder" | awk 'NR == 2 { print $4 }') / 1024 / 1024))
    if [ "$gib" -lt "$NEEDED_DISK_GIB" ]; then
        problem "$folder has $gib GiB free, images and data need $NEEDED_DISK_GIB. Free some space there (docker system df)."
    fi
}

check_engine
check_secrets
check_port PUBLISH_API_PORT 8000 door
check_port PUBLISH_AIRFLOW_PORT 8080 airflow-api-server
check_port PUBLISH_POSTGRES_PORT 5432 postgres
check_memory
check_disk
if [ "$problems" -gt 0 ]; then exit 1; fi
echo 'this host is ready: docker compose build && docker compose up --detach --wait' >&2
