"""Who may see what in the console, with a real kube-apiserver as the garden; the console asks with the rights that docs/console.md gives it."""

import unittest

from kubernetes import Kubernetes, small_definitions
from access_cases import AccessCases


class ConsoleAccess(AccessCases, unittest.TestCase):
    def setUp(self):
        self.garden = Kubernetes()
        self.addCleanup(self.garden.close)
        self.garden.define(*small_definitions("core.gardener.cloud"))
        self.set_up_access()

    def call(self, verb, path, body=None):
        return self.garden.call(verb, path, body)

    def console_kubeconfig(self):
        return self.garden.kubeconfig_of("people", "console")

    def test_roles_and_endpoints_then_what_is_made_again_and_taken_away(self):
        self.start_console()
        self.check_matrix()
        self.check_made_again()
        self.check_sign_in_and_revocation()


if __name__ == "__main__":
    unittest.main(verbosity=2)
