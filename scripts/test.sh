#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test.
#
#   test.sh [STAGE…]     without names: all stages, in this order
#
#   checks   format, layering, shell scripts
#   unit     GCC, sanitizers: the rooms' tests, also against a real PostgreSQL, and the fuzz targets' seeds and old finds
#   system   the program as it is released, from outside: its commands, then killed, starved, flooded
#   peers    the same against real peers over real sockets
#   tidy     clang-tidy on what changed (FALCONER_TIDY=all: on everything)
#   image    all that is released: the image, of nothing but its runtime packages, what it holds, the charts
#
# A stage that fails does not keep the later ones from running. The last line is the sum.
set -euo pipefail
cd "$(dirname "$0")/.."
stages=("$@")
[ $# -gt 0 ] || stages=(checks unit system peers tidy image)
for stage in "${stages[@]}"; do
    if [ ! -f "scripts/stages/$stage.sh" ]; then
        echo "test.sh: there is no stage '$stage'; there are: $(ls scripts/stages | sed 's/\.sh$//' | tr '\n' ' ')" >&2
        exit 2
    fi
done

work=$(mktemp -d "${TMPDIR:-/tmp}/falconer-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
scripts/lib/packages.sh install build runtime up test

passed=0 failed=0
summary=
for stage in "${stages[@]}"; do
    echo
    echo "==== $stage"
    begin=$SECONDS status=0
    : >"$work/$stage"
    FALCONER_RESULTS=$work/$stage bash "scripts/stages/$stage.sh" </dev/null || status=$?
    good=0 bad=0
    while read -r p f; do
        good=$((good + p)) bad=$((bad + f))
    done <"$work/$stage"
    # A stage that broke before it could count anything is a failure all the same.
    if [ $status != 0 ] && [ $bad = 0 ]; then bad=1; fi
    took=$((SECONDS - begin))
    summary+=$(printf '%-8s %5d passed %4d failed %4d:%02d' "$stage" $good $bad $((took / 60)) $((took % 60)))$'\n'
    passed=$((passed + good)) failed=$((failed + bad))
    echo "---- $stage: $good passed, $bad failed, ${took} s"
done

printf '\n%s%d:%02d in all\n' "$summary" $((SECONDS / 60)) $((SECONDS % 60))
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
