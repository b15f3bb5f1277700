"""`falconer rules pull` and the controller's source of rules against a real registry."""

import base64
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
import uuid

from registry import FILES, LAYER, MANIFEST, CONFIG, Registry, Site, artifact_of, digest, rules
import tokens  # where it is, registry knows
from testbed import FALCONER, ROOT

USER = ("puller", "s3cret")


def pull(*more, version="5.0.0", to):
    return subprocess.run([FALCONER, "rules", "pull", "--version", version, "--to", to, *more],
                          capture_output=True, text=True, timeout=120)


def layout(folder, version, artifacts=tuple(FILES)):
    """An OCI image layout, as a tool that mirrors images writes it."""
    entries = []
    for artifact in artifacts:
        blobs = artifact_of(artifact, rules(artifact, version))
        for each in blobs:
            file = folder / "blobs/sha256" / digest(each)[7:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(each)
        entries.append({"mediaType": MANIFEST, "digest": digest(blobs[2]), "size": len(blobs[2]), "annotations": {
            "org.opencontainers.image.ref.name": f"ghcr.io/falcosecurity/rules/{artifact}:{version}"}})
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))


class TokenServer:
    """Whoever is known may pull; its tokens are what the registry's own access controller checks."""

    def __init__(self, home):
        self.key = tokens.make_keys(home / "token-keys")
        certificate = home / "token.crt"
        certificate.write_bytes(tokens.openssl("req", "-x509", "-key", str(self.key), "-subj", "/CN=test tokens", "-days", "1"))
        self.chain = ["".join(certificate.read_text().splitlines()[1:-1])]
        self.site = Site(self.answer)
        self.auth = {"token": {"realm": f"{self.site.base}/token", "service": "test-registry", "issuer": "test",
                               "rootcertbundle": str(certificate)}}

    def make(self, repository, *actions):
        head = tokens.b64(json.dumps({"alg": "RS256", "typ": "JWT", "x5c": self.chain}).encode())
        now = int(time.time())
        claims = {"iss": "test", "sub": "x", "aud": "test-registry", "exp": now + 300, "nbf": now - 5, "iat": now - 5,
                  "jti": str(uuid.uuid4()), "access": [{"type": "repository", "name": repository, "actions": list(actions)}]}
        signed = head + b"." + tokens.b64(json.dumps(claims).encode())
        signature = tokens.openssl("dgst", "-sha256", "-sign", str(self.key), stdin=signed)
        return (signed + b"." + tokens.b64(signature)).decode()

    def answer(self, path, headers):
        wanted = "Basic " + base64.b64encode(":".join(USER).encode()).decode()
        query = urllib.parse.parse_qs(urllib.parse.urlparse(path).query)
        kind, repository, actions = query["scope"][0].split(":")
        if query["service"] != ["test-registry"] or kind != "repository" or actions != "pull":
            return 400, {}, b"{}"
        if headers.get("Authorization") != wanted:
            return 401, {}, b'{"errors": [{"code": "UNAUTHORIZED", "message": "who are you?"}]}'
        return 200, {}, json.dumps({"token": self.make(repository, "pull")}).encode()


