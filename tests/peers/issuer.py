"""A small identity provider: OpenID Connect's code flow, as far as a console asks for it. Whoever comes is approved at once."""

import base64
import hashlib
import http.server
import json
import pathlib
import secrets
import shutil
import ssl
import tempfile
import threading
import time
import urllib.parse

import paths  # noqa: F401
import tokens


def text64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """`claims`: over the usual ones, of the next token. `ca`: what its certificate is trusted by."""

    def __init__(self, client="falconer", secret=None):
        self.client, self.secret, self.claims, self.algorithm = client, secret, {}, "RS256"
        self.codes = {}
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-issuer."))
        self.rotate()
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            @staticmethod
            def client_of(basic):
                """Who it is, and the secret; each is form-encoded. Source: RFC 6749 §2.3.1"""
                who, _, secret = base64.b64decode((basic or "").removeprefix("Basic ")).decode().partition(":")
                return urllib.parse.unquote_plus(who), urllib.parse.unquote_plus(secret)

            def log_message(self, *_):
                pass

            def answer(self, status, body, **fields):
                text = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                path, _, query = self.path.partition("?")
                if path == "/.well-known/openid-configuration":
                    self.answer(200, {"issuer": issuer.url, "authorization_endpoint": issuer.url + "/auth", "token_endpoint": issuer.url + "/token",
                                      "jwks_uri": issuer.url + "/keys", "id_token_signing_alg_values_supported": ["RS256"]})
                elif path == "/keys":
                    self.answer(200, {"keys": [issuer.jwk]})
                elif path == "/auth":
                    asked = dict(urllib.parse.parse_qsl(query))
                    code = secrets.token_urlsafe(16)
                    issuer.codes[code] = asked
                    back = urllib.parse.urlencode({"state": asked["state"], "code": code, "iss": issuer.url})
                    self.answer(303, {}, Location=f"{asked['redirect_uri']}?{back}")
                else:
                    self.answer(404, {})

            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                asked = issuer.codes.pop(form.get("code"), None)  # good once
                verifier = text64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
                if not asked or asked["code_challenge"] != verifier or asked["redirect_uri"] != form.get("redirect_uri"):
                    self.answer(400, {"error": "invalid_grant"})
                elif issuer.secret and self.client_of(self.headers["Authorization"]) != (issuer.client, issuer.secret):
                    self.answer(401, {"error": "invalid_client"})
                else:
                    self.answer(200, {"access_token": "x", "token_type": "Bearer", "id_token": issuer.token(nonce=asked["nonce"], aud=asked["client_id"])})

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        tokens.make_certificate(self.home)
        self.ca = self.home / "ca.crt"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.home / "server.crt", self.home / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def rotate(self):
        self.key = self.home / f"{secrets.token_hex(4)}.pem"
        self.key.write_bytes(tokens.openssl("genrsa", "2048"))
        said = tokens.openssl("rsa", "-in", str(self.key), "-noout", "-modulus").decode()
        modulus = bytes.fromhex(said.strip().partition("=")[2])
        self.jwk = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.key.stem, "n": text64(modulus), "e": "AQAB"}

    def token(self, **claims):
        now = int(time.time())
        body = {"iss": self.url, "sub": "anna", "email": "anna@example.com", "iat": now, "exp": now + 600, **claims, **self.claims}
        head = {"alg": self.algorithm, "kid": self.key.stem}
        text = ".".join(text64(json.dumps(each).encode()) for each in (head, body))
        signature = b"" if self.algorithm == "none" else tokens.openssl("dgst", "-sha256", "-sign", str(self.key), stdin=text.encode())
        return f"{text}.{text64(signature)}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        shutil.rmtree(self.home, ignore_errors=True)
