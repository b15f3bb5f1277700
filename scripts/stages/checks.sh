#!/usr/bin/env bash
. "$(dirname "$0")/../lib/stage.sh"
mapfile -t sources < <(git ls-files '*.cpp' '*.hpp')
mapfile -t shells < <(git ls-files '*.sh' '.ci/run')
mapfile -t pythons < <(git ls-files '*.py')

check "clang-format has nothing to change (${#sources[@]} files)" scripts/lib/format-check.sh "${sources[@]}"
check "rooms include only doors and their own files" python3 tests/layering.py
check "the layering check sees what it is for" python3 tests/layering.py --self-test
check "every row of Gardener's contract has its test" python3 tests/contract.py
check "the contract's check sees what it is for" python3 tests/contract.py --self-test
check "shellcheck is content (${#shells[@]} scripts)" shellcheck -x -S warning "${shells[@]}"
check "every Python script compiles (${#pythons[@]} files)" python3 -c \
    'import ast, sys; [ast.parse(open(name).read(), name) for name in sys.argv[1:]]' "${pythons[@]}"
check "the test run sees what it is for" scripts/lib/self-test.sh
exit "$stage_failed"
