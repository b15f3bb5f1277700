"""A case of ours that can be skipped is one that scripts/lib/named_skips names: an unnamed one is red on the first machine
that has not what it needs, and nobody knows why."""
import ast
import re
import sys
import unittest
import unittest.mock

from throwaway import ROOT

sys.path.insert(0, str(ROOT / "scripts" / "lib"))
import skips  # noqa: E402

CASE = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.M)


def says_so(node):
    """A decorator, or a line of its own, that may skip it."""
    text = "".join(ast.unparse(each) for each in node.decorator_list)
    return "skip" in text or "needs_mounts" in text or "self.skipTest(" in ast.unparse(node)


def of_python(path):
    for group in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(group, ast.ClassDef):
            continue
        whole = any("skip" in ast.unparse(each) or "needs_mounts" in ast.unparse(each) for each in group.decorator_list)
        for each in group.body:
            if isinstance(each, ast.FunctionDef) and each.name.startswith("test") and (whole or says_so(each)):
                yield f"{path.name} {group.name}.{each.name}"


def of_cpp(path):
    text = path.read_text(encoding="utf-8")
    for skip in re.finditer(r"\bGTEST_SKIP\(", text):
        before = [f"{case[1]}.{case[2]}" for case in CASE.finditer(text, 0, skip.start())]
        fixtures = re.findall(r"^class (\w+)", text[:skip.start()], re.M)
        yield before[-1] if before else f"{fixtures[-1]}.any" if fixtures else f"{path.name}: nowhere"


class Skips(unittest.TestCase):
    def test_each_is_named(self):
        found = [name for folder in ("system", "peers", "browser", "load") for path in (ROOT / "tests" / folder).glob("*_test.py")
                 for name in of_python(path)]
        found += [name for path in (ROOT / "tests").rglob("*.cpp") for name in of_cpp(path)]
        self.assertGreater(len(found), 5)
        with unittest.mock.patch.dict("os.environ", CI=""):
            self.assertEqual([name for name in found if not skips.allowed(name)], [])

    def test_in_ci_none_is(self):
        with unittest.mock.patch.dict("os.environ", CI="true"):
            self.assertFalse(skips.allowed("disk_full_test.py DiskFull.test_nothing_is_acknowledged_that_a_full_disk_did_not_take"))


if __name__ == "__main__":
    unittest.main()
