#!/usr/bin/env bash
# Whether systemd understands what is in systemd/, and how exposed the daemon is. Needs no privilege.
#
#   tests/systemd/check-units.sh BUILD      the folder with the programs that the unit names
#
# systemd-analyze ends with 0 where it does not know a key and only says so: whatever it says counts
# as a failure. The exposure is in tenths.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=$(readlink -f "${1:?usage: tests/systemd/check-units.sh BUILD}")
exposure_max=12
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

command -v systemd-analyze >/dev/null || {
    echo "units: not checked, systemd-analyze is missing" >&2
    exit 0
}
unit=$folder/houvastd@.service
sed "s|/usr/s*bin/|$build/|" systemd/houvastd@.service >"$unit"

said=$(systemd-analyze verify --man=no --recursive-errors=no "$unit" 2>&1) || said+=" (and failed)"
[ -z "$said" ] || {
    echo "units: $said" >&2
    exit 1
}
if ! said=$(LC_ALL=C systemd-analyze security --offline=true --no-pager \
    --threshold="$exposure_max" "$unit" 2>&1); then
    echo "$said" >&2
    echo "units: the daemon is more exposed than $exposure_max tenths" >&2
    exit 1
fi
echo "$said" | sed -n '$s/^[^A-Za-z]*/units: /p'

said=$(systemd-sysusers --dry-run "$PWD/systemd/houvast.sysusers" 2>&1) || said+=": ignoring it all"
case $said in
*ignoring*)
    echo "units: systemd/houvast.sysusers: $said" >&2
    exit 1
    ;;
esac
