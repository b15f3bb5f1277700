"""Data beside the project: ../shared/data, or FALCONER_SHARED/data. In CI it is always there and its absence is a failure; elsewhere
who needs it is skipped, with a name."""

import functools
import json
import os
import pathlib
import unittest

import yaml

import paths  # noqa: F401
from testbed import ROOT

SHARED = pathlib.Path(os.environ.get("FALCONER_SHARED", ROOT.parent / "shared"))


def found(path):
    """A file or folder of it. Raises SkipTest, in CI AssertionError, where it is not."""
    where = SHARED / "data" / path
    if where.exists():
        return where
    if os.environ.get("CI"):
        raise AssertionError(f"{where} is missing")
    raise unittest.SkipTest(f"without ../shared/data/{path}: {where} is not there; FALCONER_SHARED names another place")


def gardeners(*names):
    """CRDs as Gardener ships them, by the names of their files."""
    return [yaml.load(found(f"crds/gardener/{name}.yaml").read_text(), yaml.CSafeLoader) for name in names]


@functools.cache
def falco_schema(version):
    """The JSON schema that a falco.yaml of this version must satisfy."""
    return json.loads(found(f"falco/{version}/config-schema.json").read_text())


@functools.cache
def rules_schema(version):
    """The JSON schema that this version holds rule files against."""
    return json.loads(found(f"falco/{version}/rules-schema.json").read_text())


@functools.cache
def falcosidekick_keys(version):
    """Its configuration keys (lower case, dotted) → their Go types. Which list serves which minor version: the data's own README."""
    lists = json.loads(found("falcosidekick/config-keys.json").read_text())
    serves = {"2.32": "2.32.0", "2.33": "2.34.1", "2.34": "2.34.1", "2.35": "2.35-pre"}
    return lists[serves[version.rpartition(".")[0]]]
