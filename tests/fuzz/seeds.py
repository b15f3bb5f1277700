"""Makes the seed corpus of a fuzz target: seeds.py TARGET SAMPLES DIRECTORY

Targets without seeds here (or in tests/samples/TARGET) begin with nothing.
"""
import base64
import gzip
import io
import pathlib
import random
import re
import shutil
import sys
import tarfile


def events(samples):
    for line in (samples / "events.ndjson").read_bytes().splitlines():
        yield line
    for body in sorted((samples / "poison").glob("*.body")):
        if body.stat().st_size < 8192:
            yield body.read_bytes()
    yield b'{"rule":"\xe3\x81'  # was read beyond its end


def spools(_):
    """What is written, bent and cut comes from the input's bytes: any will do."""
    chance = random.Random(7)
    for length in (0, 1, 2, 7, 64, 500, 4000):
        for _ in range(8):
            yield chance.randbytes(length)


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


def peers(_):
    sender = b'"version":1,"reign":"5b0e","began":1767225600000,"number":3'
    to = b'{"to":"shoot--a--b-0b8f-landscape","kind":"'
    at = b'"2026-01-01T00:00:00Z"'
    messages = (
        to + b'tokens_revoked","issuedBefore":' + at + b"}",
        to + b'budget_changed","eventsPerDay":18446744073709551615}',
        to + b'quota_settled","ordinaryLeft":-3.25,"urgentLeft":1e300,"samples":1,"ordinarySpent":2,"urgentSpent":3,"samplesSpent":4}',
        to + b'token_rotated","issued":' + at + b',"colour":{"of":[1]}}',
        to + b'heartbeat_expected","key":"a2V5"}',
        to + b'heartbeat_expected","key":null}',
        to + b'cluster_gone"}',
        to + b'heartbeat_seen","at":"9999-12-31T23:59:60Z"}',
        to + b'tokens_refused","issuedBefore":"1970-01-01T00:00:00.000000001Z"}',
        to + b'quota_changed","spent":true}',
        to + b'sight_changed","reason":30,"since":' + at + b"}",
        to + b'heartbeat_expected","key":null,"asleep":true}',
        to + b'heartbeat_changed","silentSince":' + at + b"}",
        to + b'colour_changed"}',
        b'{"to":"","kind":"cluster_gone"}',
        b'{"to":"a\\u0000b","kind":"cluster_gone"}',
        b"17",
    )
    yield from messages
    all_of_them = b",".join(messages)
    yield b"{" + sender + b',"after":5,"upto":9,"messages":[' + all_of_them + b"]}"
    yield b"{" + sender + b',"waitMs":20000,"cursors":{"one":0,"other":9007199254740993}}'
    yield (
        b'{"version":1,"by":"5b0e","applied":9,"reset":true,"more":false,"upto":7,"messages":[' + all_of_them
        + b'],"refused":[{"to":"c","why":"foreign"},17],"unknown":["colour_changed",null]}'
    )
    yield b'{"version":1,"why":"an older reign","newest":1767225600000}'
    yield b'{"version":2}'
    yield b"{" + sender + b',"after":9,"upto":5}'
    yield b"<html>\n502 Bad Gateway</html>"


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


def service_configs(_):
    header = b'"apiVersion":"falco.extensions.gardener.cloud/v1alpha1","kind":"FalcoServiceConfig"'
    for fields in (
        b"",
        b',"falcoVersion":"0.42.1","autoUpdate":false,"heartbeatEvent":true,"nodeSelector":{"a":"b"}',
        b',"tolerations":[{"key":"a","operator":"Exists","tolerationSeconds":30}]',
        b',"falcoConfig":{"resources":{"requests":{"cpu":"100m"},"limits":{"memory":"1Gi"}}}',
        b',"rules":{"standard":["falco-rules"],"custom":[{"resourceName":"a"},{"shootConfigMap":"b"}]}',
        b',"destinations":[{"name":"custom","enabled":true,"resourceSecretName":"s"}]',
        b',"resources":"falcoctl","falcoctl":{"indexes":[{"name":"a","url":"u"}],"follow":{"every":"6h"}}',
        b',"falcoAutoUpdate":true,"gardener":{"useFalcoRules":true,"ruleRefs":[{"ref":"a"}]}',
        b',"plugins":[{"name":"json"},{"name":"k8smeta","initConfig":{"collectorHostname":"c","deep":[{"a":1}]}}]',
        b',"gardener":{"useGardenerDetections":true,"plugins":[{"name":"json","initConfig":{}}]}',
        b',"customWebhook":{"enabled":true,"address":"https://h/","customHeaders":{"a":"b"},"checkCerts":false}',
    ):
        yield b"\x00{" + header + fields + b"}"


