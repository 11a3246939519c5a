#!/bin/sh
# Prints the path of SoftHSM2's PKCS#11 library: the installed one, or one unpacked from the distribution's packages into
# the project's own folder. Needs no root. apt checks the packages against the distribution's signatures.
#   tools/softhsm.sh FOLDER    the checkout's folder
set -eu
here=$1
unpacked=$here/.cache/softhsm

find_library() {
  for path in "${CEREMONY_SOFTHSM-}" /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so /usr/local/lib/softhsm/libsofthsm2.so \
    /usr/lib64/pkcs11/libsofthsm2.so "$unpacked"/usr/lib/*/softhsm/libsofthsm2.so; do
    if [ -n "$path" ] && [ -f "$path" ]; then
      printf '%s\n' "$path"
      return 0
    fi
  done
  return 1
}
find_library && exit 0

say() { printf '%s\n' "set-up: $*" >&2; }
give_up() {
  say "SoftHSM2 (the HSM of rehearsals and tests) could not be brought: $1"
  say '  Install it: sudo apt-get install softhsm2'
  exit 1
}
for tool in apt-get dpkg flock; do
  command -v "$tool" >/dev/null 2>&1 || give_up "this system has no $tool"
done

# One at a time; whoever waited finds the work done.
mkdir -p "$here/.cache"
exec 9>"$here/.cache/softhsm.lock"
flock 9
find_library && exit 0

say "unpacking SoftHSM2 from the distribution's packages into .cache/softhsm …"
work=$here/.cache/softhsm.new
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/root"
log=$here/.cache/softhsm.log
cd "$work"
if ! apt-get download libsofthsm2 >"$log" 2>&1; then
  # The system's lists of packages are missing or old, and only root may renew them: fetch lists of our own.
  set -- -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work" -o Debug::NoLocking=1 -o "APT::Sandbox::User=$(id -un)"
  { apt-get "$@" update && apt-get "$@" download libsofthsm2; } >>"$log" 2>&1 || give_up "$(tail -n 3 "$log")"
fi
for package in ./*.deb; do dpkg -x "$package" root; done
for library in root/usr/lib/*/softhsm/libsofthsm2.so; do
  # Debian's build needs only the C++ runtime and OpenSSL, which Node and apt bring along nearly everywhere.
  lacks=$(ldd "$library" | sed -n 's/ *=> not found//p' | tr -d '\t' | tr '\n' ' ')
  [ -z "$lacks" ] || give_up "libraries that it needs are not installed: $lacks"
done
rm -rf "$unpacked"
mv root "$unpacked"
cd "$here"
rm -rf "$work"
find_library || give_up 'the package holds no libsofthsm2.so'
