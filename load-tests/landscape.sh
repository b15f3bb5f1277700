#!/usr/bin/env bash
# The landscape's page over 10,000 clusters in 500 projects. Makes a PostgreSQL of its own, has a month of batches counted, asks, prints a table.
#
#   load-tests/landscape.sh [--clusters 10000] [--days 30] [--runs 15]
#
# Ends by itself, after some minutes; needs about 3 GB below TMPDIR.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/lib/packages.sh install build runtime up test
scripts/lib/build.sh release falconer
export FALCONER_BUILD=$PWD/build/release
exec python3 load-tests/landscape.py "$@"
