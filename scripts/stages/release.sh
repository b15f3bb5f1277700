#!/usr/bin/env bash
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh release
check "falconer version answers" build/release/falconer version
check "push_load refuses a target that is not this machine" bash -c \
    '! build/release/push_load --url http://192.0.2.1:3200/ --tokens /dev/null --requests 1'
exit "$stage_failed"
