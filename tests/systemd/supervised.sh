#!/usr/bin/env bash
# Proves the unit under a real systemd: what is installed in STAGE, in a small Debian, in a container.
#
#   tests/systemd/supervised.sh STAGE OUT
#
# Prints what was found, by the Test Anything Protocol. Exit status 77: not possible on this machine,
# and the last line says why; REQUIRE_SYSTEMD=1 makes a failure of that.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
stage=$(readlink -f "$1") out=$(readlink -m "$2") status=0
# Not below OUT: it takes long to make and is kept.
root=$(dirname "$out")/root

"$here/make-root.sh" "$root" "$stage/usr/sbin/houvastd" "$stage/usr/bin/houvast" &&
    "$here/boot.sh" "$root" "$stage" "$out" 170 "$here/inside.sh" || status=$?
if [ "$status" = 77 ] && [ "${REQUIRE_SYSTEMD:-0}" = 1 ]; then
    echo "supervised: REQUIRE_SYSTEMD=1 does not allow that" >&2
    exit 1
fi
exit "$status"
