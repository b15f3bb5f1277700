#!/usr/bin/env bash
# Draws docs/pictures/up.svg anew: what `falconer up` really prints, with the token cut short.
#
#   docs/pictures/make.sh FALCONER       the program, as built by scripts/up.sh
set -euo pipefail
falconer=$(realpath "${1:?usage: make.sh FALCONER}")
here=$(dirname "$(realpath "$0")")
place=$(mktemp -d "${TMPDIR:-/tmp}/falconer-picture.XXXXXX")
chmod 755 "$place"
trap 'rm -rf "$place"' EXIT
cd "$place"
ln -s "$falconer" falconer
{
    echo '$ ./scripts/up.sh --shoots 200'
    timeout --signal=INT 20 script -qefc "stty cols 160; ./falconer up --shoots 200 --data falconer-data" /dev/null </dev/null || true
} | sed -E "s/(Bearer .{20})[^']*/\1…/; s#$place/##g; s#  [^ ]*/falconer db#  falconer db#; /^(Script|Session)/d" | python3 "$here/terminal.py" "falconer up" >"$here/up.svg"
