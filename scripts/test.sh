#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test.
#
#   test.sh [STAGE…]     without names: all stages, in this order
#   test.sh --quick      only what the change since main touches, see scripts/stages/quick.sh
#
#   checks   format, layering, shell scripts
#   unit     GCC, sanitizers: the rooms' tests, also against a real PostgreSQL, and the fuzz targets' seeds and old finds
#   system   the program as it is released, from outside: its commands, then killed, starved, flooded
#   peers    the same against real peers over real sockets
#   browser  the console's page: types, pure parts, then in Chromium against the program
#   tidy     clang-tidy on what changed (FALCONER_TIDY=all: on everything)
#   image    all that is released: the image, of nothing but its runtime packages, what it holds, the charts
#
# A stage that fails does not keep the later ones from running. The last screen says what took how long, against the
# budgets in scripts/lib/budgets (FALCONER_BUDGET=warm|cold), what failed and how to run that alone. The last line is
# the sum. docs/testing.md tells the rest.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/record.sh
stages=("$@")
[ $# -gt 0 ] || stages=(checks unit system peers browser tidy image)
[ "${1:-}" != --quick ] || stages=(quick "${@:2}")
for stage in "${stages[@]}"; do
    if [ ! -f "scripts/stages/$stage.sh" ]; then
        echo "test.sh: there is no stage '$stage'; there are: $(basename -s .sh scripts/stages/*.sh | tr '\n' ' ')" >&2
        exit 2
    fi
done

unset FALCONER_ONLY # a run with it would look like a whole one
budget=${FALCONER_BUDGET:-warm}
if [ -z "${FALCONER_BUDGET:-}" ] && ! compgen -G 'build/*/build.ninja' >/dev/null; then budget=cold; fi

work=$(mktemp -d "${TMPDIR:-/tmp}/falconer-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
book=$work/book ran=$work/stages
: >"$book"
: >"$ran"

# stage NAME COMMAND…: runs it; notes how long it took and how it ended.
stage() {
    local name=$1 begin=$SECONDS status=0
    shift
    printf '\n==== %s\n' "$name"
    FALCONER_STAGE=$name FALCONER_RESULTS=$book "$@" </dev/null || status=$?
    echo "$name $((SECONDS - begin)) $status" >>"$ran"
    echo "---- $name: $((SECONDS - begin)) s"
    return "$status"
}

# Who is interrupted (a time limit) still says how far it came.
interrupted=
trap 'interrupted=yes' INT TERM
if stage packages scripts/lib/packages.sh install build runtime up test; then
    for name in "${stages[@]}"; do
        [ -z "$interrupted" ] || break
        stage "$name" bash "scripts/stages/$name.sh" || true
    done
fi
[ -z "$interrupted" ] || FALCONER_STAGE=test FALCONER_RESULTS=$book record failed 1 0 "the run" "scripts/test.sh" "it was interrupted"
echo
python3 scripts/lib/last_screen.py "$book" "$ran" "$budget"
