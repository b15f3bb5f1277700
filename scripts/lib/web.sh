#!/usr/bin/env bash
# Builds the console's page into web/dist, unless it is there already and made of these very sources.
#
#   web.sh              builds what is missing
#   web.sh packages     only brings in the page's packages and tools; prints the folder of its node
#
# web/.built says which sources web/dist was made of. An archive that has both is built without Node.
set -euo pipefail
cd "$(dirname "$0")/../.."
node_needed=22.12

# sources: one line that changes with anything the page is made of.
sources() {
    find web -path web/node_modules -prune -o -path web/dist -prune -o -path web/tests -prune -o -type f ! -name ".*" -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

# packages: web/node_modules as package-lock.json says; sets node.
packages() {
    local wanted
    node=$(scripts/lib/node.sh "$node_needed")
    wanted=$(sha256sum web/package-lock.json | cut -d' ' -f1)
    [ "$(cat web/.packages 2>/dev/null || true)" = "$wanted" ] && [ -d web/node_modules ] && return 0
    rm -f web/.packages
    # No package's own scripts are run: none needs them.
    (cd web && PATH=$node:$PATH ../scripts/lib/try.sh "the page's npm packages" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
    echo "$wanted" >web/.packages
}

mkdir -p web
exec 9>web/.lock # two builds of the program at a time make one page
flock 9
case ${1:-} in
    packages)
        packages
        echo "$node"
        ;;
    '')
        now=$(sources)
        if [ -f web/dist/index.html ] && [ "$(cat web/.built 2>/dev/null || true)" = "$now" ]; then exit 0; fi
        packages
        rm -f web/.built
        (cd web && PATH=$node:$PATH npm run --silent build >&2)
        echo "$now" >web/.built
        ;;
    *)
        sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
