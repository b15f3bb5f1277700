#!/usr/bin/env bash
# Shows what the admission webhook makes of Shoots, in a running `falconer up`: the minimal one with
# its defaults written back, and a dozen wrong ones with the sentences that refuse them. Nothing is
# kept: every write is a dry run.
#
#     scripts/show-admission.sh [DATA]     (DATA as given to `falconer up --data`)
#
# Exit 0 when the minimal one was completed and every wrong one refused.
set -euo pipefail
data=${1:-${XDG_DATA_HOME:-$HOME/.local/share}/falconer}
kubeconfig=$data/kubernetes/kubeconfig
[ -r "$kubeconfig" ] || { echo "$kubeconfig cannot be read: is falconer up running?" >&2; exit 2; }

exec python3 - "$kubeconfig" <<'PYTHON'
import base64, json, re, ssl, sys, urllib.error, urllib.request

text = open(sys.argv[1]).read()
said = lambda key: re.search(rf"{key}: \"?([^\s\"]+)", text).group(1)
trust = ssl.create_default_context(cadata=base64.b64decode(said("certificate-authority-data")).decode())
SHOOTS = said("server") + "/apis/core.gardener.cloud/v1beta1/namespaces/garden-demo/shoots?dryRun=All"
KIND = {"apiVersion": "falco.extensions.gardener.cloud/v1alpha1", "kind": "FalcoServiceConfig"}
GOOD = {"falcoVersion": "0.43.0", "autoUpdate": True, "rules": {"standard": ["falco-rules"]}, "destinations": [{"name": "central"}]}


def apply(config, **spec):
    """What the API server makes of a Shoot with that providerConfig: (HTTP status, its answer)."""
    extension = {"type": "shoot-falco-service", **({} if config is None else {"providerConfig": {**KIND, **config}})}
    shoot = {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Shoot", "metadata": {"name": "shown", "namespace": "garden-demo"},
             "spec": {"kubernetes": {"version": "1.33.5"}, "extensions": [extension], **spec}}
    request = urllib.request.Request(SHOOTS, json.dumps(shoot).encode(), {
        "Authorization": "Bearer " + said("token"), "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30, context=trust) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


WRONG = [
    ("a field misspelt", {"falcoVersoin": "0.43.0"}),
    ("a type that does not fit", {"autoUpdate": "sometimes"}),
    ("a version that nobody offers", {**GOOD, "falcoVersion": "9.9.9"}),
    ("a version that has expired", {**GOOD, "falcoVersion": "0.40.0"}),
    ("a standard rule that does not exist", {**GOOD, "rules": {"standard": ["falco-ruls"]}}),
    ("a destination that does not exist", {**GOOD, "destinations": [{"name": "centrla"}]}),
    ("a destination twice", {**GOOD, "destinations": [{"name": "stdout"}, {"name": "stdout"}]}),
    ("a destination without its Secret", {**GOOD, "destinations": [{"name": "custom"}]}),
    ("a destination that the landscape has not", {**GOOD, "destinations": [{"name": "otlp"}]}),
    ("rules from a ConfigMap that is not referenced", {**GOOD, "rules": {"custom": [{"resourceName": "mine"}]}}),
    ("a request above its limit", {**GOOD, "falcoConfig": {"resources": {
        "requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}}),
    ("keys of both dialects", {**GOOD, "resources": "gardener", "gardener": {"useFalcoRules": True}}),
    ("several mistakes at once", {"falcoVersion": "9.9.9", "rules": {"standard": ["x"]}, "destinations": [{"name": "y"}]}),
]

status, made = apply(None)
completed = status == 201 and "falcoVersion" in made["spec"]["extensions"][0].get("providerConfig", {})
print("the minimal shoot:", json.dumps(made["spec"]["extensions"][0], indent=1) if completed else made.get("message"))
let_in = []
for what, config in WRONG:
    status, answer = apply(config)
    if status < 300:
        let_in.append(what)
    print(f"\n{what}:\n  " + ("LET IN" if status < 300 else answer["message"].replace("\n", "\n  ")))
sys.exit(0 if completed and not let_in else 1)
PYTHON
