"""RS256 keys and tokens for tests and load tests, made with the openssl program.

    python3 tests/support/tokens.py FOLDER COUNT     private.pem, public.pem, keys.yaml, tokens.txt

keys.yaml is the Go ingestor's keys file. The clusters look like shoots.
"""
import base64
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import time
import uuid

ISSUER = "urn:gardener:gardener-falco-extension"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def openssl(*arguments, stdin=None):
    return subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=True).stdout


def make_keys(folder):
    """Writes private.pem, public.pem and keys.yaml. Returns the private key's path."""
    folder = pathlib.Path(folder)
    os.makedirs(folder, exist_ok=True)
    private = folder / "private.pem"
    private.write_bytes(openssl("genrsa", "2048"))
    (folder / "public.pem").write_bytes(openssl("rsa", "-in", str(private), "-pubout"))
    write_keys_file(private, folder / "keys.yaml")
    return private


def write_keys_file(private, path):
    """The Go ingestor's keys file: the same key twice, as it insists on two."""
    public = openssl("rsa", "-in", str(private), "-pubout").decode()
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    indented = "".join(f"    {line}\n" for line in public.splitlines())
    pathlib.Path(path).write_text(
        "".join(f"{name}:\n  created: {created}\n  publicKey: |\n{indented}" for name in ("key_1", "key_2")))


def token(private, cluster, lifetime=7 * 86400, audience="falco-db"):
    """A token of the central profile for `cluster`. `lifetime` in seconds, negative: expired."""
    head = b64(b'{"alg":"RS256","typ":"JWT"}')
    claims = {
        "iss": ISSUER,
        "aud": [audience],
        "exp": int(time.time()) + lifetime,
        "gardener-falco": {"cluster-identity": cluster},
    }
    signed = head + b"." + b64(json.dumps(claims).encode())
    signature = openssl("dgst", "-sha256", "-sign", str(private), stdin=signed)
    return (signed + b"." + b64(signature)).decode()


def shoot(number, project="load"):
    """A cluster identity as Gardener makes them."""
    return f"shoot--{project}--c{number:04d}-{uuid.uuid5(uuid.NAMESPACE_OID, f'{project}{number}')}-local"


def write_tokens(private, clusters, path):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        tokens = list(pool.map(lambda cluster: token(private, cluster), clusters))
    pathlib.Path(path).write_text("".join(t + "\n" for t in tokens))


def make_certificate(folder, name="server"):
    """ca.crt, NAME.crt and NAME.key for 127.0.0.1, ::1 and localhost, valid for a day."""
    folder = pathlib.Path(folder)
    os.makedirs(folder, exist_ok=True)
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    if not (folder / "ca.crt").exists():
        openssl("req", "-x509", *new_key, "-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.crt"),
                "-subj", "/CN=test ca", "-days", "1", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    request = openssl("req", "-new", *new_key, "-keyout", str(folder / f"{name}.key"), "-subj", f"/CN={name}")
    extensions = folder / f"{name}.ext"
    extensions.write_text("subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost\nextendedKeyUsage=serverAuth\n")
    (folder / f"{name}.crt").write_bytes(
        openssl("x509", "-req", "-CA", str(folder / "ca.crt"), "-CAkey", str(folder / "ca.key"),
                "-CAcreateserial", "-days", "1", "-extfile", str(extensions), stdin=request))
    extensions.unlink()


if __name__ == "__main__":
    where, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    write_tokens(make_keys(where), [shoot(i) for i in range(count)], where / "tokens.txt")
