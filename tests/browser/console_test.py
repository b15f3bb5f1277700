"""The console of `falconer up` in a browser: the real program, its store, its demo fleet."""

import base64
import json
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

import journeys

sys.path.append(str(journeys.ROOT / "tests" / "system"))
from up_test import Up  # noqa: E402


@journeys.of("console_journeys.mjs")
class Console(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-browser."))
        cls.addClassCleanup(shutil.rmtree, home, ignore_errors=True)
        home.chmod(0o755)  # PostgreSQL's user passes through
        data = home / "data"
        up = Up(data, "--shoots", "6", "--rate", "4")
        cls.addClassCleanup(up.make_sure_it_has_ended)
        said = up.wait_until_up().said()
        header = (data / "token.header").read_text().strip()
        payload = header.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        cls.seen = {
            "CONSOLE": re.search(r"console\s+(http://\S+/)\s", said).group(1),
            "INGEST": re.search(r"events\s+(http://\S+/v1/events)\s", said).group(1),
            "TOKEN_HEADER": header,
            "IDENTITY": claims["gardener-falco"]["cluster-identity"],
            **{f"PASSWORD_{user}": word for user, word in re.findall(r"user (\w+), password (\S+)", said)},
        }

    def environment(self):
        return self.seen


if __name__ == "__main__":
    unittest.main()
