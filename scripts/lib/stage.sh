# What every stage of test.sh shares; sourced at its top.
#
# A stage is a program of its own in scripts/stages/. What it runs it writes into the book of the run (records.py says
# how a line looks), and it ends with a non-zero status if anything was wrong. It can be run alone:
#
#   scripts/test.sh STAGE                         with its screen
#   FALCONER_ONLY='part of a name' bash scripts/stages/STAGE.sh     only those of its `check`s
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
FALCONER_STAGE=${FALCONER_STAGE:-$(basename "$0" .sh)}
FALCONER_RESULTS=${FALCONER_RESULTS:-/dev/null}
export FALCONER_STAGE FALCONER_RESULTS
. scripts/lib/record.sh
stage_failed=0

# count PASSED FAILED: what has no names.
count() {
    [ "$1" = 0 ] || record passed "$1" 0 "" "" ""
    [ "$2" = 0 ] || record failed "$2" 0 "" "scripts/test.sh $FALCONER_STAGE" "see the stage's output"
}

# check NAME COMMAND…: one test; shows what the command printed only if it failed.
check() {
    local name=$1 out began=$EPOCHREALTIME outcome=passed alone
    shift
    case $name in *"${FALCONER_ONLY:-}"*) ;; *) return 0 ;; esac
    alone=$(printf '%q ' "$@")
    [ ${#alone} -le 200 ] || alone="FALCONER_ONLY=${name@Q} bash scripts/stages/$FALCONER_STAGE.sh"
    if out=$("$@" 2>&1); then
        echo "ok      $name"
    else
        printf 'FAILED  %s\n%s\n' "$name" "$out"
        outcome=failed
        # shellcheck disable=SC2034  # the stage looks at it
        stage_failed=1
    fi
    record "$outcome" 1 "$(since "$began")" "$name" "${alone% }" ""
}

# since BEGAN: seconds, with a point; both are EPOCHREALTIME, whose mark is the locale's.
since() {
    local microseconds=$((${EPOCHREALTIME/[^0-9]/} - ${1/[^0-9]/}))
    printf '%d.%03d' $((microseconds / 1000000)) $((microseconds / 1000 % 1000))
}

# run_ctest PRESET [ARGUMENTS…]: FALCONER_JOBS (2) cases at a time; each is counted, fixtures excepted.
run_ctest() {
    local build=build/$1 status=0
    shift
    rm -f "$build/ctest.xml"
    ctest --test-dir "$build" -j"${FALCONER_JOBS:-2}" --output-on-failure --no-tests=error \
        --output-junit "$PWD/$build/ctest.xml" "$@" >"$build/ctest.log" 2>&1 || status=$?
    if [ ! -f "$build/ctest.xml" ]; then
        tail -n 50 "$build/ctest.log"
        return 1
    fi
    python3 scripts/lib/ctest_cases.py "$build/ctest.xml" "$build" || status=1
    return "$status"
}

# run_python_tests FOLDER…: their *_test.py, each case counted.
run_python_tests() { python3 scripts/lib/python_tests.py "$@"; }
