#!/usr/bin/env bash
# Makes the small Debian 12 that the unit is tried in: systemd and what the programs link with, and
# nothing else, so that a dependency that nobody wrote down is missed. Kept while the list is the
# same.
#
#   tests/systemd/make-root.sh FOLDER PROGRAM...
#
# The packages are those that own the libraries which the programs name themselves, and tzdata,
# which no library names. Exit status 77: it cannot be made here, and the last line says why.
set -euo pipefail

root=${1:?usage: make-root.sh FOLDER PROGRAM...}
shift

impossible() {
    echo "make-root: $*" >&2
    exit 77
}

command -v dpkg-query >/dev/null || impossible "this is not Debian"

# The libraries that a program names, as packages.
packages() {
    local libraries library path
    libraries=$(objdump -p "$@" | sed -n 's/^ *NEEDED *//p' | sort -u)
    for library in $libraries; do
        path=$(ldconfig -p | sed -n "s|^[[:space:]]*$library .*=> ||p" | head -n 1)
        dpkg-query --search "$(readlink -f "$path")" 2>/dev/null || dpkg-query --search "$path"
    done | cut -d : -f 1 | sort -u
}

list=$(packages "$@" | paste -s -d ,)
list=systemd,systemd-sysv,dbus,tzdata,$list
stamp=$root.packages
if [ -d "$root/usr" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$list" ]; then exit 0; fi

[ "$(id -u)" = 0 ] || impossible "needs root"
command -v mmdebstrap >/dev/null || impossible "mmdebstrap is missing (apt-get install mmdebstrap)"
# The archive that this machine itself uses; the format is apt's.
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 '/debian/$') ||
    impossible "no Debian archive in /etc/apt/sources.list"

echo "make-root: making a Debian with $list (once)" >&2
rm -f "$stamp"
rm -rf --one-file-system "$root"
mmdebstrap --quiet --variant=essential --include="$list" bookworm "$root" "$mirror" >&2 ||
    impossible "the packages could not be had; is there a network?"
rm -f "$root/etc/resolv.conf"
echo "$list" >"$stamp"
