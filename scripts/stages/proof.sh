#!/usr/bin/env bash
# Nightly: all that is released, made twice from the same program, is the same byte by byte.
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh release falconer
sums=$(mktemp "${TMPDIR:-/tmp}/falconer-proof.XXXXXX")
trap 'rm -f "$sums"' EXIT
check "all that is released can be made" scripts/release.sh
cp build/release-artifacts/SHA256SUMS "$sums"
check "and once more" scripts/release.sh
check "both are the same" cmp "$sums" build/release-artifacts/SHA256SUMS
exit "$stage_failed"
