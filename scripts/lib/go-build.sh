#!/usr/bin/env bash
# Builds a Go program once and prints the path of the binary.
#
#   go-build.sh FOLDER PACKAGE     FOLDER holds go.mod; PACKAGE is what `go build` gets, e.g. `.`
#
# A file `ldflags` in FOLDER goes to the linker. The binary is kept outside the tree under a name made of everything
# that went in, so that a change builds anew. Who comes while it is being built waits for it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cache.sh"
folder=$(cd "${1:?usage: go-build.sh FOLDER PACKAGE}" && pwd)
package=${2:?usage: go-build.sh FOLDER PACKAGE}

name=$(basename "$package")
[ "$name" != . ] || name=$(basename "$folder")
wanted=$(sed -n 's/^go //p' "$folder/go.mod")
key=$(cd "$folder" && find . -type f \( -name '*.go' -o -name go.mod -o -name go.sum -o -name ldflags \) -print0 | sort -z |
    xargs -0 sha256sum | { cat; echo "$package"; } | sha256sum | cut -c1-16)
binary=$falconer_cache/peers/$key/$name

build() {
    local go ldflags='-s -w'
    go=$("$here/go.sh" "$wanted")
    [ ! -f "$folder/ldflags" ] || ldflags+=" $(tr '\n' ' ' <"$folder/ldflags")"
    cd "$folder"
    export GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0
    # Brings what is needed and nothing more, which `go mod download` would.
    "$here/try.sh" "the Go modules of $(sed -n 's/^module //p' go.mod)" "$go" list -deps "$package" >/dev/null
    echo "building $name" >&2
    "$go" build -trimpath -buildvcs=false -ldflags "$ldflags" -o "$binary.$$" "$package" >&2
    mv "$binary.$$" "$binary"
}

if [ ! -x "$binary" ]; then
    mkdir -p "$(dirname "$binary")"
    exec 9>"$binary.lock"
    flock 9
    # Meanwhile somebody else may have built it. The lock is not for what the compiler may leave running.
    [ -x "$binary" ] || (trap 'rm -f "$binary.$$"' EXIT; build 9>&-)
fi
echo "$binary"
