#!/usr/bin/env bash
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh release
check "falconer version answers" build/release/falconer version
FALCONER_BUILD=$PWD/build/release run_python_tests tests/load || stage_failed=1
exit "$stage_failed"
