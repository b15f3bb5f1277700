#!/usr/bin/env bash
# One file for scripts/stages/tidy.sh: tidy-one.sh KEY FILE adds its name to $work/clean, $work/wrong or $work/late.
#
# What was clean is remembered in $seen (scripts/lib/tidy_plan.py says how). What was wrong is not even remembered as
# looked at: it is the next run's first.
set -euo pipefail
key=$1 file=$2
mark=${seen:?}/of/${file//\//+}
if [ "$(date +%s)" -gt "${deadline:?}" ]; then
    echo "$file" >>"${work:?}/late"
    exit 0
fi
if out=$(clang-tidy-19 --quiet -p build/fuzz "$file" 2>&1); then
    touch "$seen/$key" "$mark"
    echo "$file" >>"$work/clean"
else
    rm -f "$mark"
    printf 'FAILED  %s\n%s\n' "$file" "$out"
    echo "$file" >>"$work/wrong"
fi
