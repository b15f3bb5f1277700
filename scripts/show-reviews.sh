#!/usr/bin/env bash
# Shows what the admission webhook says to a shoot's owner: what it makes of the minimal shoot, and
# the sentence that each of a dozen wrong ones is refused with. Without a cluster.
#
#   scripts/show-reviews.sh [FALCONER]     default: the program that was built last
set -euo pipefail
cd "$(dirname "$0")/.."
examples=config/examples/reviews
falconer=${1:-$(find build -path '*/falconer' -type f -executable -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -1 | cut -d' ' -f2)}
[ -n "$falconer" ] || { echo "there is no program; scripts/lib/build.sh release falconer builds it" >&2; exit 2; }

# An object as an API server shows it to a webhook.
as_review() {
    printf 'apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest:\n  uid: example\n  operation: CREATE\n  object:\n'
    sed 's/^/    /' "$1"
}

ask() { # FILE
    as_review "$1" | RESTRICTED_USAGE='' "$falconer" review --phase validate --after-mutation --profile config/examples/profile.yaml \
        --config $examples/landscape.yaml --objects $examples/garden.yaml --restricted-usage \
        --restricted-centralized-logging --now 2026-11-27T12:00:00Z
}

show() { # FILE; reads the answer
    python3 -c '
import base64, json, sys
response = json.load(sys.stdin)["response"]
print("\033[1m%s\033[0m" % sys.argv[1] if sys.stdout.isatty() else sys.argv[1])
if response["allowed"]:
    print("  allowed")
    for each in json.loads(base64.b64decode(response.get("patch", "W10="))):
        print("  %s %s" % (each["op"], each["path"]))
        print("\n".join("    " + line for line in json.dumps(each["value"], indent=2).splitlines()))
else:
    print("\n".join("  " + line for line in response["status"]["message"].splitlines()))
for each in response.get("warnings", []):
    print("  warning: " + each)
' "$1"
}

answers=$(mktemp)
trap 'rm -f "$answers"' EXIT
for file in $examples/minimal.yaml $(find $examples -name '*.yaml' ! -name minimal.yaml ! -name garden.yaml ! -name landscape.yaml | sort); do
    ask "$file" >"$answers"
    show "$(basename "$file")" <"$answers"
done
