"""Who may see what in the console, with the sandbox as the garden. The same against a real API server: tests/peers/console_access_test.py."""

import pathlib
import shutil
import tempfile
import unittest

from access_cases import AccessCases
from sandbox_api import SandboxApi


class Access(AccessCases, unittest.TestCase):
    def setUp(self):
        home = pathlib.Path(tempfile.mkdtemp(prefix="falconer-garden."))
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        self.garden = SandboxApi(home)
        self.addCleanup(self.garden.close)
        self.set_up_access()
        self.start_console()

    def call(self, verb, path, body=None):
        return self.garden.ask(verb, path, body)

    def console_kubeconfig(self):
        return self.garden.kubeconfig

    def test_roles_and_endpoints(self):
        self.check_matrix()

    def test_signing_in_and_what_is_taken_away(self):
        self.check_sign_in_and_revocation()

    def test_a_project_that_is_made_again(self):
        self.check_made_again()


if __name__ == "__main__":
    unittest.main(verbosity=2)
