#!/usr/bin/env bash
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh asan
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
run_ctest asan
