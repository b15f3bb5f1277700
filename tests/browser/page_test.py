"""The page in a browser against a stand-in for the console's API: every state of it, also those that a real one is not asked for."""

import gzip
import pathlib
import re
import unittest

import journeys

DIST = journeys.ROOT / "web" / "dist"
KIB = 1024


@journeys.of("page_journeys.mjs")
class Page(unittest.TestCase):
    pass


@journeys.of("sign_in_journeys.mjs")
class SignIn(unittest.TestCase):
    pass


@journeys.of("poison_journeys.mjs")
class Poison(unittest.TestCase):
    pass


@journeys.of("triage_journeys.mjs")
class Triage(unittest.TestCase):
    pass


@journeys.of("incident_journeys.mjs")
class Incidents(unittest.TestCase):
    pass


@journeys.of("landscape_journeys.mjs")
class Landscape(unittest.TestCase):
    pass


class Size(unittest.TestCase):
    def test_all_of_the_page_is_at_most_500_kib_in_gzip(self):
        journeys.node()
        files = [path for path in DIST.rglob("*") if path.is_file()]
        size = sum(len(gzip.compress(path.read_bytes(), 9)) for path in files)
        print(f"{len(files)} files, {size / KIB:.0f} KiB")
        self.assertLessEqual(size, 500 * KIB)

    def test_no_file_names_another_origin(self):
        """Links that a person may follow are the only ones."""
        allowed = ("https://attack.mitre.org/", "http://www.w3.org/", "https://vuejs.org/", "https://vuetifyjs.com", "https://github.com/")
        for path in sorted(DIST.rglob("*")):
            if path.is_file():
                text = path.read_text(encoding="utf-8", errors="replace")
                found = {word for word in re.findall(r"https?://[\w.-]+/?", text) if not word.startswith(tuple(allowed))}
                self.assertEqual(found, set(), pathlib.Path(path).name)


if __name__ == "__main__":
    unittest.main()
