#!/usr/bin/env bash
# Prints the folder of a `node` of at least a given version and its `npm`, bringing both in if needed.
#
#   node.sh VERSION      e.g. node.sh 22.12
#
# Taken in this order: the machine's Node; one fetched earlier; the npm registry's packages of Node and npm, which any
# npm can install, Debian 12's too (that one is installed first if there is no npm at all).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/cache.sh"
needed=${1:?usage: node.sh VERSION}
bring=24.9.0      # what is fetched when the machine's Node is too old
bring_npm=11.19.1 # an older npm leaves out what it thinks its own Node cannot run

version_of() { "$1" --version 2>/dev/null | sed -n 's/^v\([0-9.]*\)$/\1/p'; }
at_least() { [ -n "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -1)" = "$1" ]; }

fetched=$falconer_cache/node-$bring
for node in "$(command -v node || true)" "$fetched/bin/node"; do
    folder=$(dirname "$node")
    if [ -x "$node" ] && [ -x "$folder/npm" ] && at_least "$needed" "$(version_of "$node")"; then
        echo "$folder"
        exit 0
    fi
done
if ! at_least "$needed" "$bring"; then
    echo "node.sh: Node $needed is wanted, but this script brings $bring: raise it there" >&2
    exit 1
fi

case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) echo "node.sh: the npm registry has no Node for $(uname -m)" >&2; exit 1 ;;
esac
npm=$(command -v npm || true)
if [ -z "$npm" ]; then
    "$here/packages.sh" install node
    npm=$(command -v npm)
fi
echo "fetching Node $bring to build the console's page (once)" >&2
mkdir -p "$falconer_cache"
exec 9>"$fetched.lock" # who comes meanwhile finds it here
flock 9
if [ -x "$fetched/bin/npm" ]; then
    echo "$fetched/bin"
    exit 0
fi
work=$(mktemp -d "$falconer_cache/node-fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$here/try.sh" "Node $bring" "$npm" install --prefix "$work" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error \
    "node-linux-$arch@$bring" "npm@$bring_npm" >&2
mkdir "$work/bin"
ln -s "../node_modules/node-linux-$arch/bin/node" "$work/bin/node"
ln -s ../node_modules/npm/bin/npm-cli.js "$work/bin/npm"
chmod +x "$work/node_modules/npm/bin/npm-cli.js"
at_least "$needed" "$(version_of "$work/bin/node")" || { echo "node.sh: what came is not Node $bring" >&2; exit 1; }
rm -rf "$fetched"
mv "$work" "$fetched"
trap - EXIT
echo "$fetched/bin"
