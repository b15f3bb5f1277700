"""Writes what an image holds as an SPDX 2.3 document to stdout.

    sbom.py ROOT VERSION NAMESPACE EPOCH [BUILT_WITH…]

ROOT: the image's root, with Debian's packages and the program in it. NAMESPACE: the document's own, a URI. EPOCH: when it was made, in
seconds since 1970. BUILT_WITH: Debian packages of this machine whose headers the program is compiled from.

Licences are those that Debian's copyright files declare in a form that machines read; others are NOASSERTION.
Source: spdx.github.io/spdx-spec/v2.3, www.debian.org/doc/packaging-manuals/copyright-format/1.0.
"""
import datetime
import hashlib
import json
import pathlib
import re
import subprocess
import sys

# Debian's short names, in lower case → SPDX's.
NAMES = {"apache-2.0": "Apache-2.0", "apache-2": "Apache-2.0", "artistic": "Artistic-1.0-Perl", "boost-1.0": "BSL-1.0", "bsl-1.0": "BSL-1.0",
         "bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause", "bsd-4-clause": "BSD-4-Clause", "bsd-4-clause-uc": "BSD-4-Clause-UC",
         "cc0-1.0": "CC0-1.0", "expat": "MIT", "mit": "MIT", "isc": "ISC", "mpl-2.0": "MPL-2.0", "openssl": "OpenSSL", "postgresql": "PostgreSQL",
         "zlib": "Zlib", "0bsd": "0BSD", "x11": "X11"}
VERSIONED = re.compile(r"^(a?gpl|lgpl|gfdl)-(\d(?:\.\d)?)(?:\.0)?(\+|-only|-or-later)?$")


def spdx_name(short):
    """SPDX's name of a licence; empty: it has none."""
    text = short.lower()
    if text in NAMES:
        return NAMES[text]
    if found := VERSIONED.match(text):
        family, version, later = found.groups()
        version = version if "." in version else version + ".0"
        return f"{family.upper()}-{version}-{'or-later' if later in ('+', '-or-later') else 'only'}"
    return ""


def declared(copyright_text, refs):
    """An SPDX expression of all that the file names, or NOASSERTION. Names of Debian's own go to `refs`."""
    if "Format:" not in copyright_text[:400]:
        return "NOASSERTION"
    parts = set()
    for line in re.findall(r"^License:[ \t]*(\S.*)$", copyright_text, re.M):
        alternatives = []
        for short in re.split(r"\s+or\s+|\s*,\s*or\s+", line.strip(), flags=re.I):
            together = []
            for each in re.split(r"\s+and\s+|\s*,\s*(?:and\s+)?", short, flags=re.I):
                each = each.strip()
                if not each:
                    continue
                name = spdx_name(each)
                if not name:
                    name = "LicenseRef-Debian-" + re.sub(r"[^A-Za-z0-9.]+", "-", each).strip("-")
                    refs[name] = line.strip()
                together.append(name)
            alternatives.append(" AND ".join(together))
        alternatives = [each for each in alternatives if each]
        if alternatives:
            parts.add(" OR ".join(f"({each})" if " AND " in each else each for each in alternatives))
    if not parts:
        return "NOASSERTION"
    several = len(parts) > 1
    return " AND ".join(f"({each})" if several and " OR " in each else each for each in sorted(parts))


def paragraphs(status):
    """dpkg's status: a mapping for each package that is installed."""
    for block in status.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): *(.*)$", block, re.M))
        if fields.get("Status", "").endswith(" installed"):
            yield fields


def package(name, version, licence, **more):
    identity = "SPDXRef-" + re.sub(r"[^A-Za-z0-9.]+", "-", name)
    return {"SPDXID": identity, "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            "licenseConcluded": "NOASSERTION", "licenseDeclared": licence, "copyrightText": "NOASSERTION", **more}


def debian_package(fields, root, refs):
    name = fields["Package"]
    file = root / "usr/share/doc" / name / "copyright"
    text = file.read_text(errors="replace") if file.exists() else ""
    purl = f"pkg:deb/debian/{name}@{fields['Version']}?arch={fields['Architecture']}&distro=bookworm".replace("+", "%2B")
    return package(name, fields["Version"], declared(text, refs), supplier="Organization: Debian",
                   primaryPackagePurpose="LIBRARY" if name.startswith("lib") else "APPLICATION",
                   externalRefs=[{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}])


def document(root, version, namespace, epoch, built_with):
    refs = {}
    program = (root / "usr/local/bin/falconer").read_bytes()
    own = package("falconer", version, "Apache-2.0", supplier="Organization: Gardener", primaryPackagePurpose="APPLICATION",
                  packageFileName="/usr/local/bin/falconer",
                  checksums=[{"algorithm": "SHA256", "checksumValue": hashlib.sha256(program).hexdigest()}])
    installed = [debian_package(each, root, refs) for each in paragraphs((root / "var/lib/dpkg/status").read_text())]
    compiled_in = []
    for name in built_with:
        query = ["dpkg-query", "-W", "-f", "Package: ${Package}\nVersion: ${Version}\nArchitecture: ${Architecture}\nStatus: ${Status}\n", name]
        fields = next(paragraphs(subprocess.run(query, check=True, capture_output=True, text=True).stdout))
        compiled_in.append(debian_package(fields, pathlib.Path("/"), refs))

    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", own["SPDXID"])]
    relations += [(own["SPDXID"], "DEPENDS_ON", each["SPDXID"]) for each in installed]
    relations += [(own["SPDXID"], "STATIC_LINK", each["SPDXID"]) for each in compiled_in]
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"falconer-{version}",
            "documentNamespace": namespace,
            "creationInfo": {"created": datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                             "creators": ["Tool: falconer-sbom", "Organization: Gardener"]},
            "packages": [own, *sorted(installed + compiled_in, key=lambda each: each["SPDXID"])],
            "relationships": [{"spdxElementId": of, "relationshipType": how, "relatedSpdxElement": to} for of, how, to in sorted(relations)],
            "hasExtractedLicensingInfos": [{"licenseId": name, "extractedText": f"What Debian's copyright file calls: {text}"}
                                           for name, text in sorted(refs.items())]}


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    made = document(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
    json.dump(made, sys.stdout, indent=1)
    print()
