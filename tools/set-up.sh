#!/bin/sh
# Brings what the project needs into its own folder: the packages of package-lock.json, Node 26 among them, and the
# PKCS#11 binding, built against the headers that come with that Node. Needs no root. What can be brought only by the
# system is checked first. Killed at any moment, it starts again from what is whole.
#   tools/set-up.sh FOLDER    the checkout's folder
set -eu
here=$1
cache=$here/.cache
log=$cache/set-up.log
stamp=$here/node_modules/.ceremony-setup

say() { printf '%s\n' "set-up: $*"; }

# Without the folders that `npm run` puts in front: set-up must not run on the Node that it is about to replace.
rest=$PATH:
PATH=
while [ -n "$rest" ]; do
  folder=${rest%%:*}
  rest=${rest#*:}
  case $folder in */node_modules/.bin) ;; *) PATH=${PATH:+$PATH:}$folder ;; esac
done
export PATH

# Every tool that is missing is named at once, with the packages that bring them.
missing= packages=
need() {
  command -v "$1" >/dev/null 2>&1 && return
  missing="$missing $1"
  case " $packages " in *" $2 "*) ;; *) packages="$packages $2" ;; esac
}
need node nodejs
need npm npm
for tool in cc c++ make; do need "$tool" build-essential; done
need python3 python3
need flock util-linux
if [ -n "$missing" ]; then
  say "missing on this system:$missing"
  say '  node and npm bring the packages; a compiler, make and python3 build the PKCS#11 binding.'
  say "  Debian, Ubuntu: sudo apt-get install$packages   (Node.js 20 or newer: https://nodejs.org)"
  exit 1
fi
version=$(node --version)
major=${version#v}
if [ "${major%%.*}" -lt 20 ]; then
  say "Node.js $version is too old to run npm for this project; it needs 20 or newer."
  say '  Install it from your distribution or from https://nodejs.org, then start again.'
  exit 1
fi
case $(uname -s)-$(uname -m) in
  Linux-x86_64 | Linux-aarch64) ;;
  *)
    say "found $(uname -s) on $(uname -m); Node 26 is brought for Linux on x86_64 and aarch64 only."
    exit 1
    ;;
esac

# One set-up at a time. The lock goes with the processes that hold it, so none is left behind by a kill.
mkdir -p "$cache"
exec 9>"$cache/set-up.lock"
if ! flock -n 9; then
  say 'another set-up is running in this folder; waiting for it …'
  flock 9
fi

# Git and copies set times at will, so a newer lock file is a reason to look, not yet to install.
digest=$(sha256sum <"$here/package-lock.json")
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ] && [ -x "$here/node_modules/.bin/node" ] &&
  [ "$here/node_modules/@ceremony/engine/package.json" -ef "$here/engine/package.json" ]; then
  touch "$stamp"
  exit 0
fi

run() {
  "$@" >>"$log" 2>&1 </dev/null && return 0
  say "this failed: $*"
  tail -n 20 "$log"
  say "The whole log is in $log; mend the cause and start again."
  exit 1
}

cd "$here"
: >"$log"
rm -f "$stamp"
# npm's own cache where there is a home to keep it, else in the project.
[ -d "${HOME-}" ] && [ -w "${HOME-}" ] || export npm_config_cache="$cache/npm"

say 'fetching packages, Node 26 among them (once; about 600 MB on disk) …'
# No package's script runs by itself. The options undo what a user's own configuration of npm may say otherwise.
run npm ci --ignore-scripts --include=dev --include=optional --engine-strict=false --no-audit --no-fund --loglevel=error
node_home=$(dirname "$(dirname "$(readlink -f node_modules/.bin/node)")")

say "building the PKCS#11 binding for Node $("$node_home/bin/node" --version) …"
# The one script that runs, by name. Headers come from the package: nothing is downloaded for the build.
npm_config_nodedir=$node_home npm_config_devdir=$cache/node-gyp run npm rebuild pkcs11js --ignore-scripts=false --no-audit --no-fund --loglevel=error
run "$node_home/bin/node" -e 'require("pkcs11js")'

printf '%s\n' "$digest" >"$stamp.new"
mv "$stamp.new" "$stamp"
say 'done.'
