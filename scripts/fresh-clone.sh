#!/bin/sh
# Walks the newcomer's path: clones the last commit into a temporary folder, where nothing is
# installed, and runs npm scripts there.
#
#   scripts/fresh-clone.sh check test
#
# WEFT_KEEP=1 leaves the folder behind.
set -eu

if [ $# -eq 0 ]; then
  echo 'usage: scripts/fresh-clone.sh NPM-SCRIPT...' >&2
  exit 2
fi

root=$(CDPATH='' cd -P -- "$(dirname -- "$0")/.." && pwd)
folder=$(mktemp -d "${TMPDIR:-/tmp}/weft-clone-XXXXXX")
cleanup() {
  if [ "${WEFT_KEEP:-}" = 1 ]; then
    echo "fresh-clone: left in $folder"
  else
    rm -rf "$folder"
  fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Under npm this repository's own tools come first on PATH; a newcomer has none of them.
PATH=$(printf '%s' "$PATH" | tr ':' '\n' | grep -v '/node_modules/' | paste -s -d : -)
export PATH

git clone -q "$root" "$folder"
cd "$folder"
echo "fresh-clone: $(git log -1 --format='%h %s'), node $(node --version), npm $(npm --version)"
for script in "$@"; do
  echo "fresh-clone: npm run $script"
  npm run "$script" </dev/null
done
echo 'fresh-clone: passed'
