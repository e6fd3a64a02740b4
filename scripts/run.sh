#!/bin/sh
# Runs one of the repository's programs under Node 26, after setting up what a clone lacks.
#
#   scripts/run.sh [--bundle] FILE [argument...]
#
# FILE is relative to the repository's root; --bundle brings dist/ up to date first. The shell
# hands over with exec, so signals, the exit code and standard input are the program's own and
# no process stays in between.
set -eu

root=$(CDPATH='' cd -P -- "$(dirname -- "$0")/.." && pwd)
options=
if [ "$1" = --bundle ]; then
  options=$1
  shift
fi
program=$1
shift

if ! command -v node >/dev/null 2>&1; then
  echo 'weft: no `node` on PATH. Install Node.js 20 or later (https://nodejs.org), then run this again.' >&2
  exit 1
fi
# setup.mjs prints the path of Node 26 and says on standard error what it does meanwhile.
node=$(node "$root/scripts/setup.mjs" $options </dev/null) || exit $?

exec "$node" "$root/$program" "$@"
