#!/usr/bin/env bash
# `make run`: four partners of Delft, a broker between them, and two handovers that really happen.
#
#   clients/houvast/demo.sh [once]
#
# Makes a network with fresh keys under ./run/, starts build/houvastd on it, and lets the four
# organisations' systems (`houvast listen --exec demo-system.sh`) and their begeleiders (the tool)
# pass a resident on. Who holds the resident is asked from the broker after every step. Then the
# broker stays up until Ctrl-C; with `once` it ends by itself.
set -euo pipefail
cd "$(dirname "$0")/../.."

mode=${1:-stay}
run=run
mark=$run/.made-by-make-run
houvast=build/houvast
organisations=(kcc delft-voor-elkaar delft-support werkse)
patience_s=30

# ---- Saying --------------------------------------------------------------------------------------

if [ -t 1 ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
else
    bold='' dim='' plain=''
fi

say() {
    printf '%s\n' "$*"
}

fail() {
    printf '\ndemo: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '      %s\n' "$@" >&2
    exit 1
}

steps=0
step() {
    steps=$((steps + 1))
    printf '\n%s%d. %s%s\n' "$bold" "$steps" "$1" "$plain"
    shift
    [ $# -eq 0 ] || printf '   %s\n' "$@"
}

# ---- What runs in the background -----------------------------------------------------------------

daemon=''
listeners=()

# Whatever happens to this script, what it started ends too.
with_us() {
    exec setpriv --pdeathsig TERM -- "$@"
}

stop_listeners() {
    local pid
    for pid in "${listeners[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${listeners[@]}"; do wait "$pid" 2>/dev/null || true; done
    listeners=()
}

# Stops the broker in order; its exit status is ours.
stop_daemon() {
    local pid=$daemon
    daemon=''
    [ -n "$pid" ] || return 0
    kill "$pid" 2>/dev/null || true
    wait "$pid"
}

at_exit() {
    local status=$?
    trap - EXIT INT TERM
    stop_listeners
    stop_daemon || true
    [ -z "${short_folder:-}" ] || rm -rf "$short_folder"
    exit "$status"
}
trap at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- The folder, the network and the broker ------------------------------------------------------

# An old ./run/ goes, but only one that this script made and that no other run is using.
take_folder() {
    if [ -e "$run" ] && [ ! -e "$mark" ]; then
        fail "./$run/ is there already, and make run did not make it." \
            "It is left alone. Move it away, then type make run again."
    fi
    mkdir -p "$run"
    exec 9>>"$mark"
    flock --nonblock 9 || fail "another make run is using ./$run/." \
        "Stop it with Ctrl-C in its terminal, then type make run again."
    find "$run" -mindepth 1 ! -path "$mark" -delete
    mkfifo "$run/events" "$run/says"
    exec 8<>"$run/events"
}

# The address of a Unix socket has 107 bytes at most.
choose_endpoint() {
    socket=$PWD/$run/broker.sock
    if [ ${#socket} -gt 107 ]; then
        short_folder=$(mktemp -d /tmp/houvast.XXXXXX)
        socket=$short_folder/broker.sock
        say "(This folder's path is too long for a socket; the broker listens on $socket.)"
    fi
}

make_network() {
    "$houvast" network init "$run" --example delft --environment test --listen "ipc://$socket" \
        >"$run/init.log" 2>&1 || fail "the network could not be made:" "$(cat "$run/init.log")"
}

# Keeps what the broker says, and tells on the pipe when it is ready and when it has ended.
keep_log() {
    local line
    while IFS= read -r line; do
        printf '%s\n' "$line" >>"$run/houvastd.log"
        case $line in "houvastd: ready"*) echo "broker ready" >&8 ;; esac
    done <"$run/says"
    echo "broker ended" >&8
}

start_daemon() {
    : >"$run/houvastd.log"
    keep_log 9>&- &
    (with_us build/houvastd --network "$run/network" --state "$run/state" 8>&- 9>&- \
        >"$run/says" 2>&1) &
    daemon=$!
    expect "broker ready"
}

daemon_has_ended() {
    daemon=''
    fail "the broker has ended. Its last lines (./$run/houvastd.log):" \
        "$(tail -n 8 "$run/houvastd.log")"
}

start_listener() {
    (
        export DEMO_ORGANISATION=$1 DEMO_EVENTS=$PWD/$run/events
        with_us "$houvast" --config "$run/clients/$1/endpoint.conf" \
            listen --exec "$PWD/clients/houvast/demo-system.sh" 8>&- 9>&- \
            >"$run/$1.log" 2>&1
    ) &
    listeners+=($!)
}

# ---- Doing and asking ----------------------------------------------------------------------------

# Waits until each "WHO WHAT" has been heard on the pipe; what else is heard meanwhile is kept.
declare -A heard=()
expect() {
    local wanted who what more
    for wanted; do
        until [ -n "${heard[$wanted]+yes}" ]; do
            read -r -t "$patience_s" -u 8 who what more || fail \
                "nothing was heard of \"$wanted\" within $patience_s seconds." \
                "What the broker and the systems said is in ./$run/*.log."
            [ "$who $what" != "broker ended" ] || daemon_has_ended
            heard[$who $what]=$more
        done
    done
}

# What came with the item that was heard last under this name.
came_with() {
    printf '%s' "${heard[$1]}"
}

# arrives "WHO WHAT" SENTENCE: waits for the item, and tells of it.
arrives() {
    expect "$1"
    say "   ${names[${1% *}]}'s system hears: $2"
    unset "heard[$1]"
}

# as WHO COMMAND…: one call of the tool with that organisation's key; its JSON is in $answer.
answer=''
as() {
    local who=$1
    shift
    say "   $dim$who\$ houvast $*$plain"
    answer=$("$houvast" --config "$run/clients/$who/endpoint.conf" --json "$@" 2>"$run/said") ||
        fail "that was not done: $(cat "$run/said")" "$answer"
}

# The same, where the point is that the broker says no.
refused_as() {
    local who=$1 status=0
    shift
    say "   $dim$who\$ houvast $*$plain"
    "$houvast" --config "$run/clients/$who/endpoint.conf" "$@" >"$run/said" 2>&1 || status=$?
    [ "$status" = 1 ] || fail "the broker should have refused that, but:" "$(cat "$run/said")"
    say "   The broker refuses $(sed 's/^houvast: refused //' "$run/said")"
}

# Asks the broker, as the network's coordinator, who holds the resident at this moment.
who_holds() {
    local status
    status=$("$houvast" --config "$run/clients/kcc/coordinator.conf" --json \
        status --journey "$journey") || fail "the broker could not be asked who holds"
    holder=$(jq --raw-output .holder.begeleider <<<"$status")
    holder_at=$(jq --raw-output .holder.organisation <<<"$status")
    say "   $bold=> holds the resident now: ${holder^}, ${names[$holder_at]}$plain"
}

# The organisations by the names that the broker has for them.
declare -A names=()
learn_names() {
    local who display
    while IFS=$'\t' read -r who display; do names[$who]=$display; done < <(
        "$houvast" --config "$run/clients/kcc/endpoint.conf" --json map |
            jq --raw-output '.organisations[] | [.organisation, .display_name] | @tsv'
    )
    [ "${#names[@]}" -eq 4 ] || fail "the broker does not know the four partners"
}

# ---- The story -----------------------------------------------------------------------------------

warm_handover() {
    step "First contact (eerste contact)" \
        "A young resident without a home comes to the KCC, the municipality's desk. Noor listens," \
        "and opens a journey (klantreis). From now on somebody always holds this resident."
    as kcc open --ref KCC-2041 --anonymous --begeleider noor --basis public-task --urgency urgent
    journey=$(jq --raw-output .journey <<<"$answer")
    who_holds

    step "Warm handover (warme overdracht): offered" \
        "Noor offers the resident to Delft Support, with a dossier that only they can open."
    printf 'Sleeps at a friend'\''s until Friday. Wants work, and a place of their own.\n' >"$run/dossier.txt"
    as kcc offer --ref KCC-2041 --to delft-support --kind warm --urgency urgent --age 24 \
        --begeleider noor --dossier "$run/dossier.txt"
    handover=$(jq --raw-output .handover <<<"$answer")
    arrives "delft-support offered" "a warm handover is offered, not yet about whom"
    who_holds

    step "Picked up" \
        "Samira at Delft Support reads it and takes it on. That is a promise, not an arrival."
    as delft-support receive --handover "$handover" --begeleider samira
    arrives "kcc received" "somebody there has it in hand"
    as delft-support pickup --handover "$handover" --begeleider samira
    arrives "kcc picked-up" "Samira takes it on"
    expect "delft-support dossier"
    arrives "delft-support dossier" \
        "whom it is about, and the dossier, opened ($(came_with "delft-support dossier") bytes)"
    who_holds

    step "Too early" \
        "Samira confirms, but nobody has introduced them. A warm handover does not work that way."
    refused_as delft-support confirm --handover "$handover" --begeleider samira \
        --contact-on now --contact-how called --contact-with resident
    who_holds

    step "Introduced (kennismaking)" \
        "Noor, Samira and the resident sit together."
    as kcc introduce --handover "$handover" --on now --how joint --resident \
        --present kcc:noor --present delft-support:samira
    arrives "delft-support introduced" "the introduction is on record"
    who_holds

    step "Arrived" \
        "The resident is with Samira, and she confirms it. Now, and only now, Noor lets go."
    as delft-support confirm --handover "$handover" --begeleider samira \
        --contact-on now --contact-how with-sender --contact-with resident
    arrives "kcc confirmed" "the resident has arrived; you may let go (loslaten)"
    arrives "delft-support confirmed" "you hold the resident"
    who_holds
}

cold_handover() {
    step "Cold handover (koude overdracht): offered" \
        "There is a home now; next comes work. Samira offers the resident to Werkse!, through the" \
        "system only. She holds on meanwhile."
    printf 'Has a room. Handy in a kitchen. Mornings are hard.\n' >"$run/dossier.txt"
    as delft-support offer --journey "$journey" --to werkse --kind cold --urgency routine \
        --begeleider samira --dossier "$run/dossier.txt"
    handover=$(jq --raw-output .handover <<<"$answer")
    arrives "werkse offered" "a cold handover is offered, not yet about whom"
    who_holds

    step "Picked up" \
        "Ilse at Werkse! takes it on."
    as werkse pickup --handover "$handover" --begeleider ilse
    arrives "delft-support picked-up" "Ilse takes it on"
    expect "werkse dossier"
    arrives "werkse dossier" \
        "whom it is about, and the dossier, opened ($(came_with "werkse dossier") bytes)"
    who_holds

    step "Arrived" \
        "The resident comes to Werkse! and meets Ilse, who confirms it."
    as werkse confirm --handover "$handover" --begeleider ilse \
        --contact-on now --contact-how came --contact-with resident
    arrives "delft-support confirmed" "the resident has arrived; you may let go"
    arrives "werkse confirmed" "you hold the resident"
    who_holds
}

# ---- From beginning to end -----------------------------------------------------------------------

stay() {
    local status=0
    cat <<END

The broker stays up until Ctrl-C. Four commands to try in other terminals, in this folder:

    $houvast --config $run/clients/kcc/coordinator.conf status --ref KCC-2041
    $houvast --config $run/clients/kcc/coordinator.conf history --ref KCC-2041
    $houvast --config $run/clients/kcc/coordinator.conf watch
    $houvast --config $run/clients/delft-voor-elkaar/endpoint.conf open --ref DVE-1 --anonymous \\
        --begeleider rachid --basis consent --urgency routine

They ask who holds the resident, show all that happened, watch what is open, and begin a journey at
Delft voor Elkaar.
END
    # Ctrl-C is how this is meant to end.
    trap 'stop_in_order; exit 0' INT TERM
    wait "$daemon" || status=$?
    daemon=''
    [ "$status" = 0 ] || fail "the broker has ended with status $status. Its last lines:" \
        "$(tail -n 8 "$run/houvastd.log")"
}

stop_in_order() {
    trap '' INT
    say
    say "Stopping the systems and the broker."
    stop_listeners
    stop_daemon || fail "the broker did not stop in order. Its last lines:" \
        "$(tail -n 8 "$run/houvastd.log")"
    say "Stopped. Nobody was let go: the ledger in ./$run/state/ says who holds."
}

case $mode in
stay | once) ;;
*) fail "DEMO=$mode is not known; DEMO=once ends by itself." ;;
esac

take_folder
choose_endpoint
make_network
start_daemon
learn_names
say "The network of Delft is in ./$run/, and the broker is up. Connecting the four systems."
for who in "${organisations[@]}"; do start_listener "$who"; done
warm_handover
cold_handover
if [ "$mode" = once ]; then stop_in_order; else stay; fi
