#!/usr/bin/env bash
# The program as it is released, from outside: its commands, then killed, starved, flooded.
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh release
export FALCONER_JOBS=${FALCONER_JOBS:-3} # they mostly wait
check "falconer version answers" build/release/falconer version
run_ctest release || stage_failed=1
run_python_tests tests/system tests/load || stage_failed=1
exit "$stage_failed"
