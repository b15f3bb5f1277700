#!/usr/bin/env bash
# What the change since main touches: checks of the changed files, and the test programs of the touched rooms
# (scripts/lib/touched.py says which). Everything else is the whole run's: rooms that build on a touched one, the
# program from outside, peers, clang-tidy, the image.
. "$(dirname "$0")/../lib/stage.sh"
touched=$(python3 scripts/lib/touched.py)
of() { sed -n "s/^$1 //p" <<<"$touched"; }
mapfile -t files < <(of file)
mapfile -t rooms < <(of room)
mapfile -t targets < <(of target)
mapfile -t sources < <(of file | grep -E '\.(cpp|hpp)$' || true)
mapfile -t shells < <(of file | grep -E '(\.sh|^\.ci/run)$' || true)
mapfile -t pythons < <(of file | grep -E '\.py$' || true)
echo "${#files[@]} changed files; rooms: ${rooms[*]:-none}"

[ ${#sources[@]} = 0 ] || check "clang-format has nothing to change" scripts/lib/format-check.sh "${sources[@]}"
check "rooms include only doors and their own files" python3 tests/layering.py
check "every row of Gardener's contract has its test" python3 tests/contract.py
[ ${#shells[@]} = 0 ] || check "shellcheck is content" shellcheck -x -S warning "${shells[@]}"
[ ${#pythons[@]} = 0 ] || check "every Python script compiles" python3 -c \
    'import ast, sys; [ast.parse(open(name).read(), name) for name in sys.argv[1:]]' "${pythons[@]}"
if printf '%s\n' "${files[@]}" | grep -qE '^(scripts/(test\.sh|lib/|stages/)|tests/run/)'; then
    check "the test run sees what it is for" scripts/lib/self-test.sh
fi

if [ ${#targets[@]} != 0 ]; then
    scripts/lib/build.sh tests "${targets[@]}"
    export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
    FALCONER_JOBS=${FALCONER_JOBS:-4} run_ctest tests -I "$(python3 scripts/lib/touched.py cases build/tests "${targets[@]}")" || stage_failed=1
fi
mapfile -t aside < <(of aside)
[ ${#aside[@]} = 0 ] || printf 'not looked at, a whole run does: %s\n' "${aside[*]}"
exit "$stage_failed"
