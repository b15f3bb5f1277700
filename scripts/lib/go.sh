#!/usr/bin/env bash
# Prints the path of a `go` program of at least a given version, bringing one in if needed.
#
#   go.sh VERSION      e.g. go.sh 1.26
#
# Taken in this order: the machine's Go; one fetched earlier; the module golang.org/toolchain, which
# any Go can download, Debian 12's 1.19 too (that one is installed first if there is no Go at all).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cache.sh"
needed=${1:?usage: go.sh VERSION}
bring=1.26.8 # what is fetched when the machine's Go is too old

version_of() { "$1" env GOVERSION 2>/dev/null | sed -n 's/^go\([0-9.]*\).*/\1/p'; }
at_least() { [ -n "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -1)" = "$1" ]; }

export GOTOOLCHAIN=local # a Go that quietly becomes another one would answer for that one
fetched=$falconer_cache/go-$bring
for go in "$(command -v go || true)" /usr/local/go/bin/go "$fetched/bin/go"; do
    if [ -x "$go" ] && at_least "$needed" "$(version_of "$go")"; then
        echo "$go"
        exit 0
    fi
done
if ! at_least "$needed" "$bring"; then
    echo "go.sh: Go $needed is wanted, but this script brings $bring: raise it there" >&2
    exit 1
fi

go=$(command -v go || true)
if [ -z "$go" ]; then
    "$here/packages.sh" install go
    go=$(command -v go)
fi
arch=$("$go" env GOARCH)
echo "fetching Go $bring for the tests' peers (once)" >&2
mkdir -p "$falconer_cache"
exec 9>"$fetched.lock" # who comes meanwhile finds it here
flock 9
if [ -x "$fetched/bin/go" ]; then
    echo "$fetched/bin/go"
    exit 0
fi
work=$(mktemp -d "$falconer_cache/go-fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
printf 'module fetch\n\ngo 1.19\n' >go.mod
from=$("$here/try.sh" "Go $bring" "$go" mod download -json "golang.org/toolchain@v0.0.1-go$bring.linux-$arch" | sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p')
[ -d "$from" ] || { echo "go.sh: the module proxy did not give Go $bring" >&2; exit 1; }
cp -r "$from" "$work/go"
chmod -R u+w "$work/go"
# A module's files are not executable; a toolchain's programs must be.
find "$work/go/bin" "$work/go/pkg/tool" -type f -exec chmod +x {} +
rm -rf "$fetched"
mv "$work/go" "$fetched"
at_least "$needed" "$(version_of "$fetched/bin/go")"
echo "$fetched/bin/go"