class RulesPull(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="falconer-registry."))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.registry = Registry(cls.shared, "plain")
        cls.addClassCleanup(cls.registry.close)
        cls.digests = cls.registry.push_all("5.0.0")
        cls.source = f"{cls.registry.base}/falcosecurity/rules"

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-rules."))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.to = self.home / "rules"

    def pulled(self, *more, source=None, version="5.0.0"):
        done = pull("--from", source or self.source, *more, version=version, to=self.to)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def refused(self, *more, source=None, version="5.0.0", code=1):
        before = self.tree()
        done = pull("--from", source or self.source, *more, version=version, to=self.to)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(self.tree(), before, "a failing pull has left something")
        return done.stderr

    def tree(self):
        return {str(each.relative_to(self.to)): each.read_bytes() for each in self.to.rglob("*") if each.is_file()}

    def check_files(self, version="5.0.0"):
        for artifact, file in FILES.items():
            self.assertEqual((self.to / version / file).read_text(), rules(artifact, version))

    def test_a_version_is_pulled_and_a_second_pull_fetches_nothing(self):
        done = self.pulled()
        self.check_files()
        record = json.loads((self.to / "5.0.0/sources.json").read_text())
        self.assertEqual({each["artifact"]: each["manifest"] for each in record["files"]}, self.digests)
        for digest_ in self.digests.values():
            self.assertIn(digest_, done.stdout)
        asked = self.registry.said().count("/blobs/")
        again = self.pulled()
        self.assertIn("already", again.stdout)
        self.assertEqual(self.registry.said().count("/blobs/"), asked)
        self.assertGreater(asked, 0, "the registry does not say what it is asked for")
        # Without any registry, too.
        self.assertIn("already", self.pulled(source="http://127.0.0.1:1/nowhere").stdout)
        # What somebody has changed is noticed and mended.
        (self.to / "5.0.0/falco_rules.yaml").write_text("- list: evil\n")
        self.assertIn("is written", self.pulled().stdout)
        self.check_files()
        self.assertEqual(sorted(each.name for each in self.to.iterdir()), ["5.0.0"])

    def test_what_is_pulled_is_what_render_delivers(self):
        self.pulled()
        examples = ROOT / "config/examples"
        done = subprocess.run([FALCONER, "render", "--extension", examples / "extension.yaml", "--cluster", examples / "cluster.yaml",
                               "--profile", examples / "profile.yaml", "--rules", self.to], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("shells_of_falco_rules", done.stdout)

    def test_a_digest_is_met_or_the_pull_refused(self):
        good = self.digests["falco-rules"]
        bad = "sha256:" + "0" * 64
        self.assertIn(f"is {good}, not {bad} as pinned", self.refused("--digest", f"falco-rules={bad}"))
        self.assertIn("as pinned", self.refused("--digest", f"falco-sandbox-rules:5.0.0@{bad}"))
        self.assertIn("no digest", self.refused("--digest", "falco-rules=sha256:12", code=2))
        self.assertIn("another version", self.refused("--digest", f"falco-rules:4.0.0@{good}", code=2))
        self.pulled("--digest", f"falco-rules={good}")

    def test_a_tag_that_moves_is_not_believed(self):
        self.registry.push("falco-rules", "5.5.5", rules("falco-rules", "5.5.5"))
        self.pulled("--artifact", "falco-rules", version="5.5.5")
        (self.to / "5.5.5/falco_rules.yaml").write_text("- list: damaged\n")
        moved = self.registry.push("falco-rules", "5.5.5", "- list: moved\n  items: []\n")
        self.assertIn(f"falco-rules:5.5.5 is {moved}", self.refused("--artifact", "falco-rules", version="5.5.5"))
        self.pulled("--artifact", "falco-rules", "--digest", f"falco-rules={moved}", version="5.5.5")

    def test_an_index_is_followed(self):
        root = self.registry.push("falco-rules", "6.6.6", rules("falco-rules", "6.6.6"), as_index=True)
        self.pulled("--artifact", "falco-rules", "--digest", f"falco-rules={root}", version="6.6.6")
        self.assertEqual((self.to / "6.6.6/falco_rules.yaml").read_text(), rules("falco-rules", "6.6.6"))

    def test_what_is_not_there_is_told(self):
        self.assertIn("is answered 404 (MANIFEST_UNKNOWN", self.refused(version="9.9.9"))
        self.registry.push("falco-rules", "7.0.0", rules("falco-rules", "7.0.0"))
        done = self.pulled(version="7.0.0")
        self.assertIn("there is no falco-sandbox-rules of version 7.0.0", done.stderr)
        self.assertIn("no version", self.refused(version="latest", code=2))
        self.assertIn("neither an URL", self.refused(source=str(self.home / "nowhere"), code=2))

    def test_an_artifact_of_another_kind_or_with_a_hostile_layer_is_refused(self):
        repository = "falcosecurity/rules/falco-rules"
        def publish(version, layer, config_type=CONFIG):
            self.registry.push_blob(repository, b"{}")
            self.registry.push_blob(repository, layer)
            manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST,
                                   "config": {"mediaType": config_type, "digest": digest(b"{}"), "size": 2},
                                   "layers": [{"mediaType": LAYER, "digest": digest(layer), "size": len(layer)}]}).encode()
            self.registry.call("PUT", f"/v2/{repository}/manifests/{version}", manifest, MANIFEST)
        good = artifact_of("falco-rules", "[]")[1]
        cases = {"1.0.1": (gzip.compress(bytes(50 << 20)), CONFIG, "more than"),
                 "1.0.2": (b"no gzip, whatever it says", CONFIG, "not gzip"),
                 "1.0.3": (os.urandom(3 << 20), CONFIG, "more than"),
                 "1.0.4": (good, "application/vnd.cncf.falco.plugin.config.v1+json", "plugin"),
                 "1.0.5": (self.tar_with_link(), CONFIG, "no regular file")}
        for version, (layer, config_type, reason) in cases.items():
            publish(version, layer, config_type)
            self.assertIn(reason, self.refused(version=version))

    @staticmethod
    def tar_with_link():
        import io
        import tarfile
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            entry = tarfile.TarInfo("falco_rules.yaml")
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(entry)
        return packed.getvalue()

    # --- who, and over what --------------------------------------------------------------------

    def test_a_registry_that_wants_tokens(self):
        server = TokenServer(self.home)
        self.addCleanup(server.site.close)
        registry = Registry(self.home, "guarded", auth=server.auth)
        self.addCleanup(registry.close)
        for artifact in FILES:
            registry.token = server.make(f"falcosecurity/rules/{artifact}", "pull", "push")
            registry.push(artifact, "5.0.0", rules(artifact, "5.0.0"))
        source = f"{registry.base}/falcosecurity/rules"
        self.assertIn("who are you?", self.refused(source=source))
        auth = base64.b64encode(":".join(USER).encode()).decode()
        for name, content in {"good": {f"127.0.0.1:{registry.port}": {"auth": auth}},
                              "other": {"ghcr.io": {"auth": auth}}}.items():
            (self.home / f"{name}.json").write_text(json.dumps({"auths": content}))
        self.assertIn("401", self.refused("--credentials", self.home / "other.json", source=source))
        self.assertIn("No such file", self.refused("--credentials", self.home / "none.json", source=source, code=2))
        done = self.pulled("--credentials", self.home / "good.json", source=source)
        self.check_files()
        self.assertNotIn(USER[1], done.stdout + done.stderr + json.dumps([str(each) for each in self.tree()]))

    def test_a_mirror_over_tls_with_an_authority_of_its_own(self):
        tokens.make_certificate(self.home)
        registry = Registry(self.home, "mirror", tls=self.home)
        self.addCleanup(registry.close)
        registry.push_all("5.0.0", "mirrors/ghcr.io/falcosecurity/rules")
        source = f"{registry.base}/mirrors/ghcr.io/falcosecurity/rules"
        self.assertRegex(self.refused(source=source), "certificate")
        self.pulled("--ca-file", self.home / "ca.crt", source=source)
        self.check_files()
        # The content is the same wherever it comes from.
        record = json.loads((self.to / "5.0.0/sources.json").read_text())
        self.assertEqual({each["artifact"]: each["manifest"] for each in record["files"]}, self.digests)

    def test_blobs_behind_a_redirection_are_fetched_without_our_credentials(self):
        storage = self.home / "redirecting-storage"
        cdn = Site(lambda path, headers: (200, {}, (storage / urllib.parse.unquote(path.split("?")[0]).lstrip("/")).read_bytes()))
        self.addCleanup(cdn.close)
        server = TokenServer(self.home)
        self.addCleanup(server.site.close)
        registry = Registry(self.home, "redirecting", auth=server.auth, middleware={
            "storage": [{"name": "redirect", "options": {"baseurl": cdn.base}}]})
        self.addCleanup(registry.close)
        for artifact in FILES:
            registry.token = server.make(f"falcosecurity/rules/{artifact}", "pull", "push")
            registry.push(artifact, "5.0.0", rules(artifact, "5.0.0"))
        auth = base64.b64encode(":".join(USER).encode()).decode()
        (self.home / "auth.json").write_text(json.dumps({"auths": {f"127.0.0.1:{registry.port}": {"auth": auth}}}))
        self.pulled("--credentials", self.home / "auth.json", source=f"{registry.base}/falcosecurity/rules")
        self.check_files()
        self.assertEqual(len(cdn.asked), 3)
        for path, headers in cdn.asked:
            self.assertNotIn("Authorization", headers, path)

    def test_plain_http_stays_on_this_machine(self):
        self.assertIn("plain HTTP", self.refused(source="http://registry.example.com/rules", code=2))

    def test_what_ends_in_the_middle_leaves_the_last_good_set(self):
        self.pulled()
        for artifact in FILES:
            self.registry.push(artifact, "5.0.1", rules(artifact, "5.0.1"))
        cut = ["sandbox"]

        def relay(path, headers):
            request = urllib.request.Request(self.registry.base + path, headers={"Accept": headers.get("Accept", "*/*")})
            with urllib.request.urlopen(request, timeout=30) as answer:
                body, kind = answer.read(), answer.headers["Content-Type"]
            if cut and cut[0] in path and "/blobs/" in path:
                return 200, {"Content-Type": kind, "Content-Length": str(len(body))}, body[:len(body) // 2]
            if "lie" in cut and "/blobs/" in path:
                return 200, {"Content-Type": kind}, body[:-1] + b"x"
            return 200, {"Content-Type": kind}, body

        site = Site(relay)
        self.addCleanup(site.close)
        source = f"{site.base}/falcosecurity/rules"
        self.refused(source=source, version="5.0.1")
        cut[:] = ["lie"]
        self.assertIn("the layer of", self.refused(source=source, version="5.0.1"))
        cut.clear()
        self.pulled(source=source, version="5.0.1")
        self.check_files("5.0.0")
        self.check_files("5.0.1")

    # --- without a network ---------------------------------------------------------------------

    def test_from_an_image_layout(self):
        folder = self.home / "layout"
        layout(folder, "5.0.0")
        self.pulled("--digest", f"falco-rules={digest(artifact_of('falco-rules', rules('falco-rules', '5.0.0'))[2])}",
                    source=str(folder))
        self.check_files()
        blob = next(each for each in (folder / "blobs/sha256").iterdir() if each.read_bytes()[:2] == b"\x1f\x8b")
        blob.write_bytes(blob.read_bytes()[:-1] + b"x")
        shutil.rmtree(self.to)
        self.assertIn("not sha256:", self.refused(source=str(folder)))

    def test_from_a_folder_that_was_pulled_elsewhere(self):
        self.pulled()
        carried = self.home / "carried"
        self.to.rename(carried)
        self.pulled("--digest", f"falco-rules={self.digests['falco-rules']}", source=str(carried))
        self.check_files()
        shutil.rmtree(self.to)
        (carried / "5.0.0/falco_rules.yaml").write_text("- list: changed_on_the_way\n")
        self.assertIn("falco_rules.yaml is sha256:", self.refused(source=str(carried)))

    def test_what_was_not_pulled_is_left_alone(self):
        (self.to / "5.0.0").mkdir(parents=True)
        (self.to / "5.0.0/falco_rules.yaml").write_text("- list: mine\n")
        self.assertIn("was not pulled", self.refused())


if __name__ == "__main__":
    unittest.main()
