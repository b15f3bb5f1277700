#!/usr/bin/env bash
# Proves the image without a container engine: a root made of nothing but the runtime packages (and
# Debian's essential ones), in which the program answers as an unprivileged user.
#
#   image-proof.sh [PROGRAM | IMAGE.oci.tar]       default: build/release/falconer
#
# An image is one that scripts/release.sh has made; for a program scripts/lib/image-root.sh makes the root.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "${1:-build/release/falconer}")
work=$(mktemp -d "${TMPDIR:-/tmp}/falconer-image.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
root=$work/root

if [[ $program == *.oci.tar ]]; then
    mkdir "$root"
    python3 scripts/lib/oci_archive.py layer "$program" | tar --extract --gzip --directory "$root" --numeric-owner
else
    scripts/lib/image-root.sh "$program" "$root"
fi
# Rules the other way, from a folder: no registry can be reached from everywhere.
RULES_FROM=$PWD/config/rules/demo RULES_VERSIONS='4.0.0 5.0.0' scripts/lib/image-rules.sh "$root/usr/local/bin/falconer" "$work/pulled"
for version in 4.0.0 5.0.0; do
    cmp "config/rules/demo/$version/falco_rules.yaml" "$work/pulled/$version/falco_rules.yaml"
done
install -d -m 700 "$root/var/lib/falconer"
[ "$(id -u)" != 0 ] || chown 65532:65532 "$root/var/lib/falconer"

# as_nobody COMMAND…: in the root, as the image's user.
as_nobody() {
    if [ "$(id -u)" = 0 ]; then
        chroot --userspec=65532:65532 "$root" "$@"
    else
        unshare --map-root-user chroot "$root" "$@"
    fi
}

if as_nobody ldd /usr/local/bin/falconer | grep 'not found'; then exit 1; fi
as_nobody /usr/local/bin/falconer version
as_nobody /usr/local/bin/falconer token keygen >"$work/key.pem"
install -m 644 "$work/key.pem" "$root/etc/falconer/key.pem"
as_nobody /usr/local/bin/falconer token keys --key /etc/falconer/key.pem >"$root/etc/falconer/keys.yaml"
rm "$root/etc/falconer/key.pem"
echo secret >"$root/etc/falconer/password"
cat >"$root/etc/falconer/falconer.yaml" <<YAML
apiVersion: falco.extensions.config.gardener.cloud/v1alpha1
kind: Configuration
store:
  hosts: [127.0.0.1]
  port: 5432
  database: falconer
  user: falconer
  passwordFile: /etc/falconer/password
ingestor:
  listen: 127.0.0.1:3200
  keysFile: /etc/falconer/keys.yaml
  spool:
    directory: /var/lib/falconer
YAML
as_nobody /usr/local/bin/falconer serve --check --config /etc/falconer/falconer.yaml --roles ingestor
echo "the image's root: $(du -sm "$root" | cut -f1) MiB, $(grep -c '^Package:' "$root/var/lib/dpkg/status") packages"
