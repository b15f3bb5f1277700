#!/usr/bin/env bash
# Makes the image's root file system without a container engine: Debian's essential packages, the runtime packages and the
# program with its rules (RULES_FROM, see image-rules.sh), as the Dockerfile does, but without apt and what else its base calls
# required. The packages come from the machine's own apt sources.
#
#   image-root.sh PROGRAM ROOT     ROOT must not exist
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=${1:?usage: image-root.sh PROGRAM ROOT}
root=${2:?usage: image-root.sh PROGRAM ROOT}

mapfile -t sources < <(grep -lEr 'debian\.org|/debian' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
    grep -E '\.(list|sources)$')
[ ${#sources[@]} -gt 0 ] || { echo "no apt source for Debian is configured" >&2; exit 1; }
options=()
proxy=$(apt-config dump Acquire::http::Proxy --format '%v')
[ -z "$proxy" ] || options+=(--aptopt="Acquire::http::Proxy \"$proxy\"")
packages=$("$here/packages.sh" list runtime | paste -sd,)
log=$(mktemp "${TMPDIR:-/tmp}/falconer-root.XXXXXX")
trap 'rm -f "$log"' EXIT
mmdebstrap --quiet --variant=essential --include="$packages" "${options[@]}" bookworm "$root" "${sources[@]}" >"$log" 2>&1 ||
    { cat "$log" >&2; exit 1; }

install -D -m 755 "$program" "$root/usr/local/bin/falconer"
strip "$root/usr/local/bin/falconer"
"$here/image-rules.sh" "$program" "$root/usr/share/falconer/rules"
install -d -m 755 "$root/etc/falconer"
