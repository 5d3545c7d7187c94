#!/bin/bash
# Runs a command beside a real systemd-journald, and nothing else of systemd, in namespaces of its
# own: what the command sends to the journal can be read back with journalctl.
#
#   tests/systemd/with-journald.sh COMMAND [ARG...]
#
# Needs root and takes about a second. The exit status is the command's; 77 where this is impossible.
set -u

if [ -z "${WITH_JOURNALD_INSIDE:-}" ]; then
    if [ $# -eq 0 ]; then
        echo "usage: with-journald.sh COMMAND [ARG...]" >&2
        exit 64
    fi
    if [ "$(id -u)" != 0 ] || ! unshare --mount --pid --fork true 2>/dev/null; then
        echo "with-journald: needs root and namespaces" >&2
        exit 77
    fi
    if [ ! -x /lib/systemd/systemd-journald ] || ! command -v journalctl >/dev/null; then
        echo "with-journald: needs systemd-journald and journalctl (Debian: systemd)" >&2
        exit 77
    fi
    export WITH_JOURNALD_INSIDE=1
    exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc "$0" "$@"
fi
unset WITH_JOURNALD_INSIDE

# What the machine itself has in these places is hidden from here on, and only here.
mount -t tmpfs -o mode=755 tmpfs /run || exit 77
if [ -d /var/log/journal ]; then
    mount -t tmpfs -o mode=755 tmpfs /var/log/journal || exit 77
fi
mkdir -p /run/systemd/journal /run/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\n' >/run/systemd/journald.conf.d/test.conf

/lib/systemd/systemd-journald &
journald=$!
for _ in $(seq 250); do
    [ -S /run/systemd/journal/stdout ] && break
    sleep 0.02
done
if [ ! -S /run/systemd/journal/stdout ]; then
    echo "with-journald: systemd-journald does not start here" >&2
    exit 77
fi

"$@"
status=$?
kill "$journald"
wait "$journald"
exit "$status"