def rules(samples):
    yield b"- list:, d-tools, gdb\0\n"  # yaml-cpp's message had a line's end in it
    yield b","  # endless documents to yaml-cpp
    source = samples.parents[1]
    texts = [
        (source / "config/rules/demo/5.1.0/falco_rules.yaml").read_text(),
        (source / "config/rules/gardener_exceptions.yaml").read_text(),
        (samples / "rules/custom_rules.yaml").read_text(),
    ]
    for text in texts:
        yield text.encode()
        # Entry by entry: small ones mutate better.
        for entry in text.split("\n- "):
            yield f"- {entry.removeprefix('- ')}".encode()
    for condition in (
        "not not (a or b) and not(c)", "proc.aname[2] in (a, 'b c', \"d\") or fd.types[0] exists", "tolower(basename(proc.name)) = val(proc.pname)",
        "proc.name endswith anyof (a, b)", "fd.snet in (10.0.0.0/8) and evt.num=0", "evt.type in (open) and evt.type in (close)",
    ):
        yield f"- macro: m\n  condition: {condition}\n- rule: r\n  desc: d\n  condition: m\n  output: a %proc.name\n  priority: INFO\n".encode()
    yield b"- &a {list: l, items: [a]}\n- *a\n--- \n- macro: m\n  condition: m\n"


def profiles(samples):
    text = (samples.parents[1] / "config/examples/profile.yaml").read_bytes()
    yield text
    yield (samples.parents[1] / "config/examples/plugins-profile.yaml").read_bytes()
    yield text + b"---\n" + text.replace(b"name: falco\n", b"name: another\n").replace(b"supported", b"deprecated")
    head = b"apiVersion: falco.gardener.cloud/v1alpha1\nkind: FalcoProfile\nmetadata: {name: p}\nspec: "
    for spec in (
        b"{versions: {falco: [{version: 0.42.1, classification: supported, rulesVersion: 5.0.0, expirationDate: '2026-07-31T23:59:59'}]}}",
        b"{versions: {falco: [{version: v1, classification: unsupported, rulesVersion: 5}], falcosidekik: []}}",
        b"{versions: {falco: [{version: 1.0.0-rc.1+b, classification: preview, rulesVersion: 1.0.0}, {version: 1.0.0-rc.1, classification: supported, rulesVersion: 1.0.0}]}}",
        b"{images: {falco: [{version: 0.42.1, repository: r, tag: 'sha256:ab'}], falcoctl: [{version: 9.9.9, repository: r}]}}",
    ):
        yield head + spec + b"\n"


def configurations(samples):
    examples = samples.parents[1] / "config/examples"
    whole = (examples / "falconer.yaml").read_text()
    yield whole.encode()
    # With every option that stands there as a comment, and section by section: small ones mutate better.
    full = "".join(line.replace("# ", "", 1) if ": " in line and line.lstrip().startswith("# ") else line for line in whole.splitlines(keepends=True))
    yield full.encode()
    head, *sections = re.split(r"\n(?=[a-z]+:\n)", whole)
    for section in sections:
        yield f"{head}\n{section}".encode()
    yield (examples / "reviews/landscape.yaml").read_bytes()


def rule_files(samples):
    text = (samples / "rules/custom_rules.yaml").read_bytes()
    packed = gzip.compress(text, mtime=0)
    for each in (packed, packed[:-4] + b"\x05\0\0\0", packed[:-5], packed + b"more", packed + packed, text, b"",
                 gzip.compress(b"- a\n" * 300_000, mtime=0), gzip.compress(b"", mtime=0), gzip.compress(b"\xff\xfe- a\n", mtime=0)):
        yield b"\x00" + each
    coded = base64.b64encode(packed)
    for body in (b'{"data":{"a.yaml":"- list: a\\n"},"binaryData":{"b.yaml.gz":"%s"}}' % coded,
                 b'{"data":{"a.yaml":"- a\\n"},"binaryData":{"a.yaml.gz":"%s","c.yml":"*"}}' % coded,
                 b'{"data":{%s}}' % b",".join(b'"%d.yaml":"- a"' % i for i in range(11)), b'{"data":{"..":1,"/a.yaml":"a: [","x.yaml":"# only\\n"}}'):
        yield b"\x01" + body


def artifacts(_):
    name = b"sha256:" + b"0" * 64
    rulesfile = b"application/vnd.cncf.falco.rulesfile."
    config = b'{"mediaType":"%sconfig.v1+json","digest":"%s","size":2}' % (rulesfile, name)
    layer = b'{"mediaType":"%slayer.v1+tar.gz","digest":"%s","size":9}' % (rulesfile, name)
    kind = b'"schemaVersion":2,"mediaType":"application/vnd.oci.image.%s.v1+json"'
    yield b"\x00{" + kind % b"manifest" + b',"config":' + config + b',"layers":[' + layer + b"]}"
    yield b"\x00{" + kind % b"index" + b',"manifests":[' + layer + b"]}"
    yield b'\x01Basic realm="x", Bearer realm="https://h/token",service=h,scope="repository:a:pull"'
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for file, kind_ in (("./falco_rules.yaml", tarfile.REGTYPE), ("folder", tarfile.DIRTYPE), ("link", tarfile.SYMTYPE)):
            entry = tarfile.TarInfo(file)
            entry.type, entry.size = kind_, 3 if kind_ == tarfile.REGTYPE else 0
            tar.addfile(entry, io.BytesIO(b"[]\n"))
            yield b"\x02" + packed.getvalue()
            yield b"\x03" + gzip.compress(packed.getvalue() + bytes(1024), mtime=0)
    file = b'{"artifact":"falco-rules","file":"falco_rules.yaml","digest":"%s","bytes":3,"from":"x"}' % name
    yield b'\x04{"version":"5.0.0","absent":["falco-sandbox-rules"],"files":[' + file + b"]}"
    yield b"\x05https://[::1]:5000/v2/falcosecurity/rules?a=b"


