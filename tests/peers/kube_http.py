"""A Kubernetes API server from the asking side: whichever a kubeconfig names."""

import base64
import http.client
import json
import pathlib
import ssl
import threading
import time
import urllib.parse

import yaml

import paths  # noqa: F401
from testbed import eventually

CUSTOM_RESOURCES = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MANAGER = "gardener-resource-manager"  # of server-side apply


class Api:
    def __init__(self, kubeconfig):
        file = pathlib.Path(kubeconfig)
        config = yaml.safe_load(file.read_text())
        cluster = config["clusters"][0]["cluster"]
        self.server, self._token = cluster["server"], config["users"][0]["user"]["token"]
        authority = cluster.get("certificate-authority-data")
        authority = base64.b64decode(authority).decode() if authority else (file.parent / cluster["certificate-authority"]).read_text()
        self._context = ssl.create_default_context(cadata=authority)
        self._of_thread = threading.local()  # its connection
        self._served = {}

    def call(self, verb, path, body=None, ask="", kind=None, patience=30):
        """What the server answers; None: it is not there. Raises with the server's sentence for everything else."""
        kind = kind or ("application/merge-patch+json" if verb == "PATCH" else "application/json")
        status, fields, text = self._exchange(verb, path + ask, None if body is None else json.dumps(body).encode(), {
            "Authorization": f"Bearer {self._token}", "Content-Type": kind})
        if status < 300:
            return json.loads(text)
        if status == 404 and verb == "GET":
            return None
        if status == 429 and patience > 0:  # such as "storage is (re)initializing", behind a new CRD
            time.sleep(float(fields.get("Retry-After", 1)))
            return self.call(verb, path, body, ask, kind, patience - 1)
        raise AssertionError(f"{verb} {path}: {status} {text.decode(errors='replace')}")

    def _exchange(self, verb, target, body, fields):
        where = urllib.parse.urlparse(self.server)
        for is_last in (False, True):
            connection = getattr(self._of_thread, "connection", None)
            is_new = connection is None
            if is_new:
                connection = self._of_thread.connection = http.client.HTTPSConnection(where.netloc, timeout=120, context=self._context)
            try:
                connection.request(verb, where.path + target, body, fields)
                answer = connection.getresponse()
                return answer.status, answer.headers, answer.read()
            except (OSError, http.client.HTTPException) as why:
                connection.close()
                self._of_thread.connection = None
                # One that has been idle may have been closed meanwhile.
                if is_new or is_last or not isinstance(why, (ConnectionError, http.client.RemoteDisconnected, ssl.SSLEOFError)):
                    raise

    def path_of(self, made):
        """Where objects of its kind are."""
        version = made["apiVersion"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if made["kind"] not in self._served.get(version, {}):
            answer = self.call("GET", root)
            assert answer, f"the server does not know {version}"
            self._served[version] = {each["kind"]: each for each in answer["resources"] if "/" not in each["name"]}
        kind = self._served[version][made["kind"]]
        metadata = made.get("metadata", made)  # a reference has no metadata
        space = f"/namespaces/{metadata['namespace']}" if kind["namespaced"] else ""
        return f"{root}{space}/{kind['name']}"

    def create(self, made):
        return self.call("POST", self.path_of(made), made)

    def apply(self, made, ask=""):
        """By server-side apply, and strictly: what the server does not know is an error."""
        path = f"{self.path_of(made)}/{made['metadata']['name']}?fieldManager={MANAGER}&force=true&fieldValidation=Strict{ask}"
        return self.call("PATCH", path, made, kind="application/apply-patch+yaml")

    def refusal(self, made):
        """Why the server would not take it: neither created with its strict validation nor by server-side apply. Empty: it would."""
        try:
            self.call("POST", self.path_of(made), made, "?dryRun=All&fieldValidation=Strict")
            self.apply(made, "&dryRun=All")
            return ""
        except AssertionError as why:
            return str(why)

    def define(self, *definitions):
        """CRDs, which are served when this returns."""
        for each in definitions:
            self.call("POST", CUSTOM_RESOURCES, each)
        for each in definitions:
            eventually(lambda each=each: self._serves(each), 120, "the CRD is served")
        self._served.clear()

    def _serves(self, definition):
        """A CRD is established a little before its objects can be asked for."""
        spec, name = definition["spec"], definition["metadata"]["name"]
        conditions = self.call("GET", f"{CUSTOM_RESOURCES}/{name}")["status"].get("conditions") or []
        if not any(each["type"] == "Established" and each["status"] == "True" for each in conditions):
            return False
        paths = [f"/apis/{spec['group']}/{version['name']}/{spec['names']['plural']}" for version in spec["versions"] if version["served"]]
        return all(self.call("GET", path) is not None for path in paths)
