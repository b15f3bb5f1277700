#!/usr/bin/env bash
# Builds a Go program once and prints the path of the binary.
#
#   go-build.sh FOLDER PACKAGE     FOLDER holds go.mod; PACKAGE is what `go build` gets, e.g. `.`
#
# Kept outside the tree under a name made of everything that went in, so that a change builds anew.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cache.sh"
folder=$(cd "${1:?usage: go-build.sh FOLDER PACKAGE}" && pwd)
package=${2:?usage: go-build.sh FOLDER PACKAGE}

key=$(cd "$folder" && find . -type f \( -name '*.go' -o -name go.mod -o -name go.sum \) -print0 | sort -z |
    xargs -0 sha256sum | { cat; echo "$package"; } | sha256sum | cut -c1-16)
binary=$falconer_cache/peers/$(basename "$folder")-$key
if [ ! -x "$binary" ]; then
    go=$("$here/go.sh" "$(sed -n 's/^go //p' "$folder/go.mod")")
    mkdir -p "$(dirname "$binary")"
    (cd "$folder" && GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0 \
        "$go" build -trimpath -o "$binary.$$" "$package") >&2
    mv "$binary.$$" "$binary"
fi
echo "$binary"
