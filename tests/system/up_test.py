"""falconer up: one command, a printed curl that works, a second start that finds its data, nothing left behind."""

import atexit
import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import yaml

from testbed import FALCONER, clocks, eventually, free_port


class Up:
    """A `falconer up` on a folder, and what it has printed."""

    def __init__(self, data, *more):
        self.data, self.out = data, data.parent / "up.out"
        self.file = open(self.out, "wb")
        where = [] if "--listen" in more else ["--listen", f"127.0.0.1:{free_port()}"]
        self.process = subprocess.Popen([FALCONER, "up", "--data", data, *where, *more], stdout=self.file, stderr=self.file)
        atexit.register(self.make_sure_it_has_ended)

    def make_sure_it_has_ended(self):
        """When the case has failed before its end."""
        atexit.unregister(self.make_sure_it_has_ended)
        self.file.close()
        if self.process.poll() is not None:
            return
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(60)
        with contextlib.suppress(OSError, ValueError, IndexError):  # one that a case has stopped ends by nothing else
            os.kill(self.postmaster(), signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def postmaster(self):
        return int((self.data / "postgres" / "postmaster.pid").read_text().split()[0])

    def said(self):
        return self.out.read_text(errors="replace")

    def wait_until_up(self):
        def up():
            assert self.process.poll() is None, self.said()
            return "and see it counted" in self.said()
        eventually(up, 180, "falconer is up")
        return self

    def end(self, how=signal.SIGINT):
        self.process.send_signal(how)
        code = self.process.wait(120)
        self.file.close()
        return code


def leftovers(folder):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in line:
                found.append(line.replace(b"\0", b" ").decode())
    return found


def is_pending(process, which):
    """A signal that a stopped process will hear of when it goes on."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"(?m)^ShdPnd:\s+(\w+)$", status).group(1), 16) >> (which - 1) & 1


class Kubernetes:
    """The API that a running `falconer up` offers."""

    def __init__(self, data):
        config = yaml.safe_load((data / "kubernetes" / "kubeconfig").read_text())
        self.server = config["clusters"][0]["cluster"]["server"]
        self.token = config["users"][0]["user"]["token"]
        authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
        self.tls = ssl.create_default_context(cadata=authority)

    def ask(self, path, body=None):
        request = urllib.request.Request(self.server + path, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120, context=self.tls) as answer:
            return json.load(answer)

    def shoot(self, name):
        return self.ask(f"/apis/core.gardener.cloud/v1beta1/namespaces/garden-demo/shoots/{name}")

    def is_done(self, name):
        return self.shoot(name).get("status", {}).get("lastOperation", {}).get("state") == "Succeeded"


MINE = {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Shoot", "metadata": {"name": "mine", "namespace": "garden-demo"},
        "spec": {"extensions": [{"type": "shoot-falco-service"}]}}
SECRETS = "/api/v1/namespaces/shoot--demo--mine/secrets/"
INSIDE = "/shoots/shoot--demo--mine/api/v1/namespaces/kube-system/configmaps"


class UpTest(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-up."))
        os.chmod(self.home, 0o755)  # PostgreSQL's user passes through
        self.data = self.home / "data"
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def up(self, *more):
        up = Up(self.data, *more)
        self.addCleanup(up.make_sure_it_has_ended)
        return up.wait_until_up()

    def counted(self, what):
        command = ["psql", "-XAtq", "-h", self.data / "run", "-U", "falconer_reader", "falconer", "-c", "select count" + what]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def events(self, rule=None):
        return self.counted("(*) from falconer.events" + (f" where rule = '{rule}'" if rule else ""))

    def test_the_printed_curl_stores_an_event_and_a_second_start_finds_it(self):
        up = self.up("--shoots", "5", "--rate", "5")
        self.assertNotIn("Bearer", up.said(), "a token is nothing for a terminal")
        header = self.data / "token.header"
        self.assertIn(f"-H @{header}", up.said())
        self.assertEqual(header.stat().st_mode & 0o777, 0o600)
        self.assertTrue(header.read_text().startswith("Authorization: Bearer ey"))
        curl = re.search(r"curl -i .*?\}\}'\n", up.said(), re.S).group(0)
        answer = subprocess.run(["bash", "-c", curl], capture_output=True, text=True).stdout
        self.assertIn("200 OK", answer)
        eventually(lambda: self.events() > 20, 120, "the fleet's events arrive")
        # Which shoot posts when is chance; and what is acknowledged may wait in the spool.
        eventually(lambda: self.counted("(distinct cluster) from falconer.events") == 6, 180, "every shoot and we have posted")
        eventually(lambda: self.events("My first rule") > 0, what="our event is stored")
        self.assertEqual(self.events("My first rule"), 1)
        # Who is to hear of what is critical does, once, in the terminal and in a file; an attacker's text is one line of it.
        attack = curl.replace("Warning", "Critical").replace("My first rule", "An attack").replace("Hello", "Hello\\u001b[2J\\nalert  nothing")
        self.assertIn("200 OK", subprocess.run(["bash", "-c", attack], capture_output=True, text=True).stdout)
        alerts = lambda: [each for each in up.said().splitlines() if each.startswith("alert  ") and "rule=An attack" in each]  # noqa: E731
        eventually(alerts, what="the attack is told")
        self.assertEqual(len(alerts()), 1)
        self.assertIn("  critical  ", alerts()[0])
        self.assertIn(alerts()[0].removeprefix("alert  "), (self.data / "alerts.log").read_text().splitlines())
        status = subprocess.run([FALCONER, "db", "status", "--data", self.data], check=True, capture_output=True, text=True).stdout
        self.assertIn("clusters                6", status)
        doctor = subprocess.run([FALCONER, "doctor", "--data", self.data], capture_output=True, text=True)
        # It gives its PostgreSQL an environment of its own: where we run under another date, that one does not.
        wrong = ["clock"] if clocks.own() else []
        self.assertEqual(re.findall(r"(?m)^WRONG  (\w+)", doctor.stdout), wrong, doctor.stdout + doctor.stderr)
        self.assertEqual(doctor.returncode, len(wrong), doctor.stdout + doctor.stderr)
        for about in ("configuration", "keys", "spool", "ingest port", "metrics port", "health port", "webhook port", "console port",
                      "store", "clock", "schema", "clusters"):
            if about not in wrong:
                self.assertRegex(doctor.stdout, f"(?m)^(ok   |look )  {about} ")
        self.assertEqual(up.end(), 0, up.said())
        doctor = subprocess.run([FALCONER, "doctor", "--data", self.data], capture_output=True, text=True)
        self.assertEqual(doctor.returncode, 1, doctor.stdout)
        self.assertIn("WRONG  store         is away, and events would go to the spool: ", doctor.stdout)
        self.assertRegex(doctor.stdout, "(?m)^ok     spool ")
        self.assertEqual(leftovers(self.home), [])

        again = self.up("--shoots", "0")
        self.assertEqual(self.events("My first rule"), 1)
        self.assertEqual(again.end(signal.SIGTERM), 0)

    @staticmethod
    def mark(api, name):
        """A new object."""
        return api.ask("/api/v1/namespaces/default/configmaps", {"metadata": {"name": name}})

    def are_kept(self, objects):
        """A kill -9 would not lose them any more."""
        archive = self.data / "kubernetes" / "objects.archive"
        text = archive.read_text() if archive.exists() else ""
        return all(each["metadata"]["uid"] in text for each in objects)

    def test_shoots_and_what_was_made_for_them_are_there_at_the_next_start(self):
        more = ("--shoots", "2", "--rate", "1")
        up = self.up(*more)
        api = Kubernetes(self.data)
        api.ask("/apis/core.gardener.cloud/v1beta1/namespaces/garden-demo/shoots", MINE)
        eventually(lambda: api.is_done("mine") and api.is_done("first"), 180, "both are delivered")
        marks = [api.ask(INSIDE, {"metadata": {"name": "theirs"}, "data": {"a": "b"}})]
        before = {name: api.shoot(name) for name in ("mine", "first")}
        made = api.ask(SECRETS + "gardener-extension-shoot-falco-service-certificates")["data"]
        marks.append(self.mark(api, "before"))
        for how in (signal.SIGINT, signal.SIGKILL):
            eventually(lambda kept=marks: self.are_kept(kept), 120, "it is written some seconds after each change")
            up.end(how)
            up = self.up(*more)
            api = Kubernetes(self.data)
            for name, was in before.items():
                now = api.shoot(name)
                self.assertEqual(now["metadata"]["uid"], was["metadata"]["uid"])
                self.assertEqual(now["status"]["clusterIdentity"], was["status"]["clusterIdentity"])
                eventually(lambda name=name: api.is_done(name), 180, "it is as it was")
            self.assertEqual(api.ask(SECRETS + "gardener-extension-shoot-falco-service-certificates")["data"], made)
            self.assertEqual(api.ask(INSIDE + "/theirs")["data"], {"a": "b"})
            fresh = api.ask(INSIDE, {"metadata": {"name": f"after-{how}"}})
            newest = self.mark(api, f"after-{how}")
            marks = [fresh, newest]
            self.assertGreater(int(newest["metadata"]["resourceVersion"]), int(before["mine"]["metadata"]["resourceVersion"]))
            self.assertEqual(fresh["metadata"]["namespace"], "kube-system")
        self.assertEqual(up.end(), 0, up.said())

        archive = self.data / "kubernetes" / "objects.archive"
        self.assertEqual(archive.stat().st_mode & 0o777, 0o600)
        archive.write_bytes(archive.read_bytes()[:5000])
        up = self.up(*more)
        self.assertRegex(up.said(), r"warning: \S+objects.archive, the objects of the last start, cannot be understood: line \d+: ")
        self.assertEqual(len(pathlib.Path(str(archive) + ".damaged").read_bytes()), 5000)
        eventually(lambda: Kubernetes(self.data).is_done("first"), 180, "and it goes on with new ones")
        self.assertEqual(up.end(), 0, up.said())

    def test_where_a_port_is_taken_it_takes_another_one_and_says_so_everywhere(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            up = self.up("--shoots", "1", "--listen", f"127.0.0.1:{port}")
            printed = int(re.search(r"events    http://127.0.0.1:(\d+)/v1/events", up.said()).group(1))
            self.assertNotIn(printed, (0, port))
            api = Kubernetes(self.data)
            eventually(lambda: api.is_done("first"), 180, "the shoot is delivered")
            secret = api.ask("/shoots/shoot--demo--first/api/v1/namespaces/kube-system/secrets/falcosidekick")
            config = yaml.safe_load(base64.b64decode(secret["data"]["config.yaml"]))
            self.assertEqual(config["webhook"]["address"], f"http://127.0.0.1:{printed}/v1/events")
            self.assertEqual(up.end(), 0, up.said())

    def test_several_that_start_at_once_get_ports_of_their_own(self):
        several = []
        for name in "abc":
            (self.home / name).mkdir()
            several.append(Up(self.home / name / "data", "--shoots", "0"))
            self.addCleanup(several[-1].make_sure_it_has_ended)
        for each in several:
            each.wait_until_up()
        ports = [port for each in several for port in re.findall(r"http://127.0.0.1:(\d+)/(?:v1/events|metrics|readyz)\n", each.said())]
        self.assertEqual(len(ports), 9)
        self.assertEqual(len(set(ports)), 9, ports)
        for each in several:
            self.assertEqual(each.end(), 0, each.said())

    def test_what_is_printed_for_a_shell_is_quoted_for_it(self):
        self.data = self.home / "a b" / "it's"
        self.data.parent.mkdir()
        up = self.up("--shoots", "0")
        status = re.search(r"see it counted:\n\n  (.*)\n", up.said()).group(1)
        done = subprocess.run(["bash", "-c", status], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, status + done.stderr)
        self.assertIn("schema version", done.stdout)
        self.assertEqual(up.end(), 0, up.said())

    def test_kill_9_of_falconer_and_then_of_its_postgresql_loses_no_acknowledged_event(self):
        log = self.home / "acknowledged"
        more = ("--shoots", "200", "--log-acknowledged", log)
        up = self.up(*more)
        eventually(lambda: log.exists() and log.read_bytes().count(b"\n") > 300, 180, "events are acknowledged")
        up.end(signal.SIGKILL)
        up = self.up(*more)
        before = log.read_bytes().count(b"\n")
        os.kill(up.postmaster(), signal.SIGKILL)
        eventually(lambda: log.read_bytes().count(b"\n") > before + 600, 180, "events go on")
        eventually(lambda: "starting it again" in up.said(), what="the end of PostgreSQL is noticed")
        self.assertEqual(up.end(), 0, up.said())

        up = self.up("--shoots", "0")
        acknowledged = set(log.read_text().split())

        def stored():
            return set(subprocess.run(
                ["psql", "-XAtq", "-h", self.data / "run", "-U", "falconer_reader", "falconer", "-c", "select id from falconer.event"],
                check=True, capture_output=True, text=True).stdout.split())

        eventually(lambda: acknowledged <= stored(), 180, "every acknowledged event is stored")
        self.assertEqual(up.end(), 0)
        self.assertEqual(leftovers(self.home), [])

    def test_a_second_signal_means_now(self):
        up = self.up("--shoots", "5", "--rate", "5")
        postmaster = up.postmaster()
        os.kill(postmaster, signal.SIGSTOP)  # it will not end by itself
        up.process.send_signal(signal.SIGTERM)
        eventually(lambda: is_pending(postmaster, signal.SIGINT), what="PostgreSQL is asked to end")
        self.assertIsNone(up.process.poll(), "it waits for PostgreSQL")
        up.end(signal.SIGTERM)
        self.assertIn("PostgreSQL is waited for no longer", up.said())
        eventually(lambda: leftovers(self.home) == [], what="PostgreSQL's processes end, whose postmaster was killed")

    def refusal(self):
        done = subprocess.run([FALCONER, "up", "--data", self.data, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_two_on_one_folder_are_one_too_many(self):
        up = self.up("--shoots", "0")
        self.assertIn(f"pid {up.process.pid}", self.refusal())
        self.assertEqual(up.end(), 0)

    def test_a_folder_of_another_version_is_named(self):
        (self.data / "postgres").mkdir(parents=True, mode=0o700)
        (self.data / "postgres" / "PG_VERSION").write_text("9\n")
        self.assertIn("was made by PostgreSQL 9", self.refusal())

    @unittest.skipUnless(os.getuid() == 0, "only root can make a folder another user's")
    def test_a_folder_of_another_user_is_named(self):
        (self.data / "postgres").mkdir(parents=True, mode=0o700)
        os.chown(self.data / "postgres", 12345, 12345)
        self.assertIn("belongs to another user (uid 12345)", self.refusal())

    @unittest.skipUnless(os.getuid() == 0, "as an ordinary user nobody else has to pass through")
    def test_a_closed_door_on_the_way_is_named(self):
        os.chmod(self.home, 0o700)
        self.assertIn(f"may not pass through {self.home}", self.refusal())


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
