#!/usr/bin/env bash
# The long forms of the tests: the same programs, with more of everything. Hours, not minutes.
#
#   nightly.sh [STAGE…]      stages as of test.sh; default: all of them, and these:
#
#   plain    GCC, debug, without precompiled header
#   clang    Clang over everything; the fuzz targets
#   proof    the release made twice: byte by byte the same
#   midnight cases whose clock says that the year ends while they run
#
# Each number can be set from outside.
set -euo pipefail
cd "$(dirname "$0")/.."
export FALCONER_KILL_SECONDS=${FALCONER_KILL_SECONDS:-600}      # kill -9 under load, of falconer, then of its store
export FALCONER_RESTART_ROUNDS=${FALCONER_RESTART_ROUNDS:-20}   # rolling restarts of two replicas
export FALCONER_FAILOVERS=${FALCONER_FAILOVERS:-20}             # a primary killed, its standby promoted
export FALCONER_BACKUP_KILLS=${FALCONER_BACKUP_KILLS:-300}      # a backup killed at any moment
export FALCONER_SPOOL_CASES=${FALCONER_SPOOL_CASES:-100000}     # spools cut and bent
export FALCONER_FAIR_PAIRS=${FALCONER_FAIR_PAIRS:-5}            # a loud cluster beside 100 others, and their latency
export FALCONER_FUZZ_SECONDS=${FALCONER_FUZZ_SECONDS:-3600}     # each fuzz target
export FALCONER_EXPORT_EVENTS=${FALCONER_EXPORT_EVENTS:-100000} # of 60 KB, in a file
export FALCONER_JUDGE_TIMES=${FALCONER_JUDGE_TIMES:-1}          # latencies that were promised (13, 14 and others)
export FALCONER_FILE_SECONDS=${FALCONER_FILE_SECONDS:-7200}     # a file of tests, with those kills in it
export FALCONER_TIDY=${FALCONER_TIDY:-all}                      # clang-tidy on every file
export FALCONER_TIDY_SECONDS=${FALCONER_TIDY_SECONDS:-7200}
[ $# -gt 0 ] || set -- checks unit system peers browser tidy image proof plain clang midnight
exec scripts/test.sh "$@"
