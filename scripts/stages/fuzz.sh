#!/usr/bin/env bash
# Builds the fuzz targets and the rooms that they enter, with Clang, which sees what GCC does not, and
# runs each for a while. The other rooms' changed files meet Clang in the stage tidy, all of them in nightly.sh.
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh fuzz "${FALCONER_FUZZ_BUILD:-fuzz_targets}"
status=0
tests/fuzz/run.sh "${FALCONER_FUZZ_SECONDS:-25}" | tee build/fuzz/run.log || status=$?
good=$(grep -c ', no failure$' build/fuzz/run.log || true)
all=$(find build/fuzz -maxdepth 1 -name '*_fuzz' -type f | wc -l)
count "$good" $((all - good))
exit "$status"
