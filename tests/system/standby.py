"""A second PostgreSQL beside the testbed's: a standby that has what is committed, for tests of fail-over, replicas and backups."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess

from testbed import eventually


class Pair:
    """The testbed's PostgreSQL as the primary, and a standby that must have what is committed. Both at one port."""

    STANDBY = "127.0.0.2"

    def __init__(self, bed):
        self.bed = bed
        self.home = pathlib.Path(bed.pg["host"]) / "standby"  # postgres' own, and gone with it
        self.bin = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        primary = pathlib.Path(bed.pg["data"])
        rules = primary / "pg_hba.conf"
        rules.write_text(rules.read_text() + "local replication postgres trust\nhost all all 127.0.0.0/8 scram-sha-256\n")
        bed.psql("select pg_reload_conf()")
        data = self.home / "data"
        self._run("mkdir", "-p", self.home)
        eventually(lambda: self._run(self.bin / "pg_basebackup", "-h", bed.pg["host"], "-p", bed.pg["port"], "-U", "postgres",
                                     "-D", data, "-R", "-X", "stream", "-c", "fast", check=False).returncode == 0,
                   120, "the primary's data are copied")
        with open(data / "postgresql.conf", "a") as settings:
            settings.write(f"listen_addresses = '{self.STANDBY}'\nunix_socket_directories = '{self.home}'\n")
        self.start()
        # From here on a commit is one when the standby has it.
        eventually(lambda: bed.psql("select count(*) from pg_stat_replication where state = 'streaming'") == "1",
                   120, "the standby follows")
        bed.psql("alter system set synchronous_standby_names = '*'")
        bed.psql("select pg_reload_conf()")
        eventually(lambda: bed.psql("select sync_state from pg_stat_replication") == "sync", 120, "synchronously")

    def _run(self, *command, check=True):
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        return subprocess.run(command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", timeout=400)

    def promote(self):
        self._run(self.bin / "pg_ctl", "-D", self.home / "data", "-w", "-t", "300", "promote")

    def start(self):
        self._run(self.bin / "pg_ctl", "-D", self.home / "data", "-l", self.home / "log", "-w", "-t", "300", "start")

    def stop(self):
        self._run(self.bin / "pg_ctl", "-D", self.home / "data", "-m", "immediate", "-w", "-t", "300", "stop")

    def kill_primary(self):
        """The machine of the primary has gone: nobody is told."""
        postmaster = self.bed.postmaster()
        children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in (postmaster, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def bring_back_primary(self):
        """As one that believes to be the primary still, and waits for nobody."""
        settings = pathlib.Path(self.bed.pg["data"]) / "postgresql.auto.conf"
        settings.write_text("".join(line for line in settings.read_text().splitlines(True) if "synchronous_standby_names" not in line))
        self.bed.restart_postgres()

    def psql(self, sql, database="falconer"):
        done = subprocess.run(["psql", "-X", "-At", "-h", self.home, "-p", self.bed.pg["port"], "-U", "postgres", "-d", database, "-c", sql],
                              check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def ids(self):
        return set(self.psql("select id from falconer.event").split())

    def close(self):
        with contextlib.suppress(subprocess.CalledProcessError, FileNotFoundError):
            self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
