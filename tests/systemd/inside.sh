#!/bin/bash
# What the unit does under a real systemd, from installing to stopping. Runs as root in the container
# that boot.sh makes; speaks the Test Anything Protocol, a comment before each chapter.
#
# houvastd@delft serves the example network; houvastd@small a copy of it whose state lies on a small
# disk of its own.
set -u

unit=houvastd@delft.service
small=houvastd@small.service
network=/etc/houvast/delft
id=6f1d0c1e8a0b4a0c9a51d3c0a1b200
count=0 failed=0

# ---- Saying --------------------------------------------------------------------------------------

chapter() { echo "# chapter $1"; }
ok() { echo "ok $((++count)) - $*"; }
not_ok() {
    failed=$((failed + 1))
    echo "not ok $((++count)) - $*"
}
is() { if [ "$2" = "$3" ]; then ok "$1 ($2)"; else not_ok "$1: got '${2:0:400}', wanted '$3'"; fi; }
like() {
    if [[ $2 =~ $3 ]]; then ok "$1 (${BASH_REMATCH[0]:0:90})"; else
        not_ok "$1: got '${2:0:400}', wanted /$3/"
    fi
}

# ---- Asking --------------------------------------------------------------------------------------

now_ms() { date +%s%3N; }
show() { systemctl show --property "$1" --value "${2:-$unit}"; }
# within SECONDS WANTED COMMAND…: asks until the answer is that.
within() {
    local end=$(($(now_ms) + $1 * 1000)) wanted=$2
    shift 2
    while [ "$("$@" 2>/dev/null)" != "$wanted" ]; do
        [ "$(now_ms)" -lt "$end" ] || return 1
        sleep 0.05
    done
}
# field NAME MESSAGE_ID [UNIT]: of the newest entry of that kind.
field() {
    journalctl --sync
    journalctl -o json -n 1 --output-fields="$1" _SYSTEMD_UNIT="${3:-$unit}" MESSAGE_ID="$id$2" |
        sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'
}
# What a unit's lines say since the last `mark`; further matches may follow the unit.
mark() { marked=@$(date +%s.%6N); }
lines_since() {
    journalctl --sync
    journalctl -o cat --since="$marked" -u "$@"
}
# as CONFIGURATION COMMAND…
as() {
    local who=$1
    shift
    houvast --config "/root/delft/clients/$who.conf" --json "$@"
}
value() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'; }
holder() { as kcc/coordinator status --ref "$1" | sed -n 's/.*"holder":{[^}]*"begeleider":"\([^"]*\)".*/\1/p'; }

# hand_over REF: a resident from KCC to Werkse!, from first contact to arrival.
hand_over() {
    local handover
    as kcc/endpoint open --ref "$1" --anonymous --begeleider noor --basis public-task \
        --urgency routine >/dev/null || return
    handover=$(as kcc/endpoint offer --ref "$1" --to werkse --kind cold --urgency routine \
        --begeleider noor | value handover)
    as werkse/endpoint pickup --handover "$handover" --begeleider ilse >/dev/null || return
    as werkse/endpoint confirm --handover "$handover" --begeleider ilse --contact-on now \
        --contact-how came --contact-with resident >/dev/null
}

drop_in() {
    mkdir -p "/run/systemd/system/$1.d"
    printf '[Service]\n%s\n' "$2" >"/run/systemd/system/$1.d/test.conf"
    systemctl daemon-reload
}

# ---- Installed -----------------------------------------------------------------------------------

chapter installed
echo "# $(systemctl --version | head -n 1), kernel $(uname -r), $(systemd-detect-virt)," \
    "controllers: $(cat /sys/fs/cgroup/cgroup.controllers)"
is "the system is up" "$(systemctl is-system-running --wait)" running
is "every library is there" "$(ldd /usr/sbin/houvastd /usr/bin/houvast | grep 'not found')" ""
like "the group of local programs is made at boot" "$(getent group houvast)" "houvast:"
is "and the folder of the networks" "$(stat -c '%a %U' /etc/houvast)" "755 root"
houvast network init /root/delft --example delft \
    --listen ipc:///run/houvastd/delft/broker.sock >/dev/null
