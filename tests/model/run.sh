#!/usr/bin/env bash
# Checks the model of the broker's promises, and that the checker finds what is broken on purpose.
#
#   tests/model/run.sh BUILD      works in BUILD/model
#
# Each line of the table is one exhaustive search: what is checked, whether a promise was broken, and
# in how many states. `expected` is what has to come of it: `holds`, or the promise that breaks.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?usage: tests/model/run.sh BUILD}
model=$PWD/tests/model/houvast.pml
surprises=0

command -v spin > /dev/null || {
    echo "spin is missing: apt-get install spin" >&2
    exit 1
}

# search NAME EXPECTED KIND DEFINES…     KIND: all (every state), shortest (the shortest way to a
# broken promise), always (over time: what has to come again and again does)
search() {
    local name=$1 expected=$2 kind=$3 folder=$build/model/$1
    local defines=(-DONE_HANDOVER) compiler=(-O2 -DMEMLIM=4000) options=(-m2000000)
    shift 3
    for define in "$@"; do defines+=("-D$define"); done
    case $kind in
    all) compiler+=(-DSAFETY -DCOLLAPSE) ;;
    shortest) compiler+=(-DSAFETY -DBFS) ;;
    always)
        compiler+=(-DCOLLAPSE -DNOREDUCE -DNFAIR=4)
        options+=(-a -f)
        ;;
    esac
    rm -rf "$folder"
    mkdir -p "$folder"
    (
        cd "$folder"
        spin -a "${defines[@]}" "$model" > spin.log
        gcc "${compiler[@]}" -o pan pan.c
        ./pan "${options[@]}" > pan.log 2> pan.errors
    )
    judge "$name" "$expected" "$folder/pan.log"
}

judge() {
    local name=$1 expected=$2 log=$3 found states verdict=as-expected
    found=$(sed -n 's/^pan:1: assertion violated \([A-Z0-9]*\).*/\1/p' "$log")
    grep -q 'pan:1: acceptance cycle' "$log" && found=T1
    [ -n "$found" ] || found=$(grep -q 'errors: 0' "$log" && echo holds || echo "no-verdict")
    grep -qE 'max search depth too small|out of memory' "$log" && found=not-exhaustive
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$log")
    if [ "$found" != "$expected" ]; then
        verdict=SURPRISE
        surprises=$((surprises + 1))
    fi
    printf '%-28s %-10s %-14s %10s  %s\n' "$name" "$expected" "$found" "$states" "$verdict"
}

printf '%-28s %-10s %-14s %10s\n' CHECKED EXPECTED FOUND STATES
search promises holds all
search rings-for-ever holds always RINGS REMEMBER_NOTHING
search coordinator-hears holds always HEARD REMEMBER_NOTHING
search answer-before-sync D1 shortest ANSWER_BEFORE_SYNC
search timer-in-memory T1 shortest TIMER_IN_MEMORY
search timer-forgotten-on-decline T1 shortest TIMER_FORGOTTEN_ON_DECLINE
search ladder-ends T1 always RINGS LADDER_ENDS REMEMBER_NOTHING
search ladder-closes H3 shortest LADDER_CLOSES
search let-go-at-offer H1 shortest LET_GO_AT_OFFER
search holder-moved-at-pick-up H2 shortest HOLDER_MOVED_AT_PICK_UP
search settled-by-the-closer H3 shortest SETTLED_BY_THE_CLOSER
search no-dedup D2 shortest NO_DEDUP
echo "A backup from before leaves these holes; the day one is closed this says so:"
search restore-forgets-done OUTSIDE shortest RESTORE OUTSIDE_D1
search restore-two-who-hold OUTSIDE shortest RESTORE OUTSIDE_H1
search restore-nobody-holds OUTSIDE shortest RESTORE OUTSIDE_T1
echo "$surprises surprises"
[ "$surprises" -eq 0 ]
