#!/usr/bin/env bash
# Makes all that is released, in build/release-artifacts: the image, what it holds (SPDX), the charts, the objects to register, and the
# checksums of it all.
#
#   release.sh [PROGRAM]       default: build/release/falconer, which is built if it is not there
#
# The same commit, the same Debian packages and the same compiler give the same bytes. Nothing is pushed.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-build/release/falconer}
[ -x "$program" ] || scripts/lib/build.sh release falconer
out=build/release-artifacts
work=$(mktemp -d "${TMPDIR:-/tmp}/falconer-release.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
root=$work/root

version=$(sed -n 's/^project(falconer VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
architecture=$(dpkg --print-architecture)
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH=$epoch
helm=$(scripts/lib/go-build.sh tests/peers/helm helm.sh/helm/v3/cmd/helm)

rm -rf "$out"
mkdir -p "$out"

echo "the image"
scripts/lib/image-root.sh "$program" "$root"
# What is left of how it went, and of this machine: its name, where its packages are from. Devices an engine makes.
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/* "$root"/var/cache/ldconfig/* \
    "$root"/etc/{hostname,resolv.conf,machine-id} "$root"/etc/apt/{sources.list,sources.list.d/*,auth.conf.d/*}
tar --create --directory "$root" --sort=name --mtime="@$epoch" --clamp-mtime --numeric-owner --exclude='./dev/*' . |
    gzip -9 --no-name >"$work/layer.tar.gz"
python3 scripts/lib/oci_archive.py pack "$work/layer.tar.gz" Dockerfile "$architecture" "ghcr.io/gardener/falconer:$version" \
    "$out/falconer-$version-linux-$architecture.oci.tar"

echo "what it holds"
program_sum=$(sha256sum "$root/usr/local/bin/falconer" | cut -d' ' -f1)
# Libraries that are headers only: their code is in the program.
python3 scripts/lib/sbom.py "$root" "$version" "https://gardener.cloud/spdx/falconer-$version-$program_sum" "$epoch" \
    libasio-dev libboost1.81-dev rapidjson-dev libcli11-dev >"$out/falconer-$version.spdx.json"

echo "the charts"
export HELM_CACHE_HOME=$work/helm HELM_CONFIG_HOME=$work/helm HELM_DATA_HOME=$work/helm
for chart in charts/*/Chart.yaml; do
    "$helm" package "$(dirname "$chart")" --version "$version" --app-version "$version" --destination "$work/charts" 2>"$work/helm.log" >&2 ||
        { cat "$work/helm.log" >&2; exit 1; }
done
# Helm packs the time of day, too.
for packed in "$work"/charts/*.tgz; do
    mkdir "$work/unpacked"
    tar -xzf "$packed" -C "$work/unpacked"
    tar --create --directory "$work/unpacked" --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --mode=a=rX,u+w \
        "$(ls "$work/unpacked")" | gzip -9 --no-name >"$out/$(basename "$packed")"
    rm -r "$work/unpacked"
done

echo "the objects"
cp config/registration/*.yaml config/crds/falcoprofiles.yaml "$out"
cp config/examples/profile.yaml "$out/falcoprofile.yaml"

(cd "$out" && sha256sum -- * >"$work/sums" && mv "$work/sums" SHA256SUMS)
du -h "$out"/*
