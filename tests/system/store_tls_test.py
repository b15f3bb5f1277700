"""TLS to PostgreSQL: only the right certificate of the right host will do; a new password needs no restart."""

import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

from testbed import FALCONER, Testbed, event, eventually


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Certificates:
    """A CA, and a server's certificate of it for 127.0.0.1."""

    def __init__(self, folder):
        self.ca, ca_key = folder / "ca.pem", folder / "ca.key"
        self.certificate, self.key, request = folder / "server.pem", folder / "server.key", folder / "server.csr"
        folder.mkdir()
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test CA", "-days", "2",
                "-keyout", ca_key, "-out", self.ca)
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=store", "-keyout", self.key, "-out", request)
        names = folder / "names"
        names.write_text("subjectAltName=IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2",
                "-extfile", names, "-out", self.certificate)


class StoreTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bed = cls.enterClassContext(Testbed())
        cls.good, cls.foreign = (Certificates(cls.bed.home / name) for name in ("good", "foreign"))
        data = pathlib.Path(cls.bed.pg["data"])
        for file in (cls.good.certificate, cls.good.key):
            there = shutil.copy(file, data / file.name)
            os.chmod(there, 0o600)
            if os.getuid() == 0:
                shutil.chown(there, "postgres", "postgres")
        rules = data / "pg_hba.conf"  # without TLS nobody but the administrator is let in
        rules.write_text("local all postgres trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
        for setting in ("ssl_cert_file = 'server.pem'", "ssl_key_file = 'server.key'", "ssl = on"):
            cls.bed.psql("alter system set " + setting)
        cls.bed.psql("select pg_reload_conf()")
        cls.use(cls.good.ca)
        eventually(lambda: cls.migrate().returncode == 0, what="PostgreSQL has read its configuration again")

    @classmethod
    def use(cls, ca, **changes):
        store = {"hosts": ["127.0.0.1"], "tls": {"mode": "verify-full", "caFile": str(ca)}, **changes}
        cls.bed.extra = {"store": store}
        cls.bed.config = cls.bed._write_config()

    @classmethod
    def migrate(cls):
        return subprocess.run([FALCONER, "db", "migrate", "--config", cls.bed.config], capture_output=True, text=True)

    def stored(self):
        return self.bed.count("select count(*) from falconer.event")

    def test_events_travel_to_the_store_encrypted(self):
        self.use(self.good.ca)
        self.bed.start()
        self.addCleanup(self.bed.kill)
        before = self.stored()
        self.assertEqual(self.bed.post(event(), self.bed.token())[0], 200)
        self.assertEqual(self.stored(), before + 1)
        plain = self.bed.psql("select count(*) from pg_stat_activity a join pg_stat_ssl s using (pid) where a.usename = 'falconer' and not s.ssl")
        self.assertEqual(plain, "0")

    def test_a_store_whose_certificate_another_signed_is_not_believed(self):
        self.use(self.foreign.ca)
        done = self.migrate()
        self.assertEqual(done.returncode, 1)
        self.assertIn("certificate verify failed", done.stderr)
        before = self.stored()
        self.bed.start()
        self.addCleanup(self.bed.kill)
        self.assertEqual(self.bed.post(event(), self.bed.token())[0], 200, "the spool has it")
        self.assertEqual(self.stored(), before)
        self.assertEqual(self.bed.metrics()["falconer_store_away"], 1)
        self.bed.terminate()

        self.use(self.good.ca)
        self.bed.start()
        eventually(lambda: self.stored() == before + 1, what="with the right CA the spool is replayed")

    def test_the_right_ca_and_the_wrong_name_is_not_believed(self):
        self.use(self.good.ca, hosts=["localhost"])
        done = self.migrate()
        self.assertEqual(done.returncode, 1)
        self.assertIn('does not match host name "localhost"', done.stderr)

    def test_a_store_without_tls_is_not_spoken_to(self):
        self.use(self.good.ca, tls={"mode": "disable"})
        done = self.migrate()
        self.assertEqual(done.returncode, 1)
        self.assertIn("no pg_hba.conf entry", done.stderr)

    def test_a_new_password_in_the_file_is_taken_without_a_restart(self):
        self.use(self.good.ca)
        self.bed.start()
        self.addCleanup(self.bed.kill)
        token = self.bed.token()
        self.assertEqual(self.bed.post(event(), token)[0], 200)
        before, file = self.stored(), self.bed.home / "password"
        self.addCleanup(self.bed.psql, "alter role falconer password 'falconer'")
        self.addCleanup(file.write_text, "falconer")
        self.bed.psql("alter role falconer password 'peregrine'")
        self.bed.psql("select pg_terminate_backend(pid, 60000) from pg_stat_activity where usename = 'falconer'")
        self.assertEqual(self.bed.post(event(), token)[0], 200, "the spool has it: the password is not known yet")
        file.write_text("peregrine")
        eventually(lambda: self.stored() == before + 1, what="the new password is used")
        self.assertEqual(self.bed.post(event(), token)[0], 200)
        eventually(lambda: self.stored() == before + 2, what="and events go to the store again")

    def test_certificates_that_end_soon_are_told(self):
        ours = {"certificateFile": str(self.good.certificate), "keyFile": str(self.good.key)}  # of two days
        self.use(self.good.ca, tls={"mode": "verify-full", "caFile": str(self.good.ca), **ours})
        self.bed.extra["ingestor"] = {"tls": ours}
        self.bed.config = self.bed._write_config()
        self.bed.start()
        self.addCleanup(self.bed.kill)
        for endpoint in ("ingest", "store"):
            left = self.bed.metrics()[f'falconer_certificate_expires_timestamp_seconds{{endpoint="{endpoint}"}}'] - time.time()
            self.assertTrue(0 < left <= 2 * 86_400, left)
            eventually(lambda end=endpoint: f"the certificate ends soon endpoint={end} " in self.bed.said(), what="it is said")


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
