#!/usr/bin/env bash
# Runs a command that asks somebody far away: three times if need be, with a pause between them.
#
#   try.sh WHAT COMMAND…     WHAT is what cannot be reached if the third time fails, too
#
# Downloads only: a build or an installation that fails has a reason which is still there ten seconds later.
set -euo pipefail
what=${1:?usage: try.sh WHAT COMMAND…}
shift
pause=${FALCONER_TRY_PAUSE:-10} # seconds
for try in 1 2 3; do
    status=0
    "$@" || status=$?
    [ $status != 0 ] || exit 0
    if [ $try != 3 ]; then
        echo "try.sh: no $what yet (try $try of 3); once more in $pause s" >&2
        sleep "$pause"
    fi
done
echo "COULD NOT BE REACHED: $what. Three times this failed: $*" >&2
exit "$status"
