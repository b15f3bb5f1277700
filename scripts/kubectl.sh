#!/usr/bin/env bash
# A kubectl that the sandbox of `falconer up` is made for, 1.30 or newer: the machine's, else one that is built once
# (minutes; Go comes with it if need be).
#
#   scripts/kubectl.sh           prints its path
#   scripts/kubectl.sh ARG…      runs it
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
needed=1.30

version_of() { "$1" version --client -o json 2>/dev/null | sed -n 's/.*"gitVersion": *"v\([0-9]*\.[0-9]*\).*/\1/p' | head -1; }
at_least() { [ -n "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -1)" = "$1" ]; }

kubectl=$(command -v kubectl || true)
[ -n "$kubectl" ] && at_least "$needed" "$(version_of "$kubectl")" ||
    kubectl=$("$here/lib/go-build.sh" "$here/../tests/peers/kube-apiserver" ./kubectl)
[ $# -gt 0 ] || { echo "$kubectl"; exit 0; }
exec "$kubectl" "$@"
