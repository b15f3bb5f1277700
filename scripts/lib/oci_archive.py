"""Packs a root file system as an image that any container engine loads: an OCI layout in one tar file.

    oci_archive.py pack LAYER DOCKERFILE ARCHITECTURE NAME ARCHIVE     LAYER: the root as .tar.gz; NAME: what the image is called
    oci_archive.py layer ARCHIVE                                       writes the layer to stdout

Who runs what in it stands in the Dockerfile's last stage. The same input gives the same bytes.
Source: github.com/opencontainers/image-spec, image-layout.md, config.md, manifest.md.
"""
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import sys
import tarfile


def digest_of(stream):
    made = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        made.update(chunk)
    return "sha256:" + made.hexdigest()


def run_config(dockerfile):
    """What USER, EXPOSE, ENTRYPOINT and CMD of the last stage say."""
    last = dockerfile.split("\nFROM ")[-1]

    def said(instruction):
        return re.search(rf"^{instruction} (.+)$", last, re.M).group(1)
    return {"User": said("USER"), "ExposedPorts": {f"{port}/tcp": {} for port in said("EXPOSE").split()},
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Entrypoint": json.loads(said("ENTRYPOINT")), "Cmd": json.loads(said("CMD"))}


def pack(layer, dockerfile, architecture, name, archive):
    with open(layer, "rb") as packed:
        layer_digest = digest_of(packed)
    with gzip.open(layer) as plain:
        layer_content = digest_of(plain)

    with open(dockerfile) as file:
        config = run_config(file.read())
    made = {"rootfs": {"type": "layers", "diff_ids": [layer_content]}, "os": "linux", "architecture": architecture,
            "config": config}
    blobs = {}

    def blob(kind, content):
        text = json.dumps(content, sort_keys=True).encode()
        digest = digest_of(io.BytesIO(text))
        blobs[digest] = text
        return {"mediaType": f"application/vnd.oci.image.{kind}.v1+json", "digest": digest, "size": len(text)}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": blob("config", made),
                "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": layer_digest, "size": os.path.getsize(layer)}]}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
        {**blob("manifest", manifest), "annotations": {"org.opencontainers.image.ref.name": name}}]}

    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as out:
        def put(path, stream, size):
            entry = tarfile.TarInfo(path)
            entry.size = size
            out.addfile(entry, stream)
        for path, content in (("oci-layout", {"imageLayoutVersion": "1.0.0"}), ("index.json", index)):
            text = json.dumps(content, sort_keys=True).encode()
            put(path, io.BytesIO(text), len(text))
        for digest, text in sorted(blobs.items()):
            put("blobs/" + digest.replace(":", "/"), io.BytesIO(text), len(text))
        with open(layer, "rb") as packed:
            put("blobs/" + layer_digest.replace(":", "/"), packed, os.path.getsize(layer))


def blob_of(archive, descriptor):
    return archive.extractfile("blobs/" + descriptor["digest"].replace(":", "/"))


def manifest_of(archive):
    index = json.load(archive.extractfile("index.json"))
    return json.load(blob_of(archive, index["manifests"][0]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["pack"] and len(sys.argv) == 7:
        pack(*sys.argv[2:])
    elif sys.argv[1:2] == ["layer"] and len(sys.argv) == 3:
        with tarfile.open(sys.argv[2]) as opened:
            shutil.copyfileobj(blob_of(opened, manifest_of(opened)["layers"][0]), sys.stdout.buffer)
    else:
        sys.exit(__doc__)
