#!/usr/bin/env bash
# The console's page: its types, its pure parts, then in Debian's Chromium, against a stand-in for the API and against the
# program as it is released.
. "$(dirname "$0")/../lib/stage.sh"
scripts/lib/build.sh release falconer
node=$(scripts/lib/web.sh packages)
npm_run() { (cd web && PATH=$node:$PATH npm run --silent "$1"); }
check "the page's types hold" npm_run types
check "the page's pure parts do what they say" npm_run unit
run_python_tests tests/browser || stage_failed=1
exit "$stage_failed"
