#!/usr/bin/env bash
# Names the files that clang-format-19 would change: format-check.sh FILE…
set -euo pipefail
wrong=$(clang-format-19 --dry-run "$@" 2>&1 | sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: warning:.*/\1/p' | sort -u)
[ -n "$wrong" ] || exit 0
echo "to be formatted with clang-format-19 -i:"
echo "$wrong"
exit 1
