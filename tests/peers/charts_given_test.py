"""What charts are given beside their values: Secrets of others, authorities, a volume or a command that days are written out to."""

import unittest

import yaml

import charts
from chart_cases import CLIENT, STORE_VALUES, keys, rendered
from charts import CONTROLLER, EVENTS, merged, one, pod_of, render


class ChartsGiven(unittest.TestCase):
    maxDiff = None

    def test_keys_may_lie_in_secrets_of_others_and_then_in_none_of_ours(self):
        objects = rendered(CONTROLLER, "with Secrets of others")
        config = yaml.safe_load(one(objects, "Secret", "extension-shoot-falco-service-config")["stringData"]["config.yaml"])
        self.assertEqual(one(objects, "Secret")["stringData"].keys(), {"config.yaml"}, "no key stands in values, or in what is made of them")
        texts = {("Secret", name): {key: f"{name} {key}" for key in kept} for name, kept in (
            ("tokens", ("tokens.pem",)), ("identity-tokens", ("tokens.pem",)), ("heartbeats", ("secret",)), ("peers-client", ("tls.crt", "tls.key")))}
        files = charts.mounted_files(one(objects, "Deployment"), objects, texts)
        tls = config["peers"]["tls"]
        named = [files[each] for each in (config["falco"]["centralStorage"]["tokenIssuerPrivateKeyFile"], config["falco"]["clusterIdentityToken"]["tokenIssuerPrivateKeyFile"],
                                          tls["certificateFile"], tls["keyFile"], config["heartbeat"]["secretFile"])]
        self.assertEqual(named, ["tokens tokens.pem", "identity-tokens tokens.pem", "peers-client tls.crt", "peers-client tls.key", "heartbeats secret"])
        mounts = pod_of(one(objects, "Deployment"))["spec"]["containers"][0]["volumeMounts"]
        self.assertTrue(all("subPath" not in each for each in mounts), "what is mounted by subPath does not change in a running pod")
        self.assertEqual([each["mountPath"] for each in mounts if not each.get("readOnly")], ["/var/cache/falconer"])

        both = merged(charts.GARDENLET, {"peers": {"ingestors": ["https://ingest.example.com"]}})
        for inline, secret in (({"falco": {"centralStorage": {"tokenIssuerPrivateKey": keys()[0]}}}, "centralStorage"), ({"heartbeat": {"secret": "x"}}, "heartbeat"),
                               ({"peers": {"tls": {"certificate": CLIENT, "key": keys()[0]}}}, "peersClient")):
            with self.subTest(secret), self.assertRaisesRegex(AssertionError, f"existingSecrets.{secret}: one of the two"):
                render(CONTROLLER, merged(both, inline, {"existingSecrets": {secret: "mine"}}))
        with self.assertRaisesRegex(AssertionError, "to whom it is shown"):
            render(CONTROLLER, merged(charts.GARDENLET, {"existingSecrets": {"peersClient": "mine"}}))

    def test_ingestors_check_clients_certificates_where_there_is_an_authority_for_them(self):
        config = yaml.safe_load(one(rendered(EVENTS, "with everything"), "ConfigMap", "falconer-ingestor")["data"]["falconer.yaml"])
        self.assertEqual(config["ingestor"]["tls"], {"certificateFile": "/etc/falconer/tls/tls.crt", "keyFile": "/etc/falconer/tls/tls.key",
                                                     "clientCAFile": "/etc/falconer/client-ca/ca.crt", "clientCertificates": "request"})
        strict = merged(STORE_VALUES, {"ingestor": {"clientCASecret": "clients", "config": {"tls": {"clientCertificates": "require"}}}})
        config = yaml.safe_load(one(render(EVENTS, strict), "ConfigMap", "falconer-ingestor")["data"]["falconer.yaml"])
        self.assertEqual(config["ingestor"]["tls"]["clientCertificates"], "require")
        with self.assertRaisesRegex(AssertionError, "nobody shows a certificate"):
            render(EVENTS, merged(strict, {"ingestor": {"tlsSecret": ""}}))

    def test_receivers_are_files_of_the_ingestor_and_names_to_the_console(self):
        objects = rendered(EVENTS, "with everything")
        pod = pod_of(one(objects, "StatefulSet"))["spec"]
        self.assertIn({"name": "receivers", "secret": {"secretName": "falconer-receivers"}}, pod["volumes"])
        self.assertIn({"name": "receivers", "mountPath": "/etc/falconer/receivers", "readOnly": True}, pod["containers"][0]["volumeMounts"])
        for each in ("falconer-ingestor", "falconer-console"):
            alerts = yaml.safe_load(one(objects, "ConfigMap", each)["data"]["falconer.yaml"])["alerts"]
            self.assertEqual(alerts["defaultReceivers"], ["on-call"])
        mounted = pod_of(one(objects, "Deployment", "falconer-console"))["spec"]["containers"][0]["volumeMounts"]
        self.assertNotIn("/etc/falconer/receivers", [each["mountPath"] for each in mounted], "it tells nobody")

    def test_days_are_written_out_to_a_volume_that_all_ingestors_share_or_by_a_command_that_may_call_out(self):
        def seen(objects):
            of = yaml.safe_load(one(objects, "ConfigMap", "falconer-ingestor")["data"]["falconer.yaml"])["store"].get("archive")
            pod = pod_of(one(objects, "StatefulSet"))["spec"]
            writable = {each["mountPath"]: each["name"] for each in pod["containers"][0]["volumeMounts"] if not each.get("readOnly")}
            calls = {each["port"] for rule in one(objects, "NetworkPolicy", "falconer-ingestor")["spec"]["egress"] for each in rule["ports"]}
            return of, {each["name"]: each for each in pod["volumes"]}, writable, calls, pod["containers"][0].get("envFrom")

        archive, volumes, writable, calls, around = seen(rendered(EVENTS, "the ingestor alone"))
        self.assertEqual(writable.keys(), {"/var/lib/falconer/spool", archive["directory"]})
        self.assertEqual(volumes[writable[archive["directory"]]]["persistentVolumeClaim"], {"claimName": "falconer-archive"})
        self.assertEqual((calls, around), ({53, 8053, 5432}, None))

        objects = rendered(EVENTS, "with everything")
        archive, _, writable, calls, around = seen(objects)
        self.assertEqual(archive, {"command": 'put "$FALCONER_OBJECT"'})
        self.assertEqual(writable.keys(), {"/var/lib/falconer/spool", "/tmp"})
        self.assertEqual((calls, around), ({53, 8053, 5432, 9000, 8443}, [{"secretRef": {"name": "bucket"}}]), "where days go, and who hears of alerts")
        console = yaml.safe_load(one(objects, "ConfigMap", "falconer-console")["data"]["falconer.yaml"])
        self.assertNotIn("archive", console["store"], "it removes nothing")
        self.assertNotIn("envFrom", pod_of(one(objects, "Deployment", "falconer-console"))["spec"]["containers"][0])

        archive, _, writable, calls, _ = seen(rendered(EVENTS, "by the example"))
        self.assertEqual((archive, writable.keys(), calls), (None, {"/var/lib/falconer/spool"}, {53, 8053, 5432}))
        for values, reason in (({"claim": "a", "command": "b"}, "one of the two"), ({"environmentSecret": "a"}, "is nothing without")):
            with self.assertRaisesRegex(AssertionError, reason):
                render(EVENTS, merged(STORE_VALUES, {"store": {"archive": values}}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
