#!/usr/bin/env bash
# Runs every fuzz target for some seconds each: tests/fuzz/run.sh SECONDS [BUILD-DIRECTORY]
# The corpus stays in BUILD-DIRECTORY/corpus and grows from run to run. Exit 1 when any target broke;
# the input that broke it is named and kept; it belongs into
# tests/fuzz/finds/TARGET, where every test run replays it.
set -euo pipefail
seconds=${1:?usage: run.sh SECONDS [BUILD-DIRECTORY]}
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${2:-$source/build/fuzz}" && pwd)

shopt -s nullglob
targets=("$build"/*_fuzz)
if ((${#targets[@]} == 0)); then
    echo "no fuzz targets in $build: scripts/lib/build.sh fuzz fuzz_targets" >&2
    exit 2
fi
failed=0
for target in "${targets[@]}"; do
    name=$(basename "$target" _fuzz)
    corpus=$build/corpus/$name
    mkdir -p "$corpus" "$build/crashes"
    python3 "$source/tests/fuzz/seeds.py" "$name" "$source/tests/samples" "$corpus"
    for find in "$source/tests/fuzz/finds/$name"/*; do cp "$find" "$corpus"; done
    log=$build/crashes/$name.log
    if nice "$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
        -verbosity=1 -artifact_prefix="$build/crashes/$name-" "$corpus" >"$log" 2>&1; then
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, no failure"
    else
        echo "$name: FAILED, see $log" >&2
        tail -n 40 "$log" >&2
        failed=1
    fi
done
exit $failed
