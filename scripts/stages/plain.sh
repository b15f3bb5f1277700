#!/usr/bin/env bash
# Nightly: plain debug without precompiled header (every file includes what it needs), and the rooms' tests in it: what
# sanitizers hide, such as recycled coroutine frames, shows here.
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh plain
run_ctest plain
