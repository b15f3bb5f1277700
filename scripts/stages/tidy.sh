#!/usr/bin/env bash
# clang-tidy on the files that changed since the base, or on all of them (FALCONER_TIDY=all).
#
# The base is FALCONER_TIDY_BASE, else the merge base with origin/main, else (on main itself) the
# commit FALCONER_TIDY_COMMITS (20) back. A changed header is looked at through one file that
# includes it. What was found clean is remembered outside the tree, for every tree of this machine, by all that
# clang-tidy reads (scripts/lib/tidy_key.py). At most FALCONER_TIDY_SECONDS (180) are spent, on what was never looked
# at first (scripts/lib/tidy_plan.py); what was not reached is said and is not counted.
. "$(dirname "$0")/../lib/stage.sh"
. scripts/lib/cache.sh

# Clang's compile commands, without precompiled headers; of the files that there are now.
cmake --preset fuzz -Wno-dev >/dev/null

base=${FALCONER_TIDY_BASE:-}
if [ -z "$base" ]; then
    base=$(git merge-base origin/main HEAD 2>/dev/null || true)
    if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD)" ]; then
        back=$(git rev-list --first-parent HEAD | sed -n "$((${FALCONER_TIDY_COMMITS:-20} + 1))p")
        base=${back:-$(git hash-object -t tree /dev/null)} # a young history: everything
    fi
fi
if [ "${FALCONER_TIDY:-changed}" = all ]; then
    mapfile -t changed < <(git ls-files '*.cpp')
else
    mapfile -t changed < <(git diff --name-only --diff-filter=d "$base" -- '*.cpp' '*.hpp')
fi

seen=$falconer_cache/tidy
mkdir -p "$seen/of"
export seen
deadline=$(($(date +%s) + ${FALCONER_TIDY_SECONDS:-180}))
export deadline
work=$(mktemp -d "${TMPDIR:-/tmp}/falconer-tidy.XXXXXX")
trap 'rm -rf "$work"' EXIT
export work
printf '%s\n' "${changed[@]}" | python3 scripts/lib/tidy_plan.py "$seen" build/fuzz/compile_commands.json >"$work/plan"
sed -n 's/^clean //p' "$work/plan" >"$work/clean"
echo "clang-tidy: $(wc -l <"$work/plan") files (${#changed[@]} changed), $(wc -l <"$work/clean") of them known to be clean"
sed -n 's/^look //p' "$work/plan" | xargs -r -n2 -P"${FALCONER_JOBS:-2}" bash scripts/lib/tidy-one.sh
for kind in clean late wrong; do touch "$work/$kind"; done
late=$(wc -l <"$work/late") wrong=$(wc -l <"$work/wrong") clean=$(wc -l <"$work/clean")
[ "$late" = 0 ] || echo "clang-tidy: out of time, $late files not looked at: $(tr '\n' ' ' <"$work/late")"
count "$clean" "$wrong"
[ "$wrong" = 0 ]
