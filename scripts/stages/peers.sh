#!/usr/bin/env bash
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh dev falconer kube_api_test
run_python_tests tests/peers
