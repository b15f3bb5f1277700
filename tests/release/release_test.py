"""What scripts/release.sh has made, in build/release-artifacts (FALCONER_RELEASE): complete, and what it says of itself is true."""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = pathlib.Path(os.environ.get("FALCONER_RELEASE", ROOT / "build/release-artifacts"))
sys.path.insert(0, str(ROOT / "scripts/lib"))

import oci_archive  # noqa: E402
import sbom  # noqa: E402

VERSION = re.search(r"^project\(falconer VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(), re.M).group(1)


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
            layer = oci_archive.blob_of(image, manifest["layers"][0])
            with tarfile.open(fileobj=layer, mode="r:gz") as root:
                cls.names = root.getnames()
                cls.program = root.extractfile("./usr/local/bin/falconer").read()
                cls.status = root.extractfile("./var/lib/dpkg/status").read().decode()

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
        runtime = re.search(r'^runtime="([^"]*)"', (ROOT / "scripts/lib/packages.sh").read_text(), re.M).group(1).split()
        self.assertLessEqual(set(runtime), set(installed))

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
