#!/usr/bin/env bash
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh release falconer
check "the program runs with nothing but its runtime packages" scripts/image-proof.sh
exit "$stage_failed"
