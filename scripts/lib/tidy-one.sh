#!/usr/bin/env bash
# One file for scripts/stages/tidy.sh: adds its name to $work/clean, $work/wrong or $work/late.
set -euo pipefail
file=$1
if [ "$(date +%s)" -gt "${deadline:?}" ]; then
    echo "$file" >>"${work:?}/late"
    exit 0
fi
key=$(python3 scripts/lib/tidy_key.py "$file")
if [ -e "${seen:?}/$key" ]; then
    echo "$file" >>"$work/clean"
    exit 0
fi
if out=$(clang-tidy-19 --quiet -p build/fuzz "$file" 2>&1); then
    touch "$seen/$key"
    echo "$file" >>"$work/clean"
else
    printf 'FAILED  %s\n%s\n' "$file" "$out"
    echo "$file" >>"$work/wrong"
fi
