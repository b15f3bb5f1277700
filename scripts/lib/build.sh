#!/usr/bin/env bash
# Configures and builds a preset: build.sh PRESET [TARGET…]
set -euo pipefail
cd "$(dirname "$0")/../.."
preset=${1:?usage: build.sh PRESET [TARGET…]}
shift
if [ ! -f "build/$preset/build.ninja" ]; then
    cmake --preset "$preset" -Wno-dev
fi
# Ninja configures again by itself when a CMakeLists.txt has changed.
cmake --build "build/$preset" --target "${@:-all}"
