"""How our Kubernetes client gets at a real kube-apiserver: over IPv6; with client certificates, in files and in the kubeconfig itself; by a CA in
each form, by a server name, by none; and with files that change while it runs."""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from kube_cuts_test import PROBE, Follower
from kubernetes import Kubernetes, make_authority
from testbed import FALCONER, eventually


def has_ipv6():
    addresses = pathlib.Path("/proc/net/if_inet6")
    return addresses.exists() and "00000000000000000000000000000001" in addresses.read_text()


def inline(file):
    return base64.b64encode(pathlib.Path(file).read_bytes()).decode()


class KubeAccess(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-access."))
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        cls.kubernetes = Kubernetes()
        cls.addClassCleanup(cls.kubernetes.close)
        cls.ca = cls.kubernetes.home / "ca.crt"
        cls.certificate, cls.key = cls.kubernetes.certificate_of("somebody", "system:masters")
        cls.weak_certificate, cls.weak_key = cls.kubernetes.certificate_of("anyone", "nobodies")
        make_authority(cls.kubernetes.home, "others")
        cls.foreign_certificate, cls.foreign_key = cls.kubernetes.certificate_of("stranger", "system:masters", "others")

    def kubeconfig(self, user, server=None, **cluster):
        cluster = cluster or {"certificate-authority": str(self.ca)}
        file = self.home / "kubeconfig"
        file.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": server or f"https://127.0.0.1:{self.kubernetes.port}", **cluster}}],
            "users": [{"name": "u", "user": user}]}))
        return file

    def in_files(self):
        return {"client-certificate": str(self.certificate), "client-key": str(self.key)}

    def tried(self, kubeconfig):
        """What came of each call: by its verb, "ok" or the sentence."""
        done = subprocess.run([PROBE, "try", kubeconfig, "--namespace", "default"], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return dict(line.split(" ", 1) for line in done.stdout.splitlines())

    def works(self, kubeconfig):
        said = self.tried(kubeconfig)
        self.assertIn("not found", said.pop("get"))  # a Secret that is not there
        self.assertEqual(set(said.values()), {"ok"}, said)
        self.assertEqual(set(said), {"list", "create", "update", "patch", "apply", "delete"})

    def refused(self, kubeconfig, why):
        for verb, said in self.tried(kubeconfig).items():
            self.assertRegex(said, why, verb)

    def test_a_client_certificate_is_shown_from_files_and_from_the_kubeconfig_itself(self):
        self.works(self.kubeconfig(self.in_files()))
        self.works(self.kubeconfig({"client-certificate-data": inline(self.certificate), "client-key-data": inline(self.key)},
                                   **{"certificate-authority-data": inline(self.ca)}))

    def test_who_is_shown_to_be_nobody_is_told_so(self):
        self.refused(self.kubeconfig({"client-certificate": str(self.foreign_certificate), "client-key": str(self.foreign_key)}),
                     r"the client certificate is not this cluster's, or has expired")
        self.refused(self.kubeconfig({"client-certificate": str(self.weak_certificate), "client-key": str(self.weak_key)}),
                     r'User "anyone" cannot \w+ resource')
        self.refused(self.kubeconfig({}), r'User "system:anonymous" cannot \w+ resource|neither a token nor a client certificate is given')

    def test_the_server_is_known_by_another_name_or_by_none(self):
        port = self.kubernetes.port
        self.works(self.kubeconfig(self.in_files(), f"https://localhost:{port}"))
        named = {"certificate-authority": str(self.ca), "tls-server-name": "localhost"}
        self.works(self.kubeconfig(self.in_files(), **named))
        self.refused(self.kubeconfig(self.in_files(), **{**named, "tls-server-name": "elsewhere"}), r"certificate verify failed: [Hh]ostname mismatch")
        self.works(self.kubeconfig(self.in_files(), **{"insecure-skip-tls-verify": True}))
        self.refused(self.kubeconfig(self.in_files(), **{"certificate-authority": str(self.kubernetes.home / "others.crt")}), r"certificate verify failed")

    @unittest.skipUnless(has_ipv6(), "this machine has no ::1")
    def test_over_ipv6(self):
        server = Kubernetes(address="::1")
        self.addCleanup(server.close)
        certificate, key = server.certificate_of("somebody", "system:masters")
        user = {"client-certificate": str(certificate), "client-key": str(key)}
        place = f"https://[::1]:{server.port}"
        self.works(self.kubeconfig(user, place, **{"certificate-authority": str(server.home / "ca.crt")}))
        self.works(server.kubeconfig)  # with its token
        self.refused(self.kubeconfig(user, place, **{"certificate-authority": str(self.ca)}), rf"\[::1\]:{server.port}.*certificate verify failed")

        with self.subTest("doctor"):
            config = self.home / "falconer.yaml"
            file = self.kubeconfig(user, place, **{"certificate-authority": str(server.home / "ca.crt")})
            config.write_text(json.dumps({"apiVersion": "falco.extensions.config.gardener.cloud/v1alpha1", "kind": "Configuration",
                                          "controller": {"kubeconfig": str(file)}}))
            done = subprocess.run([FALCONER, "doctor", "--config", config], capture_output=True, text=True, timeout=120)
            self.assertRegex(done.stdout, rf"seed +{re.escape(f'[::1]:{server.port}')}, Kubernetes v1\.34\.\d+, we are somebody")

    def follower(self, kubeconfig):
        # Watches that end soon, so that what has changed is seen soon.
        made = Follower("follow", kubeconfig, "--namespace", "default", "--watch", "2", "--silence", "10")
        self.addCleanup(made.end)
        return made

    def put(self, name, source):
        fresh = self.home / f"{name}.new"
        fresh.write_bytes(source if isinstance(source, bytes) else pathlib.Path(source).read_bytes())
        os.replace(fresh, self.home / name)
        return str(self.home / name)

    def is_in_trouble(self, follower, why):
        before = len(follower.troubles())
        eventually(lambda: any(re.search(why, each) for each in follower.troubles()[before:]), 120, f"{why}; {follower.lines[-5:]}")

    def goes_on(self, follower, name):
        """A change is heard of."""
        self.kubernetes.call("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": name}, "data": {"is": "new"}})
        eventually(lambda: name in (follower.mirror() or {}), 120, f"{name} is heard of; {follower.lines[-5:]}")

    def test_a_ca_that_comes_late_and_is_replaced(self):
        ca = self.put("its-ca", self.kubernetes.home / "others.crt")
        follower = self.follower(self.kubeconfig(self.in_files(), **{"certificate-authority": ca}))
        self.is_in_trouble(follower, r"certificate verify failed")
        self.put("its-ca", self.ca)
        self.goes_on(follower, "late-ca")
        self.put("its-ca", b"no certificate at all")
        self.goes_on(follower, "broken-ca")  # what was read before is kept
        self.put("its-ca", self.kubernetes.home / "others.crt")
        self.is_in_trouble(follower, r"certificate verify failed")

    def test_a_client_certificate_that_is_replaced(self):
        shown = {"client-certificate": self.put("its.crt", self.weak_certificate), "client-key": self.put("its.key", self.weak_key)}
        follower = self.follower(self.kubeconfig(shown))
        self.is_in_trouble(follower, r'User "anyone" cannot list resource "configmaps"')
        self.put("its.crt", self.certificate)
        self.put("its.key", self.key)
        self.goes_on(follower, "renewed-certificate")
        self.assertEqual(follower.process.poll(), None)

    def test_a_token_that_is_replaced(self):
        file = self.put("its-token", b"expired")
        follower = self.follower(self.kubeconfig({"tokenFile": file}))
        self.is_in_trouble(follower, r"the token is not this cluster's, or has expired")
        self.put("its-token", Kubernetes.ADMIN.encode() + b"\n")
        self.goes_on(follower, "renewed-token")


if __name__ == "__main__":
    unittest.main(verbosity=2)
