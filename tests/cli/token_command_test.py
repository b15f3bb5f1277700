"""falconer token against the openssl program and Python's own reading of JSON and base64.

    python3 tests/cli/token_command_test.py FALCONER
"""
import base64
import hashlib
import hmac
import json
import pathlib
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import tokens  # noqa: E402

FALCONER = ""
NOW = "2026-06-01T00:00:00Z"
SECOND = 1780272000
CLUSTER = "shoot--demo--a-0a1b2c3d-1111-2222-3333-444455556666-landscape"


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def openssl(*arguments, stdin=None):
    return subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, timeout=120)


class TokenCommand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder_owner = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.folder_owner.name)
        cls.key = cls.folder / "key.pem"
        cls.other = cls.folder / "other.pem"
        for path in (cls.key, cls.other):
            cls.answer("keygen", "--bits", "2048", "--out", str(path))
        cls.keys = cls.folder / "keys.yaml"
        cls.keys.write_text(cls.answer("keys", "--key", str(cls.key)))
        cls.token = cls.answer("issue", "--key", str(cls.key), "--cluster", CLUSTER, "--now", NOW).strip()

    @classmethod
    def tearDownClass(cls):
        cls.folder_owner.cleanup()

    @staticmethod
    def run_it(*arguments, stdin=b""):
        return subprocess.run([FALCONER, "token", *arguments], input=stdin, capture_output=True, timeout=120)

    @classmethod
    def answer(cls, *arguments, stdin=b""):
        done = cls.run_it(*arguments, stdin=stdin)
        assert done.returncode == 0, (arguments, done)
        return done.stdout.decode()

    def verify(self, token, keys=None, now=NOW):
        if isinstance(token, str):
            token = token.encode()
        return self.run_it("verify", "--keys", str(keys or self.keys), "--now", now, stdin=token)

    def assert_refused(self, token, why, **how):
        done = self.verify(token, **how)
        self.assertEqual((done.returncode, done.stdout), (1, b""), done)
        self.assertIn(b"refused: " + why.encode() + b"\n", done.stderr)

    def signed(self, claims, header=None, key=None):
        """Any token, well signed: by openssl, not by us."""
        head = header if header is not None else {"alg": "RS256", "typ": "JWT"}
        parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (head, claims)]
        text = b".".join(tokens.b64(part) for part in parts)
        signature = openssl("dgst", "-sha256", "-sign", str(key or self.key), stdin=text).stdout
        return (text + b"." + tokens.b64(signature)).decode()

    def claims(self, **changes):
        all_claims = {
            "iss": tokens.ISSUER,
            "aud": ["falco-db"],
            "exp": SECOND + 3600,
            "gardener-falco": {"cluster-identity": CLUSTER},
        }
        all_claims.update(changes)
        return {name: value for name, value in all_claims.items() if value is not None}

    # --- keys ---------------------------------------------------------------------------------

    def test_keygen_makes_a_pkcs1_key_for_its_owner_only_and_never_overwrites(self):
        pem = self.key.read_text()
        self.assertTrue(pem.startswith("-----BEGIN RSA PRIVATE KEY-----\n"))
        self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)
        self.assertEqual(openssl("rsa", "-in", str(self.key), "-check", "-noout").returncode, 0)
        again = self.run_it("keygen", "--out", str(self.key))
        self.assertEqual(again.returncode, 1)
        self.assertIn(b"key.pem", again.stderr)
        self.assertEqual(self.key.read_text(), pem)

    def test_keygen_prints_keys_of_the_size_asked_for(self):
        for bits in ("2048", "3072"):
            text = openssl("rsa", "-noout", "-text", stdin=self.answer("keygen", "--bits", bits).encode()).stdout
            self.assertIn(f"({bits} bit".encode(), text)
        self.assertEqual(self.run_it("keygen", "--bits", "1024").returncode, 2)

    def test_the_go_ingestors_keys_file_holds_two_keys_that_openssl_reads(self):
        public = openssl("rsa", "-in", str(self.key), "-pubout").stdout.decode()
        indented = "".join(f"    {line}\n" for line in public.splitlines())
        self.assertEqual(self.keys.read_text().count(indented), 2, "the Go ingestor insists on two")
        both = self.answer("keys", "--key", str(self.key), "--key", str(self.other))
        self.assertEqual(both.count(indented), 1)
        self.assertEqual([line for line in both.splitlines() if line.startswith("key_")], ["key_1:", "key_2:"])
        three = self.run_it("keys", *["--key", str(self.key)] * 3)
        self.assertEqual((three.returncode, three.stdout), (2, b""))

    def test_a_jwks_holds_modulus_exponent_and_thumbprint(self):
        document = json.loads(self.answer("keys", "--key", str(self.key), "--key", str(self.other), "--format", "jwks"))
        self.assertEqual(len(document["keys"]), 2)
        jwk = document["keys"][0]
        modulus = openssl("rsa", "-in", str(self.key), "-noout", "-modulus").stdout.decode().strip()
        self.assertEqual(unb64(jwk["n"]).hex().upper(), modulus.removeprefix("Modulus="))
        self.assertEqual(int.from_bytes(unb64(jwk["e"]), "big"), 65537)
        members = json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
        self.assertEqual(unb64(jwk["kid"]), hashlib.sha256(members.encode()).digest(), "RFC 7638")
        self.assertEqual((jwk["kty"], jwk["use"], jwk["alg"]), ("RSA", "sig", "RS256"))
        self.assertEqual(set(jwk), {"kty", "use", "alg", "kid", "n", "e"}, "nothing of the private key")

    def test_every_document_of_keys_verifies(self):
        jwks = self.folder / "keys.json"
        jwks.write_text(self.answer("keys", "--key", str(self.key), "--format", "jwks"))
        theirs = self.folder / "theirs.yaml"
        tokens.write_keys_file(self.key, theirs)
        pkcs8 = self.folder / "pkcs8.pem"
        pkcs8.write_bytes(openssl("pkcs8", "-topk8", "-nocrypt", "-in", str(self.key)).stdout)
        from_pkcs8 = self.folder / "pkcs8.yaml"
        from_pkcs8.write_text(self.answer("keys", "--key", str(pkcs8)))
        for document in (self.keys, jwks, theirs, from_pkcs8):
            done = self.verify(self.token, keys=document)
            self.assertEqual(done.returncode, 0, (document, done.stderr))

    # --- tokens -------------------------------------------------------------------------------

    def test_openssl_agrees_with_the_signature_of_what_is_issued(self):
        text, _, signature = self.token.rpartition(".")
        (self.folder / "signature").write_bytes(unb64(signature))
        (self.folder / "public.pem").write_bytes(openssl("rsa", "-in", str(self.key), "-pubout").stdout)
        done = openssl("dgst", "-sha256", "-verify", str(self.folder / "public.pem"), "-signature",
                       str(self.folder / "signature"), stdin=text.encode())
        self.assertEqual(done.stdout, b"Verified OK\n")
        self.assertNotIn("=", self.token)

    def test_the_central_profile_has_todays_claims_and_ours(self):
        header, claims = (json.loads(unb64(part)) for part in self.token.split(".")[:2])
        jwk = json.loads(self.answer("keys", "--key", str(self.key), "--format", "jwks"))["keys"][0]
        self.assertEqual(header, {"alg": "RS256", "typ": "JWT", "kid": jwk["kid"]})
        self.assertRegex(claims.pop("jti"), "^[0-9a-f-]{36}$")
        audience = claims.pop("aud")
        self.assertIn("falco-db", audience if isinstance(audience, list) else [audience])
        self.assertEqual(claims, {
            "gardener-falco": {"cluster-identity": CLUSTER}, "iss": tokens.ISSUER, "sub": CLUSTER,
            "iat": SECOND, "nbf": SECOND, "exp": SECOND + 7 * 86400})

    def test_the_cluster_identity_profile_has_a_subject_and_no_audience(self):
        token = self.answer("issue", "--key", str(self.key), "--cluster", CLUSTER, "--profile", "cluster-identity",
                            "--lifetime", "1h30m", "--now", NOW).strip()
        claims = json.loads(unb64(token.split(".")[1]))
        self.assertEqual((claims["sub"], claims["iss"]), (CLUSTER, tokens.ISSUER))
        self.assertEqual((claims["iat"], claims["exp"]), (SECOND, SECOND + 5400))
        self.assertNotIn("aud", claims)
        self.assertNotIn("gardener-falco", claims)
        self.assertEqual(json.loads(self.verify(token).stdout), claims)

    def test_without_now_the_clock_counts(self):
        token = self.answer("issue", "--key", str(self.key), "--cluster", CLUSTER)
        claims = json.loads(self.answer("verify", "--keys", str(self.keys), stdin=token.encode()))
        self.assertLess(abs(claims["iat"] - time.time()), 300)

    def test_verify_prints_the_claims_of_todays_tokens(self):
        for claims in (
            self.claims(),
            self.claims(aud="falco-db"),
            self.claims(aud=["x", "falco-db"]),
            self.claims(exp=SECOND + 0.5),
            self.claims(**{"gardener-falco": None}, aud=None, sub=CLUSTER, iat=SECOND),
        ):
            done = self.verify(self.signed(claims))
            self.assertEqual((done.returncode, json.loads(done.stdout or b"null")), (0, claims), done.stderr)
        done = self.verify(b"\n".join([self.token.encode(), b""]))
        self.assertEqual(done.returncode, 0, "a newline at the end is the shell's")

    def test_forged_tokens_are_refused(self):
        head, claims, signature = self.token.split(".")
        none = tokens.b64(b'{"alg":"none"}').decode()
        hs256 = tokens.b64(b'{"alg":"HS256","typ":"JWT"}').decode()
        public = openssl("rsa", "-in", str(self.key), "-pubout").stdout
        mac = tokens.b64(hmac.new(public, f"{hs256}.{claims}".encode(), "sha256").digest()).decode()
        for token, why in (
            (f"{none}.{claims}.", "algorithm"),
            (f"{none}.{claims}.{signature}", "algorithm"),
            (f"{hs256}.{claims}.{mac}", "algorithm"),
            (f"{head}.{claims}.{mac}", "signature"),
            (f"{head}.{claims}.{signature[:336]}", "signature"),
            (f"{head}.{claims}.", "signature"),
            (f"{head}.{claims}", "malformed"),
            (f"{head}.{claims}.{signature}.", "malformed"),
            (f"{head}..{claims}.{signature}", "malformed"),
            (f"{head}.{claims}.{signature}==", "malformed"),
            ("", "malformed"),
            ("..", "malformed"),
            (self.token.encode() + b"\0", "malformed"),
            (self.token[:50].encode() + b"\0" + self.token[50:].encode(), "malformed"),
            ("a" * 1_000_000, "malformed"),
            (self.token + "A" * 1_000_000, "malformed"),
            (self.signed(self.claims(), key=self.other), "signature"),
        ):
            with self.subTest(token=token[:60]):
                self.assert_refused(token, why)

    def test_a_kid_opens_no_file_and_no_database(self):
        for kid in ("../../x", "/dev/random", "' OR '1'='1", "http://127.0.0.1:1/", "x" * 1000, "\0"):
            with self.subTest(kid=kid):
                header = {"alg": "RS256", "kid": kid}
                self.assertEqual(self.verify(self.signed(self.claims(), header)).returncode, 0)
                self.assert_refused(self.signed(self.claims(), header, self.other), "signature")

    def test_claims_of_the_wrong_shape_are_refused(self):
        falco = "gardener-falco"
        for claims, why in (
            (self.claims(exp=None), "malformed"),
            (self.claims(exp=str(SECOND + 60)), "malformed"),
            (self.claims(exp=-1), "malformed"),
            (self.claims(exp=10**40), "malformed"),
            (self.claims(iat="now"), "malformed"),
            (self.claims(aud=["x"]), "audience"),
            (self.claims(aud="falco-db "), "audience"),
            (self.claims(aud=None), "audience"),
            (self.claims(iss="urn:other"), "issuer"),
            (self.claims(iss=None), "issuer"),
            (self.claims(**{falco: "x"}), "cluster"),
            (self.claims(**{falco: {"cluster-identity": "a\0b"}}), "cluster"),
            (self.claims(**{falco: {"cluster-identity": "x" * 513}}), "cluster"),
            (json.dumps(self.claims())[:-1].encode() + b',"iss":"x"}', "malformed"),
            (json.dumps(self.claims()).encode() + b"\0{}", "malformed"),
            (json.dumps(self.claims()).encode() + b"{}", "malformed"),
            (b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}", "malformed"),
            (b"[]", "malformed"),
            (b"\xff", "malformed"),
        ):
            with self.subTest(claims=str(claims)[:80]):
                self.assert_refused(self.signed(claims), why)

    def test_a_minute_of_leeway(self):
        token = self.signed(self.claims(exp=SECOND, nbf=SECOND - 600, iat=SECOND - 600))
        self.assertEqual(self.verify(token, now="2026-06-01T00:00:59Z").returncode, 0)
        self.assert_refused(token, "expired", now="2026-06-01T00:01:00Z")
        self.assertEqual(self.verify(token, now="2026-05-31T23:49:00Z").returncode, 0)
        self.assert_refused(token, "not_yet_valid", now="2026-05-31T23:48:59Z")
        self.assertIn(CLUSTER.encode(), self.verify(token, now="2026-06-02T00:00:00Z").stderr, "whose it was")

    # --- wrong usage --------------------------------------------------------------------------

    def test_wrong_usage_is_exit_2_with_one_line_why_and_nothing_on_standard_output(self):
        empty = self.folder / "empty"
        empty.write_text("")
        certificate = tokens.make_certificate(self.folder) or self.folder / "server.crt"
        elliptic = self.folder / "elliptic.pem"
        elliptic.write_bytes(openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout").stdout)
        small = self.folder / "small.pem"
        small.write_bytes(openssl("genrsa", "-traditional", "1024").stdout)
        missing = self.folder / "missing"
        issue = ["issue", "--cluster", CLUSTER, "--key"]
        for arguments, why in (
            ([*issue, str(missing)], "missing"),
            ([*issue, str(empty)], "private key"),
            ([*issue, str(self.keys)], "private key"),
            ([*issue, str(elliptic)], "RSA"),
            ([*issue, str(small)], "1024 bits"),
            ([*issue, str(self.key), "--lifetime", "7d"], "--lifetime"),
            ([*issue, str(self.key), "--lifetime", "0s"], "--lifetime"),
            ([*issue, str(self.key), "--lifetime=-1h"], "--lifetime"),
            ([*issue, str(self.key), "--now", "yesterday"], "--now"),
            (["issue", "--key", str(self.key), "--cluster", ""], "--cluster"),
            (["issue", "--key", str(self.key), "--cluster", "a\nb"], "--cluster"),
            (["issue", "--key", str(self.key), "--cluster", b"a\xff"], "--cluster"),
            (["issue", "--key", str(self.key), "--cluster", "x" * 513], "--cluster"),
            (["issue", "--key", str(self.key)], "--cluster"),
            ([*issue, str(self.key), "--profile", "other"], "--profile"),
            (["keys", "--key", str(self.key), "--format", "pem"], "--format"),
            (["keys"], "--key"),
            (["verify"], "--keys"),
            (["verify", "--keys", str(missing)], "missing"),
            (["verify", "--keys", str(empty)], "is empty"),
            (["verify", "--keys", str(self.folder)], "is a directory"),
            (["verify", "--keys", str(self.key)], "private key"),
            (["verify", "--keys", str(certificate)], "certificate"),
            (["verify", "--keys", str(elliptic)], "private key"),
            ([], "a command is needed"),
        ):
            with self.subTest(arguments=arguments):
                done = self.run_it(*arguments, stdin=self.token.encode())
                self.assertEqual((done.returncode, done.stdout), (2, b""), done)
                self.assertIn(why.encode(), done.stderr)
                self.assertNotIn(b"PRIVATE KEY-----", done.stderr)

    def test_every_help_has_an_example_that_begins_with_the_command(self):
        for command in ("keygen", "keys", "issue", "verify"):
            self.assertIn(f"Example:\n  falconer token {command} ", self.answer(command, "--help"))


if __name__ == "__main__":
    FALCONER = sys.argv.pop(1)
    unittest.main()
