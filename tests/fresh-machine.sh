#!/usr/bin/env bash
# Tries the README's two commands as on a fresh machine: a bare Debian 12 with git and make, no
# compiler, no pkg-config, no certificates, made for this run in a folder and removed after it.
#
#   tests/fresh-machine.sh [run|test]...     both where nothing is named
#
# What is committed is what gets tried. Needs root, mmdebstrap and a network.
set -euo pipefail
cd "$(dirname "$0")/.."

say() {
    echo "fresh: $*"
}

[ "$(id -u)" = 0 ] || {
    say "needs root, to make a machine's root folder and enter it" >&2
    exit 77
}
command -v mmdebstrap >/dev/null || {
    say "needs mmdebstrap: apt-get install mmdebstrap" >&2
    exit 77
}

machine=$(mktemp -d /var/tmp/houvast-fresh.XXXXXX)
trap 'rm -rf --one-file-system "$machine"' EXIT

# The archive that this machine itself uses; the format is apt's.
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 '/debian/$')

say "making a bare Debian 12 under $machine"
mmdebstrap --quiet --variant=apt --include=git,make bookworm "$machine" "$mirror"
cp /etc/resolv.conf "$machine/etc/resolv.conf"
git bundle create --quiet "$machine/root/houvast.bundle" HEAD
chmod 755 "$machine"

# Runs a shell command on that machine, its own processes and mounts apart from ours.
on_machine() {
    # shellcheck disable=SC2016  # the inner shell expands it
    unshare --mount --pid --ipc --fork --kill-child -- bash -euc '
        mount --make-rprivate /
        mount --rbind "$0" "$0"
        for folder in dev sys; do mount --rbind /$folder "$0/$folder"; done
        mount -t proc proc "$0/proc"
        # Not chroot alone: there, user namespaces are refused and nsenter finds the old root. That
        # lies under /mnt until these processes end.
        cd "$0"
        pivot_root . mnt
        exec env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
            ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
            chroot . /bin/bash -euo pipefail -c "cd /root; $1"
    ' "$machine" "$1"
}

# shellcheck disable=SC2016
on_machine 'for tool in gcc cc pkg-config python3 sudo; do
    if command -v $tool; then echo "fresh: this machine is not bare: it has $tool"; exit 1; fi
done
git clone -q -c advice.detachedHead=false houvast.bundle houvast'

# A second time the same command has nothing to set up and nothing to build.
again() {
    say "$1, again"
    on_machine "cd houvast; $1 > /tmp/again 2>&1 || { tail -n 30 /tmp/again; exit 1; }
        tail -n 1 /tmp/again
        if grep -E '^(Missing|Installed|  (CC|LINK|AR|GEN|MAN) )' /tmp/again; then
            echo 'fresh: the second time did set-up or built something'; exit 1
        fi"
}

[ $# -gt 0 ] || set -- run test
for what; do
    case $what in
    run) command='make run DEMO=once' ;;
    test) command='make test' ;;
    *)
        say "no such thing to try: $what" >&2
        exit 64
        ;;
    esac
    say "$command"
    on_machine "cd houvast; $command"
    again "$command"
done
say "$* on a fresh machine, and a second time without set-up: good"
