#!/usr/bin/env bash
# Compares Falconer with the Go falco-event-ingestor and with bare COPY; prints the table of README.md.
#
#   load-tests/compare.sh [--rounds 3] [--seconds 5] [--senders 16,64,256]
#
# FALCO_EVENT_INGESTOR=/path names the original; without it a stand-in of our own takes its place
# (load-tests/go-ingestor). FALCONER_BEFORE=/path names a falconer of another commit, which then takes its turns, too:
# what has a change cost? --skip go leaves the original out. All load stays on this machine and ends by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/lib/packages.sh install build runtime up test
scripts/lib/build.sh release falconer push_load
[ -n "${FALCO_EVENT_INGESTOR:-}" ] || GO_STAND_IN=$(scripts/lib/go-build.sh load-tests/go-ingestor .)
export GO_STAND_IN
export FALCONER_BUILD=$PWD/build/release
exec python3 load-tests/compare.py "$@"
