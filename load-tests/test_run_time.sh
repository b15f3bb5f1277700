#!/usr/bin/env bash
# How long the test run takes: `.ci/run` in a fresh clone with empty caches (compiler, Go modules, peers, downloads), then
# again there after one .cpp was changed. Prints both last screens and two lines for docs/testing.md. Takes an hour and more.
# Exit 1: a run was red.
#
#   load-tests/test_run_time.sh [FILE.cpp]     the file that is changed; default src/ingest/push_handler.cpp
set -euo pipefail
cd "$(dirname "$0")/.."
file=${1:-src/ingest/push_handler.cpp}
[ -f "$file" ] || { echo "test_run_time.sh: there is no $file" >&2; exit 2; }
place=$(mktemp -d "${TMPDIR:-/tmp}/falconer-test-run.XXXXXX")
clean_up() {
    chmod -R u+w "$place" # Go's modules are read-only
    rm -rf "$place"
}
trap clean_up EXIT
chmod 755 "$place"
git clone -q --no-hardlinks . "$place/project"
git -C "$place/project" checkout -q -B main "$(git rev-parse HEAD)"
[ ! -d ../shared ] || cp -r ../shared "$place/shared"
export XDG_CACHE_HOME=$place/cache CCACHE_DIR=$place/ccache GOPATH=$place/go GOCACHE=$place/go-build GOMODCACHE=$place/go/mod
export npm_config_cache=$place/npm
red=0
cd "$place/project"

run() { # NAME: one run, its last screen and its line
    local begin=$SECONDS status=0
    FALCONER_BUDGET=$1 bash .ci/run </dev/null >"$place/$1.log" 2>&1 || status=$?
    [ "$status" = 0 ] || red=1
    echo "==== $1, $((SECONDS - begin)) s, exit $status"
    sed -n '/^slowest$/,$p' "$place/$1.log"
    printf '| %s | %s | %s cores | %s | %d:%02d |\n' "$(date -u +%F)" "$(git rev-parse --short HEAD)" "$(nproc)" "$1" \
        $(((SECONDS - begin) / 60)) $(((SECONDS - begin) % 60)) >>"$place/lines"
}
run cold
echo "// changed" >>"$file"
run warm
cat "$place/lines"
exit "$red"
