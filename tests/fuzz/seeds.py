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
        post + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        post + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        post + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        post + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        b"PUT / HTTP/1.1\nHost: h\n\n",
        b"\r\n\r\n" + plain,
        b"POST / HTTP/1.1\r\nHost: h\r\n folded: x\r\n\r\n",
    ):
        yield b"\x00" + message


def main():
    target, samples, directory = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    directory.mkdir(parents=True, exist_ok=True)
    make = {"event": events, "http": requests}.get(target)
    if make:
        for number, seed in enumerate(make(samples)):
            (directory / f"seed-{number:03}").write_bytes(seed)
    elif (samples / target).is_dir():
        for file in (samples / target).iterdir():
            shutil.copy(file, directory)


main()
