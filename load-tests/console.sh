#!/usr/bin/env bash
# The console over ten million events: promises' row 8. Makes a PostgreSQL of its own, fills it, asks, prints a table.
#
#   load-tests/console.sh [--events 10000000] [--days 7] [--runs 15] [--seed 1]
#   load-tests/console.sh --events 200000                             # a quick look
#
# Ten million events take about 20 GB below TMPDIR and some minutes until they are there. Ends by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/lib/packages.sh install build runtime up test
scripts/lib/build.sh release falconer push_load
export FALCONER_BUILD=$PWD/build/release
exec python3 load-tests/console.py "$@"
