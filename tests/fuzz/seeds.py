"""Makes the seed corpus of a fuzz target: seeds.py TARGET SAMPLES DIRECTORY

Targets without seeds here (or in tests/samples/TARGET) begin with nothing.
"""
import pathlib
import shutil
import sys


def events(samples):
    for line in (samples / "events.ndjson").read_bytes().splitlines():
        yield line
    for body in sorted((samples / "poison").glob("*.body")):
        if body.stat().st_size < 8192:
            yield body.read_bytes()


def requests(_):
    post = b"POST /ingestor/api/v1/push HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer t\r\n"
    plain = post + b"Content-Length: 5\r\n\r\nhello"
    chunked = post + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=\"b\"\r\nlo\r\n0\r\nT: x\r\n\r\n"
    for message in (
        plain,
        chunked,
        plain + chunked + plain,
        b"GET /healthz HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"HEAD http://h/x?y=1 HTTP/1.1\r\nHost:h\r\nX:\t a b \r\n\r\n",
        post + b"Transfer-Encoding: chunked\r\n\r\n800;a=\"b\r\nnever closed",
        post + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        post + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        post + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        post + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        b"PUT / HTTP/1.1\nHost: h\n\n",
        b"\r\n\r\n" + plain,
        b"POST / HTTP/1.1\r\nHost: h\r\n folded: x\r\n\r\n",
    ):
        yield b"\x00" + message


def tokens(_):
    issuer = b'"iss":"urn:gardener:gardener-falco-extension"'
    yield b"\x00eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.AAAA"
    for header in (
        b'{"alg":"RS256","typ":"JWT","kid":"a"}',
        b'{"alg":"none"}',
        b'{"alg":"RS256","crit":["b64"],"b64":false,"jku":"https://h/","jwk":{"kty":"RSA"}}',
    ):
        yield b"\x01" + header
    for claims in (
        b'{"gardener-falco":{"cluster-identity":"c"},%s,"aud":["falco-db"],"exp":1795000001}',
        b'{"gardener-falco":{"cluster-identity":"c"},%s,"aud":"falco-db","exp":1795000000.5,"nbf":1,"jti":"j"}',
        b'{"sub":"shoot--p--n-\\u00e9\\ud83d\\ude00",%s,"iat":1794999999,"exp":1.7950001e9}',
        b'{"sub":"c",%s,"exp":1,"aud":[],"x":{"a.b":[null,true]}}',
    ):
        yield b"\x02" + claims % issuer


def keys(_):
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
        "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA"
        "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
        "kEgU8awapJzKnqDKgw"
    )  # the example of RFC 7638
    pem = (
        "-----BEGIN PUBLIC KEY-----\n"
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0vx7agoebGcQSuuPiLJX\n"
        "ZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS\n"
        "oc/BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ/2W+5JsGY4Hc5n9yBXArwl93lqt\n"
        "7/RN5w6Cf0h4QyQ5v+65YGjQR0/FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0\n"
        "zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt+bFTWhAI4vMQFh6WeZu0f\n"
        "M4lFd2NcRwr3XPksINHaQ+G/xBniIqbw0Ls1jF44+csFCur+kEgU8awapJzKnqDK\n"
        "gwIDAQAB\n-----END PUBLIC KEY-----\n"
    )
    indented = "".join(f"    {line}\n" for line in pem.splitlines())
    entry = f"  created: 2026-01-01T00:00:00Z\n  publicKey: |\n{indented}"
    jwk = f'{{"kty":"RSA","use":"sig","alg":"RS256","kid":"a","n":"{n}","e":"AQAB"}}'
    for text in (
        pem,
        pem.replace("PUBLIC", "RSA PRIVATE"),
        f"key_1:\n{entry}key_2:\n{entry}",
        f"key_1: {{publicKey: &a x, created: *a}}\n",
        f'{{"keys":[{jwk},{{"kty":"EC","crv":"P-256"}}]}}',
        f'{{"keys":[{jwk.replace("AQAB", "AQ")}]}}',
    ):
        yield text.encode()


def main():
    target, samples, directory = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    directory.mkdir(parents=True, exist_ok=True)
    make = {"event": events, "http": requests, "jwt": tokens, "keys": keys}.get(target)
    if make:
        for number, seed in enumerate(make(samples)):
            (directory / f"seed-{number:03}").write_bytes(seed)
    elif (samples / target).is_dir():
        for file in (samples / target).iterdir():
            shutil.copy(file, directory)


main()
