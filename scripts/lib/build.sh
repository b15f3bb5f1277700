#!/usr/bin/env bash
# Configures and builds a preset: build.sh PRESET [TARGET…]
# FALCONER_IMAGE in the environment: the image that the program will be in.
#
# A program has the console's page in it (scripts/lib/web.sh). What the build says is in build/PRESET/build.log (and on
# the screen, if there is one); if it fails, its first error is shown.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/record.sh
preset=${1:?usage: build.sh PRESET [TARGET…]}
shift
targets=$*
log=build/$preset/build.log
began=$SECONDS
mkdir -p "build/$preset"

build() {
    # The tests do without the page.
    case $preset in release | plain) scripts/lib/web.sh || return ;; esac
    # Ninja configures again by itself when a CMakeLists.txt has changed, not when a preset has.
    if [ ! "build/$preset/build.ninja" -nt CMakePresets.json ] || [ -n "${FALCONER_IMAGE:-}" ]; then
        cmake --preset "$preset" -Wno-dev ${FALCONER_IMAGE:+"-DFALCONER_IMAGE=$FALCONER_IMAGE"} || return
    fi
    cmake --build "build/$preset" --target "${@:-all}"
}

echo "building $preset${targets:+: $targets}"
if [ -t 1 ]; then screen=/dev/tty; else screen=/dev/null; fi
if build "$@" 2>&1 | tee "$log" >"$screen"; then
    echo "built $preset, $((SECONDS - began)) s"
    record built 0 $((SECONDS - began)) "build of $preset" "" ""
    exit 0
fi
echo "FAILED  build of $preset, after $((SECONDS - began)) s; its first error (all of it: $log):"
python3 scripts/lib/first_error.py "$log" | sed 's/^/    /' || tail -n 60 "$log"
record failed 1 $((SECONDS - began)) "build of $preset" "scripts/lib/build.sh $preset${targets:+ $targets}" \
    "$(python3 scripts/lib/first_error.py --line "$log" || echo "see $log")"
exit 1
