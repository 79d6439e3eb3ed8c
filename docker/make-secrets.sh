#!/bin/sh
# Makes the secrets that docker-compose.yml reads, once. It never overwrites one: the keys open the patients' data.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets
new() { [ -e "secrets/$1" ] || { printf '%s' "$2" > "secrets/$1"; chmod 644 "secrets/$1"; echo "made secrets/$1"; }; }
key() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }
word() { head -c 24 /dev/urandom | base64 | tr -d '\n/+='; }

chmod 700 secrets
new database_password "$(word)"
new database_url "postgresql://aftercare:$(cat secrets/database_password)@database:5432/aftercare"
new secret_key "$(key)"
new encryption_key "$(key)"
new lookup_key "$(key)"
echo "Keep a copy of the folder secrets/ in a safe place: without encryption_key nobody can read the patients' data."
