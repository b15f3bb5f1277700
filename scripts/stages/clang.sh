#!/usr/bin/env bash
# Nightly: everything through Clang, which sees what GCC does not, and every fuzz target for a while (FALCONER_FUZZ_SECONDS).
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh fuzz
status=0
tests/fuzz/run.sh "${FALCONER_FUZZ_SECONDS:-25}" | tee build/fuzz/run.log || status=$?
good=$(grep -c ', no failure$' build/fuzz/run.log || true)
all=$(find build/fuzz -maxdepth 1 -name '*_fuzz' -type f | wc -l)
count "$good" $((all - good))
exit "$status"
