#!/usr/bin/env bash
# Compares Falconer with the Go falco-event-ingestor and with bare COPY; prints the table of README.md.
#
#   FALCO_EVENT_INGESTOR=/path/to/ingestor load-tests/compare.sh [--rounds 3] [--seconds 5] [--senders 16,64,256]
#
# Without FALCO_EVENT_INGESTOR Falconer is measured alone. All load stays on this machine and ends by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/lib/packages.sh install build runtime up test
scripts/lib/build.sh release falconer push_load
export FALCONER_BUILD=$PWD/build/release
exec python3 load-tests/compare.py "$@"
