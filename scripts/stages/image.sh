#!/usr/bin/env bash
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh release falconer
check "all that is released can be made" scripts/release.sh
run_python_tests tests/release || stage_failed=1
check "the image's program runs with nothing but what is in it" scripts/image-proof.sh build/release-artifacts/falconer-*.oci.tar
exit "$stage_failed"
