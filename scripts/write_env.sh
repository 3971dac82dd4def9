#!/bin/sh
# Writes .env with generated secrets for docker-compose.yml, or adds the secrets that are missing in an existing .env.
# It changes nothing else in the file. Needs a POSIX shell, od, base64 and tr.
set -eu
umask 077
cd "$(dirname "$0")/.."

hex() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

# set_secret NAME VALUE: appends it unless the file has a value for it.
set_secret() {
    if grep -Eq "^$1=." "$new"; then return; fi
    printf '%s=%s\n' "$1" "$2" >>"$new"
    added="$added $1"
}

new=$(mktemp .env.XXXXXX)
trap 'rm -f "$new"' EXIT
if [ -e .env ]; then cat .env >"$new"; else echo '# Secrets for docker-compose.yml; .env.example lists every setting.' >"$new"; fi
added=
if [ -n "$(tail -c 1 "$new")" ]; then echo >>"$new"; fi
set_secret PINLAKE_S3_ACCESS_KEY "$(hex 10)"
set_secret PINLAKE_S3_SECRET_KEY "$(hex 20)"
set_secret PINLAKE_POSTGRES_PASSWORD "$(hex 16)"
set_secret AIRFLOW_DATABASE_PASSWORD "$(hex 16)"
set_secret AIRFLOW_ADMIN_PASSWORD "$(hex 16)"
set_secret AIRFLOW_SECRET_KEY "$(hex 32)"
set_secret AIRFLOW_FERNET_KEY "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"

if [ -z "$added" ]; then
    echo "$PWD/.env has every secret; nothing was changed" >&2
    exit
fi
mv "$new" .env
trap - EXIT
echo "wrote to $PWD/.env:$added" >&2