def reviews(samples):
    entries = [seed[1:] for seed in service_configs(samples)] + [b"null", b'{"falcoVersion":1}']
    for number, entry in enumerate(entries):
        kind = b"Seed" if number % 3 == 2 else b"Shoot"
        was = b'{"spec":{"extensions":[{"type":"shoot-falco-service","providerConfig":{"destinations":[{"name":"old"}]}}]}}'
        for phase in (b"\x00", b"\x01", b"\x07"):
            yield (phase + b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"'
                   + (b"UPDATE" if number % 2 else b"CREATE") + b'","kind":{"group":"core.gardener.cloud","kind":"' + kind
                   + b'"},"object":{"metadata":{"namespace":"n"},"spec":{"extensions":[{"type":"shoot-falco-service","providerConfig":'
                   + entry + b'}],"resources":[{"name":"s","resourceRef":{"apiVersion":"v1","kind":"Secret","name":"x"}}]}},"oldObject":'
                   + was + b"}}")


def watches(_):
    added = b'{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"8"}}}\n'
    expired = b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n'
    mark = b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"20","annotations":{"k8s.io/initial-events-end":"true"}}}}\n'
    for text in (added, added.replace(b"ADDED", b"DELETED") + mark, mark + expired + added, b"\n \r\n" + added, b"{}\n[]\nnull\n",
                 added[:-2], expired.replace(b"410", b"500"), expired.replace(b"410", b'"x"')):
        for cut in (0, 9, 60):
            yield bytes([cut]) + text


def statuses(_):
    status = b'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"%s","reason":"%s","details":%s,"code":%d}'
    for message, reason, details, code in (
        (b"changed meanwhile", b"Conflict", b"{}", 409),
        (b"already there", b"AlreadyExists", b'{"name":"a","kind":"secrets"}', 409),
        (b"two\\nlines", b"Invalid", b'{"causes":[{"reason":"FieldValueInvalid","message":"m","field":"spec.x"}]}', 422),
        (b"later", b"TooManyRequests", b'{"retryAfterSeconds":7}', 429),
        (b"later", b"TooManyRequests", b'{"retryAfterSeconds":-9223372036854775808}', 429),
        (b"too old", b"Expired", b"null", 410),
        (b"", b"", b"[]", 500),
    ):
        yield bytes([(code - 300) // 2, 0]) + status % (message, reason, details, code)
    for field in (b"7", b"-1", b"99999999999999", b"Wed, 21 Oct"):
        yield bytes([64, len(field)]) + field + b"<html>"


def kubeconfigs(_):
    pem = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="
    for cluster, user in (
        ("server: 'https://api.example.com:6443/k8s/', certificate-authority: ca.crt", "tokenFile: token"),
        (f"server: 'https://[::1]', certificate-authority-data: {pem}", f"client-certificate-data: {pem}, client-key-data: {pem}"),
        ("server: 'https://a', insecure-skip-tls-verify: true, tls-server-name: b", "token: t"),
        ("server: 'http://127.0.0.1:1', proxy-url: 'http://p'", "exec: {command: sh}"),
        ("server: 'https://a:0'", "username: a, password: b"),
    ):
        yield (f"current-context: x\ncontexts: [{{name: x, context: {{cluster: c, user: u, namespace: n}}}}]\n"
               f"clusters: [{{name: c, cluster: {{{cluster}}}}}]\nusers: [{{name: u, user: {{{user}}}}}]\n").encode()


def filters(_):
    for text in ('curl -shadow "exact text"', "rule:(a OR -b) priority>=warning", "proc.aname[2]:*cu?l* fd.sport:1..1024", "NOT (a AND (b OR c))",
                 "time:2026-11-29..2026-11-30 received>-2h", '"odd name":"a\\"b" flag:test uuid:d324e50f-d14c-4b05-8d63-ed15b6873b17', "rule:", "gr\u00fcn )",
                 "workload:web-* n>0.5 n<=-17 -f:*", "tag:\\*x"):
        yield text.encode()


def main():
    target, samples, directory = sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(sys.argv[3])
    directory.mkdir(parents=True, exist_ok=True)
    make = {"configuration": configurations, "event": events, "filter": filters, "http": requests, "jwt": tokens, "peer": peers, "keys": keys,
            "kubeconfig": kubeconfigs, "oci": artifacts, "profile": profiles, "review": reviews, "rule_files": rule_files,
            "rules": rules, "service_config": service_configs, "spool": spools, "status": statuses, "watch": watches}.get(target)
    if make:
        for number, seed in enumerate(make(samples)):
            (directory / f"seed-{number:03}").write_bytes(seed)
    elif (samples / target).is_dir():
        for file in (samples / target).iterdir():
            shutil.copy(file, directory)


main()
