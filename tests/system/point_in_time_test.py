"""What an operator does beside `falconer db backup`: a base backup, the log in an archive, and a store made of both as of a moment.
PostgreSQL's own means, with Falconer's store in it; Falconer goes on with what comes out."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import unittest
import uuid

from testbed import Testbed, event, eventually, free_port


class PointInTime(unittest.TestCase):
    def run_as_postgres(self, *command, check=True):
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        return subprocess.run(command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", timeout=400)

    def post(self, bed, count):
        sent, token = set(), bed.token()
        for _ in range(count):
            sent.add(str(uuid.uuid4()))
        for each in sent:
            self.assertEqual(bed.post(event(identity=each), token)[0], 200)
        eventually(lambda: sent <= set(bed.psql("select id from falconer.event", "falconer").split()), 120, "they are stored")
        return sent

    def test_a_store_of_a_base_backup_and_its_log_is_that_of_the_moment_asked_for(self):
        bed = self.enterContext(Testbed())
        bed.migrate()
        tools = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        home = pathlib.Path(bed.pg["host"]) / "point"
        base, log = home / "base", home / "log"
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        for folder in (home, log):
            self.run_as_postgres("mkdir", folder)

        # The log goes to the archive from now on.
        rules = pathlib.Path(bed.pg["data"]) / "pg_hba.conf"
        rules.write_text(rules.read_text() + "local replication postgres trust\n")
        bed.psql("alter system set archive_mode = on")
        bed.psql(f"alter system set archive_command = 'test ! -f {log}/%f && cp %p {log}/%f'")
        self.run_as_postgres(tools / "pg_ctl", "-D", bed.pg["data"], "-l", bed.pg["host"] + "/log", "-m", "fast", "-w", "-t", "300", "restart")
        bed.start()
        before = self.post(bed, 20)
        self.run_as_postgres(tools / "pg_basebackup", "-h", bed.pg["host"], "-p", bed.pg["port"], "-U", "postgres", "-D", base, "-X", "none",
                             "-c", "fast")
        since = self.post(bed, 20)
        bed.psql("select pg_create_restore_point('good')")
        # Then somebody makes a mistake, and events still come.
        bed.psql("delete from falconer.event", "falconer")
        self.post(bed, 5)
        segment = bed.psql("select pg_walfile_name(pg_switch_wal())")
        eventually(lambda: (log / segment).exists(), 120, "the log is in the archive")
        bed.kill()

        port = free_port()
        with open(base / "postgresql.auto.conf", "a") as settings:
            settings.write(f"port = {port}\narchive_mode = off\nrestore_command = 'cp {log}/%f %p'\nrecovery_target_name = 'good'\n"
                           f"recovery_target_action = 'promote'\nunix_socket_directories = '{home}'\n")
        (base / "port.conf").write_text(f"port = {port}\n")
        self.run_as_postgres("touch", base / "recovery.signal")
        self.run_as_postgres(tools / "pg_ctl", "-D", base, "-l", home / "server.log", "-w", "-t", "300", "start")
        self.addCleanup(self.run_as_postgres, tools / "pg_ctl", "-D", base, "-m", "immediate", "-w", "-t", "300", "stop", check=False)

        def asked(sql):
            done = subprocess.run(["psql", "-XAt", "-h", home, "-p", str(port), "-U", "postgres", "-d", "falconer", "-c", sql],
                                  check=True, capture_output=True, text=True)
            return done.stdout.strip()

        eventually(lambda: asked("select pg_is_in_recovery()") == "f", 120, "it has been promoted")
        self.assertEqual(set(asked("select id from falconer.event").split()), before | since)

        # Falconer goes on with it: what its spool has, new events, and what is counted.
        bed.extra = {"store": {"hosts": [str(home)], "port": port, "passwordFile": str(bed.home / "password")}}
        bed.pg = {**bed.pg, "host": str(home), "port": str(port)}
        bed.config = bed._write_config()
        bed.start()
        after = self.post(bed, 5)
        bed.nothing_pending()
        self.assertLessEqual(before | since | after, set(asked("select id from falconer.event").split()))
        counted = "select coalesce(sum(count), 0) from falconer.rollup_day"
        eventually(lambda: asked(counted) == asked("select count(*) from falconer.event"), 120, "each is counted once")
        bed.terminate()
        with contextlib.suppress(FileNotFoundError):
            self.assertEqual(bed.run("doctor", "--config", bed.config).returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
