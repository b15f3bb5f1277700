"""What scripts/release.sh has made, in build/release-artifacts (FALCONER_RELEASE): complete, and what it says of itself is true."""

import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = pathlib.Path(os.environ.get("FALCONER_RELEASE", ROOT / "build/release-artifacts"))
sys.path.insert(0, str(ROOT / "scripts/lib"))

import oci_archive  # noqa: E402
import sbom  # noqa: E402

VERSION = re.search(r"^project\(falconer VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(), re.M).group(1)


def runtime_packages():
    return re.search(r'^runtime="([^"]*)"', (ROOT / "scripts/lib/packages.sh").read_text(), re.M).group(1).split()


def needed(packages, wanted):
    """Names of those among `packages` that `wanted` are, or depend on: alternatives and who provides what count all."""
    by_name = {each["Package"]: each for each in packages}

    def names(text):
        return [re.sub(r"\(.*?\)", "", each).strip().split(":")[0] for each in re.split(r"[,|]", text) if each.strip()]
    provided = {}
    for each in packages:
        for name in names(each.get("Provides", "")):
            provided.setdefault(name, []).append(each["Package"])
    found, open_ones = set(), list(wanted)
    while open_ones:
        name = open_ones.pop()
        open_ones += provided.get(name, [])
        if name in by_name and name not in found:
            found.add(name)
            for field in ("Depends", "Pre-Depends"):
                open_ones += names(by_name[name].get(field, ""))
    return found


def sum_of(content):
    return hashlib.sha256(content).hexdigest()


class Release(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = next(RELEASE.glob("falconer-*.oci.tar"))
        cls.sbom = json.loads((RELEASE / f"falconer-{VERSION}.spdx.json").read_text())
        cls.packages = {each["name"]: each for each in cls.sbom["packages"]}
        with tarfile.open(cls.image) as image:
            manifest = oci_archive.manifest_of(image)
            cls.run_config = json.load(oci_archive.blob_of(image, manifest["config"]))
            folder = tempfile.TemporaryDirectory(prefix="falconer-release.")
            cls.addClassCleanup(folder.cleanup)
            cls.home = pathlib.Path(folder.name)
            cls.layer = cls.home / "layer.tar.gz"
            cls.layer.write_bytes(oci_archive.blob_of(image, manifest["layers"][0]).read())
            with tarfile.open(cls.layer, mode="r:gz") as root:
                cls.entries = root.getmembers()
                cls.names = [each.name for each in cls.entries]
                cls.program = root.extractfile("./usr/local/bin/falconer").read()
                cls.status = root.extractfile("./var/lib/dpkg/status").read().decode()
                cls.described = [each for each in cls.entries if re.fullmatch(r"\./usr/share/doc/[^/]+/copyright", each.name)]
                records = {"usr/local/bin/falconer": cls.program, "var/lib/dpkg/status": cls.status.encode()}
                # Of a link, what it leads to.
                records.update({each.name: root.extractfile(each).read() for each in cls.described})
            for name, content in records.items():
                (cls.home / "root" / name).parent.mkdir(parents=True, exist_ok=True)
                (cls.home / "root" / name).write_bytes(content)

    def test_every_checksum_matches_and_no_file_lacks_one(self):
        sums = dict(reversed(line.split("  ")) for line in (RELEASE / "SHA256SUMS").read_text().splitlines())
        self.assertEqual(set(sums), {each.name for each in RELEASE.iterdir()} - {"SHA256SUMS"})
        for name, expected in sums.items():
            self.assertEqual(sum_of((RELEASE / name).read_bytes()), expected, name)

    def test_the_sums_are_in_the_form_that_sha256sum_checks(self):
        done = subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=RELEASE, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_every_blob_of_the_image_has_the_digest_that_it_is_called_by(self):
        seen = 0
        with tarfile.open(self.image) as image:
            self.assertEqual(json.load(image.extractfile("oci-layout")), {"imageLayoutVersion": "1.0.0"})
            for entry in image:
                if entry.name.startswith("blobs/sha256/"):
                    seen += 1
                    self.assertEqual(sum_of(image.extractfile(entry).read()), entry.name.rpartition("/")[2])
        self.assertEqual(seen, 3, "configuration, manifest, layer")

    def test_the_image_runs_as_the_dockerfile_says(self):
        config = self.run_config["config"]
        self.assertEqual(config["User"], "65532:65532")
        self.assertEqual(config["Entrypoint"], ["/usr/local/bin/falconer"])
        self.assertEqual(config["Cmd"][0], "serve")
        self.assertIn("3200/tcp", config["ExposedPorts"])

    def test_the_image_holds_the_program_and_nothing_of_how_it_was_made(self):
        self.assertTrue(self.program.startswith(b"\x7fELF"))
        for left in ("./var/lib/apt/lists/", "./var/cache/apt/", "./dev/", "./var/log/", "./etc/apt/sources.list.d/", "./etc/hostname", "./etc/resolv.conf"):
            self.assertEqual([each for each in self.names if each.startswith(left)], [], left)
        for compiler in ("./usr/bin/gcc", "./usr/bin/cc", "./usr/bin/cmake", "./usr/bin/python3"):
            self.assertNotIn(compiler, self.names)

    def test_every_package_of_the_image_is_one_that_the_program_runs_with(self):
        """Debian's essential ones, those that packages.sh calls runtime, and what these depend on."""
        packages = list(sbom.paragraphs(self.status))
        essential = [each["Package"] for each in packages if each.get("Essential") == "yes"]
        self.assertGreater(len(essential), 15)
        self.assertEqual({each["Package"] for each in packages} - needed(packages, essential + runtime_packages()), set())
        self.assertNotIn("apt", {each["Package"] for each in packages})

    # --- the same bytes each time --------------------------------------------------------------

    def test_made_again_of_the_same_layer_the_image_is_the_same(self):
        name = f"ghcr.io/gardener/falconer:{VERSION}"
        architecture = self.run_config["architecture"]
        os.utime(self.layer, (0, 0))
        again = self.home / "again.oci.tar"
        oci_archive.pack(self.layer, ROOT / "Dockerfile", architecture, name, again)
        self.assertEqual(sum_of(again.read_bytes()), sum_of(self.image.read_bytes()))

    def test_the_layer_says_nothing_of_when_and_by_whom_it_was_made(self):
        self.assertEqual(self.layer.read_bytes()[4:8], b"\0\0\0\0", "gzip's time")
        latest = max(each.mtime for each in self.entries)
        self.assertEqual(latest, self.epoch(), "no file is younger than the commit")
        self.assertEqual({(each.uname, each.gname) for each in self.entries}, {("", "")}, "numbers only")
        # By name as bytes, each folder before what is in it: the order in which tar was told to walk.
        keys = [each.name.split("/") for each in self.entries]
        self.assertEqual(keys, sorted(keys))

    def epoch(self):
        created = self.sbom["creationInfo"]["created"]
        return int(datetime.datetime.strptime(created, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp())

    def test_made_again_of_the_packages_records_the_document_is_the_same(self):
        linked = sorted(each["relatedSpdxElement"].removeprefix("SPDXRef-") for each in self.sbom["relationships"]
                        if each["relationshipType"] == "STATIC_LINK")
        self.assertGreater(len(self.described), 60)
        made = sbom.document(self.home / "root", VERSION, self.sbom["documentNamespace"], self.epoch(), linked)
        self.assertEqual(made, self.sbom)

    def test_the_charts_say_nothing_of_when_they_were_packed(self):
        packed = sorted(RELEASE.glob("*.tgz"))
        self.assertEqual(len(packed), len(list((ROOT / "charts").glob("*/Chart.yaml"))))
        for file in packed:
            self.assertEqual(file.read_bytes()[4:8], b"\0\0\0\0", file.name)
            with tarfile.open(file) as chart:
                entries = chart.getmembers()
            self.assertEqual({each.mtime for each in entries}, {self.epoch()}, file.name)
            self.assertEqual({(each.uid, each.gid, each.uname, each.gname) for each in entries}, {(0, 0, "", "")}, file.name)
            self.assertLessEqual({each.mode for each in entries}, {0o644, 0o755}, file.name)

    # --- SPDX 2.3 ------------------------------------------------------------------------------

    def test_the_document_has_what_spdx_asks_for(self):
        document = self.sbom
        self.assertEqual((document["spdxVersion"], document["dataLicense"], document["SPDXID"]), ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
        self.assertRegex(document["documentNamespace"], r"^https://[^#\s]+$")
        self.assertRegex(document["creationInfo"]["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        for each in document["creationInfo"]["creators"]:
            self.assertRegex(each, r"^(Tool|Organization|Person): \S")
        ids = [each["SPDXID"] for each in document["packages"]]
        self.assertEqual(len(ids), len(set(ids)))
        for each in document["packages"]:
            self.assertRegex(each["SPDXID"], r"^SPDXRef-[A-Za-z0-9.-]+$")
            for key in ("name", "versionInfo", "downloadLocation", "licenseConcluded", "licenseDeclared", "copyrightText", "supplier"):
                self.assertTrue(each[key], f"{each['name']}: {key}")
            self.assertIs(each["filesAnalyzed"], False)
        for each in document["relationships"]:
            self.assertLessEqual({each["spdxElementId"], each["relatedSpdxElement"]}, {"SPDXRef-DOCUMENT", *ids})
        described = [each["relatedSpdxElement"] for each in document["relationships"] if each["relationshipType"] == "DESCRIBES"]
        self.assertEqual(described, ["SPDXRef-falconer"])

    def test_every_licence_is_spdxs_or_explained(self):
        explained = {each["licenseId"] for each in self.sbom["hasExtractedLicensingInfos"]}
        known = re.compile(r"^(NOASSERTION|[A-Z0-9][A-Za-z0-9.-]*)$")
        declared = 0
        for each in self.sbom["packages"]:
            names = re.split(r"[\s()]+", each["licenseDeclared"])
            declared += each["licenseDeclared"] != "NOASSERTION"
            for name in filter(None, names):
                if name in ("AND", "OR"):
                    continue
                if name.startswith("LicenseRef-"):
                    self.assertRegex(name, r"^LicenseRef-[A-Za-z0-9.-]+$")
                    self.assertIn(name, explained)
                else:
                    self.assertRegex(name, known)
        self.assertGreater(declared, len(self.sbom["packages"]) / 2)

    def test_it_names_every_package_of_the_image_in_its_version(self):
        installed = {each["Package"]: each["Version"] for each in sbom.paragraphs(self.status)}
        self.assertGreater(len(installed), 60)
        for name, version in installed.items():
            self.assertEqual(self.packages[name]["versionInfo"], version, name)
        self.assertLessEqual(set(runtime_packages()), set(installed))

    def test_it_names_the_program_by_its_checksum_and_what_is_compiled_into_it(self):
        own = self.packages["falconer"]
        self.assertEqual(own["checksums"], [{"algorithm": "SHA256", "checksumValue": sum_of(self.program)}])
        self.assertEqual((own["versionInfo"], own["licenseDeclared"]), (VERSION, "Apache-2.0"))
        linked = {each["relatedSpdxElement"] for each in self.sbom["relationships"] if each["relationshipType"] == "STATIC_LINK"}
        self.assertEqual(linked, {"SPDXRef-libasio-dev", "SPDXRef-libboost1.81-dev", "SPDXRef-rapidjson-dev", "SPDXRef-libcli11-dev"})

    def test_debians_short_names_become_spdxs(self):
        for short, name in (("GPL-2+", "GPL-2.0-or-later"), ("LGPL-2.1", "LGPL-2.1-only"), ("Expat", "MIT"), ("GFDL-1.3+", "GFDL-1.3-or-later"), ("odd", "")):
            self.assertEqual(sbom.spdx_name(short), name)
        refs = {}
        text = "Format: x\n\nFiles: *\nLicense: GPL-2+ or Artistic\n text\n\nFiles: a\nLicense: Expat\n\nLicense: odd one\n"
        self.assertEqual(sbom.declared(text, refs), "(GPL-2.0-or-later OR Artistic-1.0-Perl) AND LicenseRef-Debian-odd-one AND MIT")
        self.assertEqual(refs, {"LicenseRef-Debian-odd-one": "odd one"})
        self.assertEqual(sbom.declared("Some prose.", refs), "NOASSERTION")

    # --- charts, objects -----------------------------------------------------------------------

    def test_every_chart_is_packed_whole_with_what_its_links_point_to(self):
        for chart in sorted((ROOT / "charts").glob("*/Chart.yaml")):
            made = yaml.safe_load(chart.read_text())
            with tarfile.open(RELEASE / f"{made['name']}-{VERSION}.tgz") as packed:
                files = {each.name: packed.extractfile(each).read() for each in packed if each.isfile()}
                self.assertFalse([each.name for each in packed if each.issym()])
            said = yaml.safe_load(files[f"{made['name']}/Chart.yaml"])
            self.assertEqual((said["version"], said["appVersion"]), (VERSION, VERSION))
            for file in chart.parent.rglob("*"):
                if file.is_file() and file.name != "Chart.yaml":
                    self.assertEqual(files[f"{made['name']}/{file.relative_to(chart.parent)}"], file.read_bytes(), file)

    def test_the_charts_are_of_the_programs_version(self):
        for chart in (ROOT / "charts").glob("*/Chart.yaml"):
            made = yaml.safe_load(chart.read_text())
            self.assertEqual((made["version"], made["appVersion"]), (VERSION, VERSION), chart)

    def test_the_objects_to_apply_are_there(self):
        for name in ("operator-extension.yaml", "controllerregistration.yaml", "falcoprofiles.yaml", "falcoprofile.yaml"):
            self.assertTrue(list(yaml.safe_load_all((RELEASE / name).read_text())), name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
