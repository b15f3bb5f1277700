#!/usr/bin/env bash
# Falco's rules for the image.
#
#   image-rules.sh PROGRAM FOLDER
#
# RULES_FROM      a registry, a mirror or a folder, as `falconer rules pull --from` takes it; empty: nothing
#                 is asked of anybody, and the folder gets what is in config/rules
# RULES_VERSIONS  which versions
# RULES_DIGESTS   what their manifests must be: falco-rules:5.0.0@sha256:…
set -euo pipefail
program=$(realpath "${1:?usage: image-rules.sh PROGRAM FOLDER}")
folder=${2:?usage: image-rules.sh PROGRAM FOLDER}
tree=$(cd "$(dirname "$0")/../.." && pwd)

mkdir -p "$folder"
if [ -z "${RULES_FROM:-}" ]; then
    cp -r "$tree/config/rules/." "$folder/"
    exit 0
fi
for version in ${RULES_VERSIONS:?which versions?}; do
    pins=()
    for pin in ${RULES_DIGESTS:-}; do
        case $pin in *":$version@"*) pins+=(--digest "$pin") ;; esac
    done
    "$program" rules pull --version "$version" --from "$RULES_FROM" --to "$folder" "${pins[@]}"
done
