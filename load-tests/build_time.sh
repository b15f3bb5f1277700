#!/usr/bin/env bash
# How long the build takes: everything from nothing without a compiler cache, then the program again
# after one .cpp was changed. Prints two lines of README.md's table. Works on a copy; takes minutes.
#
#   load-tests/build_time.sh [ROUNDS]      rounds of the second figure; default 3
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3}
scripts/lib/packages.sh install build runtime up test
place=$(mktemp -d "${TMPDIR:-/tmp}/falconer-build-time.XXXXXX")
trap 'rm -rf "$place"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$place"
cd "$place"
export CCACHE_DISABLE=1

seconds() { # COMMAND…: the seconds it takes
    local begin=$EPOCHREALTIME
    "$@" >log 2>&1 || { tail -n 40 log >&2; return 1; }
    awk -v from="$begin" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'
}
everything() { cmake --preset release && cmake --build build/release; }
program() { cmake --build build/release --target falconer; }

echo "| 9 | clean build of the program and what tests it from outside, $(nproc) cores | $(seconds everything) s | ≤ 480 s |"
for file in src/ingest/push_handler.cpp src/store/pg_connection.cpp src/app/up.cpp; do
    for ((round = 0; round < rounds; ++round)); do
        echo "// round $round" >>"$file"
        seconds program
        echo
    done | sort -n >timings
    echo "| 9 | the program again after a change of $file | $(awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }' timings) s | ≤ 20 s |"
done
