#!/usr/bin/env bash
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh fuzz
tests/fuzz/run.sh "${FALCONER_FUZZ_SECONDS:-60}"
