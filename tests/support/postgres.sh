#!/bin/sh
# One private PostgreSQL for all tests of a run: postgres.sh start ENV_FILE [PORT] | stop ENV_FILE
#
# `start` writes ENV_FILE: `host`, `port`, `data`, one `key=value` a line. The cluster lives in a
# folder of its own under $TMPDIR (a unix socket's path may not be long), is reached by socket and
# on 127.0.0.1 (at PORT, which the caller holds, or at a free one), trusts `postgres` and asks
# everybody else for a password.
set -eu
verb=$1 env=$2 held=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
as_postgres() { if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@"); else "$@"; fi; }

stop() {
    [ -f "$env" ] || return 0
    home=$(sed -n 's/^host=//p' "$env")
    if [ -d "$home/data" ]; then
        as_postgres "$bin/pg_ctl" -D "$home/data" -m immediate -w -t 300 stop >/dev/null 2>&1 || true
    fi
    rm -rf "$home" "$env"
}

# Between the look at a port and its use somebody else may take it: then another one is tried.
listen() {
    for try in 1 2 3 4 5; do
        port=${held:-$(python3 "$here/ports.py")}
        as_postgres tee "$home/data/port.conf" >/dev/null <<CONF
port = $port
CONF
        if as_postgres "$bin/pg_ctl" -D "$home/data" -l "$home/log" -w -t 300 start >/dev/null; then return 0; fi
        if [ -n "$held" ] || [ "$try" = 5 ] || ! grep -q 'could not bind' "$home/log"; then break; fi
    done
    cat "$home/log"
    return 1
}

start() {
    stop
    home=$(mktemp -d "${TMPDIR:-/tmp}/falconer-pg.XXXXXX")
    trap 'rm -rf "$home"' EXIT
    [ "$(id -u)" != 0 ] || chown postgres "$home"
    as_postgres "$bin/initdb" -D "$home/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$home.log" 2>&1 || { cat "$home.log"; rm -f "$home.log"; exit 1; }
    rm -f "$home.log"
    as_postgres tee "$home/data/pg_hba.conf" >/dev/null <<HBA
local all postgres trust
host  all postgres 127.0.0.1/32 trust
local all all scram-sha-256
host  all all 127.0.0.1/32 scram-sha-256
host  all all ::1/128 scram-sha-256
HBA
    as_postgres tee -a "$home/data/postgresql.conf" >/dev/null <<CONF
include 'port.conf'
listen_addresses = '127.0.0.1'
unix_socket_directories = '$home'
max_connections = 100
fsync = off
CONF
    listen || exit 1
    printf 'host=%s\nport=%s\ndata=%s\n' "$home" "$port" "$home/data" >"$env"
    trap - EXIT
}

$verb
