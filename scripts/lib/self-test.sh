#!/usr/bin/env bash
# The tests of the test run itself (tests/run), beside each other: they mostly wait.
set -euo pipefail
cd "$(dirname "$0")/../.."
printf '%s\n' tests/run/*_test.py | xargs -P 4 -n 1 python3
