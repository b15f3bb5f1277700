#!/usr/bin/env bash
# The program as it is released, against real peers over real sockets.
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh release falconer kube_api_test kube_probe alert_probe
check "the peers are built" scripts/lib/peers.sh
run_python_tests tests/peers || stage_failed=1
exit "$stage_failed"
