#!/usr/bin/env bash
# Prints the folder with a Debian package's files, which it downloads and unpacks if need be. For programs that would start as a service
# if they were installed.
#
#   unpacked.sh PACKAGE     e.g. unpacked.sh docker-registry
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cache.sh"
package=${1:?usage: unpacked.sh PACKAGE}
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-$ID}")
folder=$falconer_cache/debian/$release/$package

# As root apt would change to a user who may not write here.
download() { apt-get -q -o APT::Sandbox::User=root download "$package" >&2; }
export -f download
export package

bring() {
    work=$(mktemp -d "$folder.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    cd "$work"
    # Lists that are not there, or older than the mirror, are the likeliest reason.
    download || { "$here/packages.sh" refresh lists; "$here/try.sh" "Debian's package $package" bash -c download; }
    dpkg -x "$work"/*.deb "$work/root"
    mv "$work/root" "$folder"
}

if [ ! -d "$folder" ]; then
    mkdir -p "$(dirname "$folder")"
    exec 9>"$folder.lock"
    flock 9
    [ -d "$folder" ] || (bring 9>&-)
fi
echo "$folder"
