#!/usr/bin/env bash
# Prints the folder of a Go module's sources, which it brings if need be.
#
#   go-module.sh FOLDER MODULE     FOLDER holds the go.mod that pins it
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:?usage: go-module.sh FOLDER MODULE}"
go=$("$here/go.sh" "$(sed -n 's/^go //p' go.mod)")
GOTOOLCHAIN=local GOFLAGS=-mod=readonly "$go" mod download -json "${2:?usage: go-module.sh FOLDER MODULE}" |
    sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p'
