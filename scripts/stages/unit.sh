#!/usr/bin/env bash
# The rooms' own tests, those against a real PostgreSQL among them, and the fuzz targets' seeds and old finds: GCC with
# address and undefined-behaviour sanitizers.
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh tests
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
FALCONER_JOBS=${FALCONER_JOBS:-4} run_ctest tests
