"""How peers come here (scripts/lib/{try,go-build,unpacked}.sh): once per content, whoever asks at the same time; downloads with three
tries; what cannot be reached is named."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import uuid

from kubernetes import HERE, ROOT

LIB = ROOT / "scripts/lib"
# A stand-in for apt-get whose network is away the first FAILS times.
APT_GET = """#!/bin/sh
case "$*" in *update*) exit 0 ;; esac
echo asked >>"$HOME/asked"
[ "$(wc -l <"$HOME/asked")" -gt "$FAILS" ] || exit 100
cp "$HOME/small.deb" .
"""


class Bringing(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="falconer-bringing.")
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        self.env = {**os.environ, "XDG_CACHE_HOME": str(self.home / "cache"), "FALCONER_TRY_PAUSE": "0", "HOME": str(self.home)}

    def begin(self, *command, **more):
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**self.env, **more})

    def run_all(self, *processes):
        """What each has said, (stdout, stderr); all must end well."""
        said = [each.communicate(timeout=300) for each in processes]
        for process, (_, errors) in zip(processes, said):
            self.assertEqual(process.returncode, 0, errors)
        return said

    def go_places(self):
        """Go's own caches stay where they are: this is not about them."""
        go = subprocess.run([LIB / "go.sh", "1.22"], capture_output=True, text=True, check=True).stdout.strip()
        names = ("GOCACHE", "GOMODCACHE")
        places = subprocess.run([go, "env", *names], capture_output=True, text=True, check=True).stdout.split()
        return {"PATH": f"{pathlib.Path(go).parent}:{os.environ['PATH']}", **dict(zip(names, places))}

    def test_two_builds_at_once_are_one_and_a_change_builds_anew(self):
        program = self.home / "small"
        shutil.copytree(HERE / "webhook-sender", program)
        (program / "mark.go").write_text(f"package main\n\nconst mark = \"{uuid.uuid4()}\"\n")
        places = self.go_places()
        def build():
            return self.begin(LIB / "go-build.sh", program, ".", **places)
        said = self.run_all(*(build() for _ in range(3)))
        self.assertEqual(len({out for out, _ in said}), 1)
        self.assertEqual(sum("building small" in errors for _, errors in said), 1, said)
        first = pathlib.Path(said[0][0].strip())
        self.assertTrue(os.access(first, os.X_OK))
        self.assertFalse(first.is_relative_to(ROOT))
        (program / "mark.go").write_text("package main\n")
        [(second, _)] = self.run_all(build())
        self.assertNotEqual(second.strip(), str(first))

    def test_a_module_that_cannot_be_reached_is_named(self):
        program = self.home / "away"
        program.mkdir()
        (program / "go.mod").write_text("module falconer.test/away\n\ngo 1.22\n\nrequire example.com/not/there v1.0.0\n")
        (program / "go.sum").write_text("example.com/not/there v1.0.0 h1:" + "A" * 43 + "=\nexample.com/not/there v1.0.0/go.mod h1:" + "A" * 43 + "=\n")
        (program / "main.go").write_text("package main\n\nimport _ \"example.com/not/there\"\n\nfunc main() {}\n")
        process = self.begin(LIB / "go-build.sh", program, ".", GOPROXY="off", **self.go_places())
        out, errors = process.communicate(timeout=300)
        self.assertNotEqual(process.returncode, 0)
        self.assertEqual(out, "")
        self.assertIn("COULD NOT BE REACHED: the Go modules of falconer.test/away", errors)
        self.assertIn("example.com/not/there", errors)
        self.assertEqual(errors.count("once more in 0 s"), 2, errors)

    def test_a_download_is_tried_three_times_and_no_more(self):
        for fails in (0, 2, 3):
            count = self.home / f"count-{fails}"
            process = self.begin(LIB / "try.sh", "the thing", "sh", "-c", f'echo x >>"{count}"; [ "$(wc -l <"{count}")" -gt {fails} ] || exit 7')
            _, errors = process.communicate(timeout=180)
            self.assertEqual(process.returncode, 7 if fails == 3 else 0, errors)
            self.assertEqual(len(count.read_text().split()), min(fails + 1, 3))
            self.assertEqual("COULD NOT BE REACHED: the thing" in errors, fails == 3, errors)

    def offer_package(self):
        files = self.home / "files"
        (files / "DEBIAN").mkdir(parents=True)
        (files / "DEBIAN/control").write_text("Package: small\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n")
        (files / "usr/bin").mkdir(parents=True)
        (files / "usr/bin/small").write_text("#!/bin/sh\n")
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", files, self.home / "small.deb"], check=True, capture_output=True)
        tools = self.home / "tools"
        tools.mkdir()
        for name, text in (("apt-get", APT_GET), ("sudo", '#!/bin/sh\nexec "$@"\n')):
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        return f"{tools}:{os.environ['PATH']}"

    def test_a_debian_package_is_brought_once_whoever_asks_at_the_same_time(self):
        path = self.offer_package()
        said = self.run_all(*(self.begin(LIB / "unpacked.sh", "small", PATH=path, FAILS="2") for _ in range(3)))
        self.assertEqual(len({out for out, _ in said}), 1, said)
        self.assertTrue((pathlib.Path(said[0][0].strip()) / "usr/bin/small").exists())
        self.assertEqual((self.home / "asked").read_text().count("asked"), 3, "twice in vain, then once")
        self.assertEqual([each.name for each in pathlib.Path(said[0][0].strip()).parent.iterdir() if "." in each.name], ["small.lock"])

    def test_a_debian_package_that_cannot_be_reached_is_named_and_leaves_nothing(self):
        process = self.begin(LIB / "unpacked.sh", "small", PATH=self.offer_package(), FAILS="99")
        out, errors = process.communicate(timeout=180)
        self.assertNotEqual(process.returncode, 0)
        self.assertEqual(out, "")
        self.assertIn("COULD NOT BE REACHED: Debian's package small", errors)
        self.assertEqual([each.name for each in (self.home / "cache/falconer/debian").rglob("small*")], ["small.lock"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
