#!/usr/bin/env bash
# Enters a fuzz target with its seeds and with every input that once failed (tests/fuzz/finds/TARGET):
# replay.sh TARGET PROGRAM
set -euo pipefail
target=${1:?usage: replay.sh TARGET PROGRAM}
program=${2:?usage: replay.sh TARGET PROGRAM}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/falconer-replay.XXXXXX")
trap 'rm -rf "$work"' EXIT
python3 "$here/seeds.py" "$target" "$here/../samples" "$work"
[ -n "$(ls "$work")" ] || : >"$work/nothing" # a target without seeds begins with nothing, as libFuzzer does
if [ -d "$here/finds/$target" ]; then
    for find in "$here/finds/$target"/*; do cp "$find" "$work/find-$(basename "$find")"; done
fi
"$program" "$work"/*