sed -i 's|^listen = .*|& tcp://127.0.0.1:7711|' /root/delft/network/network.conf
cp -r /root/delft/network "$network"
cp /root/delft/clients/kcc/operator.{conf,key} "$network"
chmod 644 "$network"/*.key
systemd-tmpfiles --create
is "no key stays readable for others" "$(stat -c %a "$network"/*.key | sort | uniq -c)" "      3 600"
is "systemd takes the unit" "$(systemd-analyze verify --man=no --recursive-errors=no "$unit" 2>&1)" ""

# ---- Started -------------------------------------------------------------------------------------

chapter started
begun=$(now_ms)
systemctl start "$unit"
is "systemctl start waits for READY=1 and succeeds" "$?" 0
echo "# ready after $(($(now_ms) - begun)) ms"
[ "$(systemctl is-active "$unit")" = active ] || {
    journalctl -o short-precise -u "$unit" | sed 's/^/# /'
    echo "Bail out! the broker does not start"
    exit 1
}
like "STATUS= is shown" "$(show StatusText)" "held"
pid=$(show MainPID)
# A name for it comes with libnss-systemd, which a small system lacks.
user=$(stat -c %u "/proc/$pid")
is "it runs as a user that is made for it" "$([ "$user" -ge 61184 ] && [ "$user" -le 65519 ] && show User)" \
    houvast-delft
is "the state directory is its own alone" "$(stat -L -c '%a %u' /var/lib/houvastd/delft)" "700 $user"
is "and so is the ledger" "$(stat -L -c '%a %u' /var/lib/houvastd/delft/ledger.sqlite)" "600 $user"
is "the socket is for the group" "$(stat -c '%a %G' /run/houvastd/delft/broker.sock)" "660 houvast"
is "no new privileges" "$(awk '/^NoNewPrivs/ {print $2}' "/proc/$pid/status")" 1
is "no capabilities" "$(awk '/^CapBnd/ {print $2}' "/proc/$pid/status")" 0000000000000000
is "system calls are filtered" "$(awk '/^Seccomp:/ {print $2}' "/proc/$pid/status")" 2
like "descriptors are bounded, all are used" "$(grep 'open files' "/proc/$pid/limits")" "8192 +8192"
is "memory is bounded" "$(show MemoryHigh) $(show MemoryMax)" "1073741824 1610612736"
is "the kernel should take others first" "$(show OOMScoreAdjust)" -500
like "it speaks on tcp too" "$(as kcc/operator --endpoint tcp://127.0.0.1:7711 ping)" '"type":"welcome"'
like "exposure" "$(LC_ALL=C systemd-analyze security --no-pager "$unit" | tail -n 1)" \
    "level for $unit: (0\.[0-9]|1\.[0-2]) "

# ---- Keys ----------------------------------------------------------------------------------------

chapter keys
secret=$(sed -n 's/^secret_key = //p' "$network/broker.key")
credentials=/run/credentials/$unit
is "the test knows the secret" "${#secret}" 40
is "the environment has no secret" "$(tr '\0' '\n' <"/proc/$pid/environ" | grep -cF -- "$secret")" 0
is "nor has the command line" "$(tr '\0' '\n' <"/proc/$pid/cmdline" | grep -cF -- "$secret")" 0
is "nor what systemd shows of the unit" "$(systemctl show "$unit" | grep -cF -- "$secret")" 0
is "the credential is its own alone" "$(stat -c '%a %u' "$credentials/broker.key")" \
    "400 $user"
is "no other secret is handed to it" "$(cd "$credentials" && echo *)" \
    "broker.key receipt.key"
secret=$(sed -n 's/^secret_key = //p' "$network/receipt.key")
is "nor is the key of receipts to be seen" "$( (systemctl show "$unit"; tr '\0' '\n' <"/proc/$pid/environ") |
    grep -cF -- "$secret")" 0
stranger=(setpriv --reuid=65534 --regid=65534 --clear-groups)
is "another user cannot read it" "$("${stranger[@]}" cat "$credentials/broker.key" 2>/dev/null)" ""
is "nor the file that it comes from" "$("${stranger[@]}" cat "$network/broker.key" 2>/dev/null)" ""
is "nor look into the process" "$("${stranger[@]}" cat "/proc/$pid/environ" 2>/dev/null)" ""
mkdir /run/member
cp /root/delft/clients/kcc/{endpoint.*,sealing.key,*.secret} /run/member
chown -R 65534 /run/member
member=(houvast --config /run/member/endpoint.conf --timeout 1 ping)
"${stranger[@]}" "${member[@]}" >/dev/null 2>&1
is "a user outside the group does not reach the socket" "$?" 69
setpriv --reuid=65534 --regid="$(getent group houvast | cut -d : -f 3)" --clear-groups \
    "${member[@]}" >/dev/null
is "one in the group does" "$?" 0

# ---- A resident is handed over -------------------------------------------------------------------

chapter handover
hand_over FIRST
is "from first contact to arrival" "$?" 0
is "the resident is with the new begeleider" "$(holder FIRST)" ilse

# ---- Killed --------------------------------------------------------------------------------------

chapter killed
as kcc/endpoint open --ref KILLED --anonymous --begeleider noor --basis consent --urgency urgent \
    >/dev/null
pid=$(show MainPID) begun=$(now_ms)
kill -KILL "$pid"
within 10 1 show NRestarts
within 10 active systemctl is-active "$unit"
echo "# active again after $(($(now_ms) - begun)) ms"
is "systemd starts it again" "$(systemctl is-active "$unit") $(show NRestarts)" "active 1"
[ "$(show MainPID)" != "$pid" ]
is "as a new process" "$?" 0
is "what was done is there: the one" "$(holder FIRST)" ilse
is "and the other" "$(holder KILLED)" noor
like "the journal says why it was away" "$(journalctl -o cat -u "$unit")" "code=killed, status=9/KILL"

# ---- Hung ----------------------------------------------------------------------------------------

chapter hung
is "30 seconds are allowed" "$(show WatchdogUSec)" 30s
drop_in "$unit" WatchdogSec=2s
systemctl restart "$unit"
pid=$(show MainPID)
sleep 3
is "an idle broker gives signs of life" "$(show MainPID)" "$pid"
restarts=$(show NRestarts)
begun=$(now_ms)
kill -STOP "$pid"
within 20 $((restarts + 1)) show NRestarts
within 20 active systemctl is-active "$unit"
echo "# active again $(($(now_ms) - begun)) ms after it was stopped (watchdog 2 s, restart 2 s)"
is "a broker that hangs is started again" "$(show NRestarts)" $((restarts + 1))
like "the journal says that it was the watchdog" "$(journalctl -o cat -u "$unit")" \
    "Watchdog timeout \(limit 2s\)"
is "nothing is lost" "$(holder FIRST) $(holder KILLED)" "ilse noor"
rm "/run/systemd/system/$unit.d/test.conf"
systemctl daemon-reload
systemctl restart "$unit"

# ---- A full disk ---------------------------------------------------------------------------------

chapter full-disk
cp -r "$network" /etc/houvast/small
sed -i -e 's|/run/houvastd/delft/|/run/houvastd/small/|; s| tcp://[^ ]*||' \
    /etc/houvast/small/network.conf /etc/houvast/small/operator.conf
# Its receipts are signed with what follows from broker.key.
sed -i '/^\[receipt/,/^$/d' /etc/houvast/small/network.conf
rm /etc/houvast/small/receipt.key
state=/var/lib/private/houvastd/small
mkdir -p "$state"
mount -t tmpfs -o size=32m tmpfs "$state"
systemctl start "$small"
is "a second network runs beside the first" "$(systemctl is-active "$unit" "$small" | sort -u)" active
[ "$(stat -c %u "/proc/$(show MainPID "$small")")" != "$(stat -c %u "/proc/$(show MainPID)")" ]
is "as another user" "$?" 0
on_small() { as "$@" --endpoint ipc:///run/houvastd/small/broker.sock; }
open_small() {
    on_small kcc/endpoint open --ref "$1" --anonymous --begeleider noor --basis consent \
        --urgency routine
}
open_small BEFORE >/dev/null
is "there is room" "$?" 0
handover=$(on_small kcc/endpoint offer --ref BEFORE --to werkse --kind cold --urgency routine \
    --begeleider noor | value handover)
on_small werkse/endpoint pickup --handover "$handover" --begeleider ilse >/dev/null
cat /dev/zero >"$state/filler" 2>/dev/null
is "the disk is full" "$(df --output=avail "$state" | tail -n 1 | tr -d ' ')" 0
said=$(open_small FULL 2>&1)
is "somebody new is refused for now" "$?" 75
like "with that word" "$said" '"code":"unavailable"'
on_small werkse/endpoint confirm --handover "$handover" --begeleider ilse --contact-on now \
    --contact-how came --contact-with resident >/dev/null
is "an arrival is still recorded, from the reserve" "$?" 0
is "systemd sees a broker that is well" "$(systemctl is-active "$small") $(show NRestarts "$small")" \
    "active 0"
like "operators are told" "$(field MESSAGE 07 "$small")" "nearly full"
is "as critical" "$(field PRIORITY 07 "$small")" 2
rm "$state/filler"
within 10 0 sh -c 'houvast --config /root/delft/clients/kcc/endpoint.conf --timeout 2 \
    --endpoint ipc:///run/houvastd/small/broker.sock open --ref AFTER --anonymous --begeleider noor \
    --basis consent --urgency routine >/dev/null 2>&1; echo $?'
is "with room again everything is taken, without a restart" "$?" 0
like "operators are told that too" "$(field MESSAGE 08 "$small")" "room"
is "nothing is lost" "$(on_small kcc/coordinator status --ref BEFORE | grep -o '"begeleider":"[a-z]*"' | head -n 1)" \
    '"begeleider":"ilse"'

# ---- Reload --------------------------------------------------------------------------------------

chapter reload
pid=$(show MainPID)
file=$network/organisations/werkse.conf
cp "$file" /root/werkse.conf
echo "opening_tims = rubbish" >>"$file"
line=$(wc -l <"$file")
mark
systemctl reload "$unit" 2>/dev/null
is "systemctl reload fails on a broken network" "$?" 1
like "the journal has file and line" "$(lines_since "$unit" MESSAGE_ID="${id}05")" \
    "werkse\.conf:$line: "
is "and who asked" "$(field HOUVAST_ORGANISATION 05)" kcc
is "the unit stays active, the same process" "$(systemctl is-active "$unit") $(show MainPID)" \
    "active $pid"
hand_over RELOAD-1
is "and hands residents over by the old files" "$?" 0
cp /root/werkse.conf "$file"
sed -i 's|^display_name = .*|display_name = Werkse Anders|' "$file"
mark
systemctl reload "$unit"
is "systemctl reload succeeds on a good one" "$?" 0
like "when it comes back the new files are in force" "$(as kcc/endpoint map)" "Werkse Anders"
is "in the same process" "$(show MainPID)" "$pid"
like "the journal says so" "$(lines_since "$unit" MESSAGE_ID="${id}04")" "in force"
mv "$network/operator.key" /root
systemctl restart "$unit"
is "it starts without an operator's key" "$?" 0
mark
systemctl reload "$unit" 2>/dev/null
is "but then reload fails" "$?" 1
is "and harms nothing" "$(systemctl is-active "$unit")" active
like "the journal says what is missing" "$(lines_since "$unit")" "$network/operator.key: "
mv /root/operator.key "$network"
systemctl reload "$unit"
is "with the key it succeeds, without a restart" "$?" 0

# ---- Restarts under load -------------------------------------------------------------------------

chapter load
# Opens journeys one after another, and notes down each that was done.
load() {
    local n=0
    while [ ! -e /run/enough ]; do
        as kcc/endpoint open --ref "LOAD-$1-$((++n))" --anonymous --begeleider noor \
            --basis consent --urgency routine >/dev/null 2>>/run/load.log &&
            echo "LOAD-$1-$n" >>"/run/done.$1"
    done
}
workers=()
for worker in 1 2 3 4; do
    load "$worker" &
    workers+=($!)
done
sleep 1
systemctl restart "$unit"
sleep 1
kill -KILL "$(show MainPID)"
within 10 active systemctl is-active "$unit"
sleep 1
systemctl restart "$unit"
sleep 1
touch /run/enough
wait "${workers[@]}"
done_count=$(cat /run/done.* | wc -l)
is "work went on over two restarts and a kill" "$([ "$done_count" -gt 20 ] && echo yes)" yes
is "nobody was refused" "$(cat /run/load.log)" ""
begun=$(now_ms)
# shellcheck disable=SC2016  # the inner shell expands it
lost=$(cat /run/done.* | xargs -P 4 -n 25 sh -c 'for ref do
    houvast --config /root/delft/clients/kcc/coordinator.conf --json status --ref "$ref" |
        grep -q "\"begeleider\":\"noor\"" || echo "$ref"; done' sh)
is "none that was done is lost" "$lost" ""
echo "# $done_count residents were taken in, all are held (asked in $(($(now_ms) - begun)) ms)"

# ---- The journal ---------------------------------------------------------------------------------

chapter journal
like "ready, with the network's name" "$(field HOUVAST_NETWORK 01)" "^delft$"
like "and where it listens" "$(field HOUVAST_ENDPOINTS 01)" \
    "ipc:///run/houvastd/delft/broker.sock.*tcp://127.0.0.1:7711"
is "entries are the unit's" "$(field _SYSTEMD_UNIT 01)" "$unit"
like "stopped in order" "$(field MESSAGE 03)" "stopped in order"
like "the ledger was recovered after the kill" "$(field MESSAGE 0a)" "."
journalctl --update-catalog
is "journalctl --update-catalog takes the catalog" "$?" 0
like "journalctl --catalog explains an entry" \
    "$(journalctl --catalog -n 1 MESSAGE_ID="${id}01" _SYSTEMD_UNIT="$unit")" \
    "Subject: The broker of network delft is ready"
like "and fills in its fields" \
    "$(journalctl --catalog -n 1 MESSAGE_ID="${id}01" _SYSTEMD_UNIT="$unit")" \
    "connect at: ipc:///run/houvastd/delft/broker.sock"
is "no entry has a resident in it" \
    "$(journalctl -o cat _SYSTEMD_UNIT="$unit" | grep -cE 'r1\.[A-Za-z0-9_-]{43}')" 0

# ---- What is not started again -------------------------------------------------------------------

chapter refusals
systemctl stop "$small"
mkdir -p "/run/systemd/system/$small.d"
# refused NAME RESULT STATUS: a start that fails and is not tried again.
refused() {
    systemctl reset-failed "$small" 2>/dev/null
    systemctl start "$small" 2>/dev/null
    sleep 2.5
    is "$1" "$(show ActiveState "$small") $(show Result "$small") $(show ExecMainStatus "$small") $(show NRestarts "$small")" \
        "failed exit-code $2 0"
}
echo "x" >>/etc/houvast/small/network.conf
refused "a broken network (78) waits for a person" 78
like "the journal has the place" "$(field MESSAGE 0f "$small")" "network.conf:[0-9]+: "
sed -i '$d' /etc/houvast/small/network.conf
# The application's number in the ledger's header says whose file it is.
printf XXXX | dd of="$state/ledger.sqlite" bs=1 seek=68 conv=notrunc status=none
refused "a ledger that is not ours (65) waits for a person" 65
mv /etc/houvast/small/broker.key /root/small.key
refused "a missing key (243) waits for a person" 243
mv /root/small.key /etc/houvast/small/broker.key
drop_in "$small" "ExecStart=
ExecStart=/usr/sbin/houvastd --nonsense"
refused "wrong usage (64) waits for a person" 64
printf Hvas | dd of="$state/ledger.sqlite" bs=1 seek=68 conv=notrunc status=none
drop_in "$small" "ExecStart=
ExecStart=/usr/sbin/houvastd --network /etc/houvast/small --state %S/houvastd/small --listen tcp://127.0.0.1:7711"
systemctl reset-failed "$small" 2>/dev/null
systemctl start "$small" 2>/dev/null
is "an address that is taken (73)" "$(show ExecMainStatus "$small")" 73
systemctl stop "$unit"
within 10 active systemctl is-active "$small"
is "is tried until it is free" "$(systemctl is-active "$small")" active
systemctl stop "$small"
rm -r "/run/systemd/system/$small.d"

# ---- Any refused system call kills ---------------------------------------------------------------

chapter system-calls
drop_in "$unit" SystemCallErrorNumber=kill
restarts=$(show NRestarts)
systemctl restart "$unit"
is "it starts where a refused system call kills" "$?" 0
hand_over STRICT
is "hands a resident over" "$?" 0
systemctl reload "$unit"
is "reloads" "$?" 0
kill -KILL "$(show MainPID)"
within 10 active systemctl is-active "$unit"
is "recovers" "$(holder STRICT)" ilse
systemctl stop "$unit"
is "stops in order" "$(show Result) $(show ExecMainStatus)" "success 0"
is "and no call was refused" "$(journalctl -o cat -u "$unit" | grep -cE 'status=31/SYS')" 0
rm -r "/run/systemd/system/$unit.d"
systemctl daemon-reload

# ---- Stopped -------------------------------------------------------------------------------------

chapter stopped
systemctl start "$unit"
begun=$(now_ms)
systemctl stop "$unit"
echo "# stopped after $(($(now_ms) - begun)) ms"
is "a stop is clean" "$(show Result) $(show ExecMainStatus)" "success 0"
is "the credentials are gone" "$([ -e "$credentials" ] && echo there)" ""
is "the socket is gone" "$([ -e /run/houvastd/delft ] && echo there)" ""
is "the state directory is root's to see and nobody else's" \
    "$("${stranger[@]}" ls /var/lib/private/houvastd/delft 2>/dev/null)" ""
is "no user is left behind" "$(ls /run/systemd/dynamic-uid)" ""

echo "1..$count"
[ "$failed" = 0 ]
