# What every stage of test.sh shares; sourced at its top.
#
# A stage is a program of its own in scripts/stages/. It reports with `count PASSED FAILED` (several
# times, if it likes) and ends with a non-zero status if anything was wrong. It can be run alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
results=${FALCONER_RESULTS:-/dev/null}

count() { echo "$1 $2" >>"$results"; }

# check NAME COMMAND…: one test; shows what the command printed only if it failed.
check() {
    local name=$1 out
    shift
    if out=$("$@" 2>&1); then
        echo "ok      $name"
        count 1 0
    else
        printf 'FAILED  %s\n%s\n' "$name" "$out"
        count 0 1
        stage_failed=1
    fi
}
stage_failed=0

# run_ctest PRESET [ARGUMENTS…]: ctest with two jobs; counts its cases, fixtures excepted.
run_ctest() {
    local preset=$1 report status=0
    shift
    report=$PWD/build/$preset/ctest.xml
    rm -f "$report"
    ctest --test-dir "build/$preset" -j"${FALCONER_JOBS:-2}" --output-on-failure --no-tests=error \
        --output-junit "$report" "$@" >"build/$preset/ctest.log" 2>&1 || status=$?
    if [ $status = 0 ]; then
        tail -n 6 "build/$preset/ctest.log"
    else
        grep -v -E '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test .* Passed )' "build/$preset/ctest.log" || true
    fi
    if [ -f "$report" ]; then
        # shellcheck disable=SC2046  # two numbers
        count $(python3 scripts/lib/junit_counts.py "$report")
    else
        count 0 1
    fi
    return $status
}

# run_python_tests FOLDER: its *_test.py, each case counted.
run_python_tests() {
    local log status=0
    log=$(mktemp "${TMPDIR:-/tmp}/falconer-stage.XXXXXX")
    python3 scripts/lib/python_tests.py "$1" 2>&1 | tee "$log" | sed '$d' || status=${PIPESTATUS[0]}
    # shellcheck disable=SC2046  # two numbers
    if tail -n 1 "$log" | grep -qE '^[0-9]+ [0-9]+$'; then count $(tail -n 1 "$log"); else count 0 1; tail -n 1 "$log"; fi
    rm -f "$log"
    return "$status"
}
