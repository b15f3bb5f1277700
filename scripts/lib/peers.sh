#!/usr/bin/env bash
# Brings all programs that tests/peers talks to, so that no test waits for a compiler. With empty caches this takes minutes, later nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
peers=$here/../../tests/peers
while read -r folder package; do
    "$here/go-build.sh" "$peers/$folder" "$package" >/dev/null
done <<LIST
kube-apiserver ./apiserver
kube-apiserver ./kubectl
etcd .
helm helm.sh/helm/v3/cmd/helm
webhook-sender .
LIST
for package in docker-registry prometheus; do "$here/unpacked.sh" "$package" >/dev/null; done
