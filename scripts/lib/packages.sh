#!/usr/bin/env bash
# The one list of Debian packages, by purpose, and their installation.
#
#   packages.sh list PURPOSE…      prints the names
#   packages.sh missing PURPOSE…   prints those that are not installed
#   packages.sh install PURPOSE…   installs those that are missing (as root, else through sudo)
#   packages.sh refresh lists      asks which packages there are
#
# PURPOSE: build (compile the program), runtime (run `falconer serve`), up (also run `falconer up`),
# test (everything that scripts/test.sh needs beyond those), go (Debian's Go, if the machine has none), node (Debian's npm,
# if the machine has none: scripts/lib/node.sh brings a newer Node with it).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

build="g++ cmake ninja-build git ca-certificates ccache mold
libasio-dev libboost1.81-dev rapidjson-dev libyaml-cpp-dev libssl-dev libpq-dev
libspdlog-dev libcli11-dev prometheus-cpp-dev libbrotli-dev zlib1g-dev libre2-dev"
runtime="libstdc++6 libssl3 libpq5 libspdlog1.10 libfmt9 libyaml-cpp0.7
libprometheus-cpp-core1.0 zlib1g libbrotli1 libre2-9 ca-certificates tzdata"
up="postgresql-15"
test="libgtest-dev libgmock-dev libbenchmark-dev clang-19 clang-tidy-19 clang-format-19
libclang-rt-19-dev postgresql-15 python3 python3-yaml python3-jsonschema brotli openssl curl procps faketime mmdebstrap shellcheck
chromium fonts-dejavu-core"
go="golang-go"
node="npm"

list() {
    local purpose
    for purpose in "$@"; do
        case $purpose in
            build | runtime | up | test | go | node) printf '%s\n' ${!purpose} ;;
            *) echo "packages.sh: no such purpose: $purpose" >&2; return 2 ;;
        esac
    done
}

missing() {
    local name
    for name in $(list "$@"); do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)" = installed ] || echo "$name"
    done
}

# become_root: how a command gets root's rights, in as_root.
become_root() {
    as_root=(env DEBIAN_FRONTEND=noninteractive)
    [ "$(id -u)" = 0 ] || as_root=(sudo env DEBIAN_FRONTEND=noninteractive)
}

# An unrelated source that does not answer keeps nothing from being installed that is in the others' lists.
refresh() {
    become_root
    "$here/try.sh" "Debian's package lists" "${as_root[@]}" apt-get update -q -o APT::Update::Error-Mode=any >&2 ||
        echo "packages.sh: going on with the lists that are there" >&2
}

install() {
    local names
    names=$(missing "$@" | sort -u | tr '\n' ' ')
    [ -n "${names// /}" ] || return 0
    become_root
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "Falconer needs Debian packages that only root can install. As root, run:" >&2
            echo "  apt-get update && apt-get install --no-install-recommends $names" >&2
            return 1
        fi
        echo "Falconer needs these Debian packages: $names" >&2
        echo "They are installed with sudo, which may ask for your password." >&2
    fi
    echo "installing: $names" >&2
    refresh
    # Downloaded first: an installation that fails is not tried again.
    # shellcheck disable=SC2086  # one word per package
    "$here/try.sh" "Debian's packages: $names" "${as_root[@]}" apt-get install -q -y --no-install-recommends --download-only $names >&2
    # shellcheck disable=SC2086  # one word per package
    "${as_root[@]}" apt-get install -q -y --no-install-recommends $names >&2
}

if [ $# -lt 2 ]; then
    sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
verb=$1
shift
case $verb in
    list | missing | install | refresh) "$verb" "$@" ;;
    *) echo "packages.sh: no such verb: $verb" >&2; exit 2 ;;
esac
