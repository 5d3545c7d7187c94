#!/usr/bin/env bash
# Boots a real systemd as the first process of a container that is thrown away afterwards, and runs
# one script in it.
#
#   tests/systemd/boot.sh ROOT STAGE OUT SECONDS SCRIPT
#
# ROOT   a Debian as make-root.sh makes it; nothing in it is changed
# STAGE  what `make install DESTDIR=STAGE` made, laid over it
# OUT    where log, journal.txt, journal.json, console.txt and status are left; $OUT inside
#
# SCRIPT runs as root when the system is up. The exit status is the script's; 77: systemd cannot be
# booted on this machine, and the last line says why; 124: no end after SECONDS; 99: no status.
set -euo pipefail

impossible() {
    echo "boot: $*" >&2
    exit 77
}

# ---- Outside -------------------------------------------------------------------------------------

# The kernel's own lists say what it can do, before anything is tried.
possible() {
    [ "$(id -u)" = 0 ] || impossible "needs root"
    command -v systemd-nspawn >/dev/null ||
        impossible "systemd-nspawn is missing (apt-get install systemd-container)"
    grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || impossible "no overlayfs"
    grep -qw cgroup2 /proc/filesystems || impossible "no cgroup v2"
    unshare --mount --pid --fork --mount-proc true 2>/dev/null ||
        impossible "no private mounts and processes can be had here"
}

# A group of processes may need a moment to be empty.
remove_cgroup() {
    # shellcheck disable=SC2016  # the inner shell expands it
    unshare --mount --propagation private sh -c '
        mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 0
        for try in 1 2 3 4 5 6 7 8 9 10; do
            [ -d "/sys/fs/cgroup/$0" ] || exit 0
            find "/sys/fs/cgroup/$0" -depth -type d -exec rmdir {} + 2>/dev/null
            sleep 0.1
        done' "$1"
}

outside() {
    local seconds=$1 status=0
    shift
    mkdir -p "$BOOT_OUT"
    rm -f "$BOOT_OUT"/{log,status,journal.txt,journal.json,console.txt}
    BOOT_NAME=houvast$$ BOOT_WORK=$(mktemp -d)
    export BOOT_NAME BOOT_WORK BOOT_INSIDE=1
    if [ -d /run/systemd/system ]; then
        # The machine's own systemd lends a scope, and the controllers of memory and tasks with it.
        timeout -k 5 "$seconds" systemd-run --quiet --scope --unit="$BOOT_NAME" -p Delegate=yes \
            unshare --mount --propagation private "$0" "$@" || status=$?
        systemctl kill --signal=KILL "$BOOT_NAME.scope" 2>/dev/null || true
    else
        # The process namespace is there so that nothing outlives this command.
        timeout -k 5 "$seconds" unshare --mount --propagation private \
            unshare --pid --fork --kill-child --mount-proc "$0" "$@" || status=$?
        remove_cgroup "$BOOT_NAME"
    fi
    rmdir "$BOOT_WORK"
    verdict "$status" "$seconds"
}

verdict() {
    [ ! -f "$BOOT_OUT/log" ] || cat "$BOOT_OUT/log"
    case $1 in
    77) exit 77 ;;
    124 | 137)
        echo "boot: no end after $2 s" >&2
        exit 124
        ;;
    esac
    [ ! -f "$BOOT_OUT/status" ] || exit "$(cat "$BOOT_OUT/status")"
    echo "boot: the container left no status (nspawn said $1):" >&2
    tail -n 20 "$BOOT_OUT/console.txt" >&2 || true
    exit 99
}

# ---- Inside the namespaces -----------------------------------------------------------------------

# The script is a service of its own, which ends the system with the script's status.
driver_write() {
    local root=$1 folder=$1/opt/houvast-test
    mkdir -p "$folder/out"
    cp "$2" "$folder/script"
    cat >"$folder/run" <<'END'
#!/bin/sh
/opt/houvast-test/script >"$OUT/log" 2>&1
status=$?
journalctl --sync
journalctl -b -o short-precise >"$OUT/journal.txt"
journalctl -b -o json >"$OUT/journal.json"
echo $status >"$OUT/status"
exec systemctl --no-block exit $status
END
    chmod +x "$folder/run" "$folder/script"
    cat >"$root/etc/systemd/system/houvast-test.service" <<'END'
[Unit]
After=multi-user.target dbus.socket
Wants=dbus.socket
[Service]
Type=exec
Environment=OUT=/opt/houvast-test/out LC_ALL=C.UTF-8 SYSTEMD_COLORS=0 SYSTEMD_PAGER= HOME=/root
ExecStart=/opt/houvast-test/run
END
    cat >"$root/etc/systemd/system/houvast-test.target" <<'END'
[Unit]
Requires=multi-user.target
Wants=houvast-test.service
After=multi-user.target
END
}

root_mount() {
    mount -t tmpfs -o mode=755 tmpfs "$BOOT_WORK" || impossible "cannot mount tmpfs"
    mkdir "$BOOT_WORK"/{upper,work,root}
    mount -t overlay -o \
        "lowerdir=$BOOT_ROOT,upperdir=$BOOT_WORK/upper,workdir=$BOOT_WORK/work" overlay "$1" ||
        impossible "cannot mount an overlay"
    rm -f "$1/etc/machine-id"
    systemd-id128 new >"$1/etc/machine-id"
    echo houvast-test >"$1/etc/hostname"
    cp -dR --preserve=mode,timestamps,links "$BOOT_STAGE/." "$1/" # and owned by root
}

# Where no systemd runs, nobody has prepared what nspawn builds on.
host_prepare() {
    mount -t tmpfs -o mode=755 tmpfs /run
    mount -t cgroup2 cgroup2 /sys/fs/cgroup || impossible "cannot mount cgroup2"
    mkdir "/sys/fs/cgroup/$BOOT_NAME" || impossible "cannot make a cgroup"
    echo $$ >"/sys/fs/cgroup/$BOOT_NAME/cgroup.procs" || impossible "cannot enter a cgroup"
}

inside() {
    local root=$BOOT_WORK/root
    root_mount "$root"
    driver_write "$root" "$1"
    [ -d /run/systemd/system ] || host_prepare
    # In place of this shell: a cgroup that has a process of its own hands no controllers down.
    # DevicePolicy= is only enforced where the container may load its filters.
    exec systemd-nspawn --quiet --directory="$root" --machine="$BOOT_NAME" --register=no \
        --keep-unit --private-network --console=read-only --resolv-conf=off --timezone=off \
        --link-journal=no --bind="$BOOT_OUT:/opt/houvast-test/out" \
        --capability=CAP_BPF,CAP_PERFMON --system-call-filter=bpf \
        --boot systemd.unit=houvast-test.target >"$BOOT_OUT/console.txt" 2>&1 </dev/null
}

if [ -n "${BOOT_INSIDE:-}" ]; then
    inside "$1"
else
    [ $# = 5 ] || {
        echo "usage: tests/systemd/boot.sh ROOT STAGE OUT SECONDS SCRIPT" >&2
        exit 64
    }
    possible
    BOOT_ROOT=$(readlink -f "$1") BOOT_STAGE=$(readlink -f "$2") BOOT_OUT=$(readlink -m "$3")
    export BOOT_ROOT BOOT_STAGE BOOT_OUT
    outside "$4" "$(readlink -f "$5")"
fi
