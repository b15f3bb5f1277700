#!/usr/bin/env bash
# Nightly: what keeps days, counts them or is killed beside them, and what a date could hide in, with midnight of the
# year's end under each case.
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh release
scripts/lib/build.sh tests store_pg_test
export ASAN_OPTIONS=detect_leaks=1 # what it runs under adds to it
python3 scripts/lib/midnight.py tests/system/{start,up,crowds,durability,hostile}_test.py 'build/tests/store_pg_test:FailoverTest.*'
