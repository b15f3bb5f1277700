#!/usr/bin/env bash
# Installs what is missing, builds Falconer and runs all of it on this machine. Arguments go to
# `falconer up`, e.g. `scripts/up.sh --shoots 20`.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/lib/packages.sh install build runtime up
scripts/lib/build.sh release falconer
exec build/release/falconer up "$@"
