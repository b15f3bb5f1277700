"""Gardener's contract, row by row: docs/contract.md lists the rows, and the names of tests carry them.

    python3 tests/contract.py              checks that every row has a test and every test's row is there; exit 1 if not
    python3 tests/contract.py --self-test  checks that a missing row and a missing test are found out

A row is `1.3`; a test of it begins with `S1_3_` (more digits may follow: `S1_3_4_`), or its suite does.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROW = re.compile(r"^\| (\d+\.\d+) \|", re.M)
# TEST(Suite, S1_3_Name), TEST_P(S1_5_Suite, Name)
TEST = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)")
NAMED = re.compile(r"^S(\d+)_(\d+)_")


def problems(table, sources):
    rows = ROW.findall(table)
    said = [f"docs/contract.md names row {row} twice" for row in sorted(set(rows)) if rows.count(row) > 1]
    tested = {}
    for text in sources:
        for names in TEST.findall(text):
            for name in names:
                if found := NAMED.match(name):
                    tested.setdefault(".".join(found.groups()), []).append(name)
    said += [f"row {row} of docs/contract.md has no test: name one S{row.replace('.', '_')}_…" for row in rows if row not in tested]
    said += [f"{name}: docs/contract.md has no row {row}" for row, names in tested.items() if row not in rows for name in names]
    return said, len(rows), sum(map(len, tested.values()))


def self_test():
    table = "| 1.3 | what |\n| 1.4 | what |\n"
    good = ["TEST(A, S1_3_B) TEST_P(S1_4_C, D)"]
    assert problems(table, good)[0] == []
    assert "row 1.4" in problems(table, ["TEST(A, S1_3_4_B)"])[0][0]
    assert "no row 1.5" in problems(table, good + ["TEST_F(A, S1_5_B)"])[0][0]
    assert "twice" in problems(table + "| 1.3 | again |\n", good)[0][0]
    assert len(problems("", good)[0]) == 2


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        sys.exit(0)
    texts = [path.read_text() for path in sorted((ROOT / "tests").rglob("*.cpp"))]
    wrong, rows, tests = problems((ROOT / "docs/contract.md").read_text(), texts)
    print("\n".join(wrong) or f"{rows} rows, {tests} tests")
    sys.exit(1 if wrong or not rows else 0)
