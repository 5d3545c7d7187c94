#!/bin/sh
# Says which Debian packages are missing and why each is needed, and installs them with apt-get.
#
#   tests/deps.sh build|test
#
# `build` is what it takes to build and run Houvast, `test` adds what proves it. When nothing is
# missing it is silent and quick; what it found is kept under build/ until this list or the
# machine's packages change.
set -eu

packages() {
    cat <<'END'
build gcc                    compiles Houvast
build libc6-dev              headers of the C library
build libzmq3-dev            messages between the organisations and the broker (ZeroMQ)
build libsodium-dev          sealed dossiers, keys, hashes
build libmsgpack-dev         how messages are written (MessagePack)
build libsqlite3-dev         the ledger
build libsystemd-dev         event loop, readiness, journal
build libinih-dev            the network's files
build libglib2.0-dev         reads time zones
build tzdata                 which time zones there are
build libunistring-dev       checks text for UTF-8
build uthash-dev             tables and lists
build libjansson-dev         the tool's JSON
build libsmartcols-dev       the tool's tables
build libncurses-dev         the coordinators' screen (ncursesw)
build jq                     reads what the tool says, in the demo
build scdoc                  man pages
test  libcmocka-dev          unit tests
test  python3                tests that speak to a real broker
test  python3-pytest         runs them
test  python3-pytest-timeout ends a test that hangs, and names it
test  python3-zmq            an independent peer: its connection
test  python3-msgpack        an independent peer: its messages
test  python3-nacl           an independent peer: its dossiers
test  python3-hypothesis     tests with values that nobody thought of
test  python3-pyte           a terminal, for what is drawn on one
test  python3-jsonschema     the schema of the wire, beside its decoder
test  python3-yaml           reads publiccode.yml
test  curl                   speaks to a pager, in the example for coordinators at night
test  strace                 proves that no answer leaves before the disk has it
test  clang                  the second compiler, which has to agree
test  libclang-rt-14-dev     its sanitizers and fuzzer
test  clang-tidy             static analysis
test  clang-format           the layout of the code
test  shellcheck             static analysis of scripts
test  spin                   checks the model of the promises (make model)
test  mmdebstrap             makes a bare Debian, to boot the service on
test  systemd-container      boots the service, on that Debian
test  pkgconf                builds a program with the installed library
test  man-db                 reads the man pages as a person would
END
}

set_wanted=${1:-test}
case $set_wanted in
build | test) ;;
*)
    echo "usage: tests/deps.sh build|test" >&2
    exit 64
    ;;
esac
cd "$(dirname "$0")/.."

if ! command -v dpkg-query >/dev/null; then
    echo "deps: this is not Debian; going on, and the compiler will say what is missing" >&2
    echo "deps: (the list is in tests/deps.sh)" >&2
    exit 0
fi

stamp=build/deps-$set_wanted
key="$(cksum <tests/deps.sh) $(stat -c %y /var/lib/dpkg/status)"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ]; then
    exit 0
fi

wanted() {
    packages | if [ "$set_wanted" = build ]; then grep '^build '; else cat; fi
}

# Prints the lines of what is wanted and not installed.
missing() {
    wanted | while read -r _ package why; do
        case " $installed " in
        *" $package "*) ;;
        *) printf '%s %s\n' "$package" "$why" ;;
        esac
    done
}

# shellcheck disable=SC2016,SC2046  # the format is dpkg-query's; names are words without blanks
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(wanted | awk '{ print $2 }') \
    2>/dev/null | sed -n 's/^installed //p' | tr '\n' ' ')
lacking=$(missing)

if [ -n "$lacking" ]; then
    echo "Missing on this machine, and about to be installed from Debian's packages:"
    echo "$lacking" | while read -r package why; do
        printf '  %-22s %s\n' "$package" "$why"
    done

    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null; then
        as_root=sudo
    else
        echo "deps: installing needs root or sudo, and here is neither. As root, run:" >&2
        echo "    apt-get install $(echo "$lacking" | cut -d " " -f 1 | tr "\n" " ")" >&2
        exit 77
    fi

    mkdir -p build
    log=build/deps.log
    # shellcheck disable=SC2046,SC2086  # one word per package; nothing where we are root
    if ! { $as_root env DEBIAN_FRONTEND=noninteractive apt-get update &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes \
            --no-install-recommends $(echo "$lacking" | cut -d ' ' -f 1); } \
        >"$log" 2>&1 </dev/null; then
        tail -n 8 "$log" >&2
        echo "deps: the packages could not be installed; is there a network, and is" >&2
        echo "deps: /etc/apt/sources.list right? All that apt-get said is in $log." >&2
        exit 69
    fi
    echo "Installed."
    key="$(cksum <tests/deps.sh) $(stat -c %y /var/lib/dpkg/status)"
fi

mkdir -p build
echo "$key" >"$stamp"
