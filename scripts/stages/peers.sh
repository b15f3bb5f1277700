#!/usr/bin/env bash
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh dev falconer
run_python_tests tests/peers
