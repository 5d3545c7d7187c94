#!/usr/bin/env bash
# The house rules that no compiler knows: who may include whom, what lies where, documents that have
# to say what the code says. Each breach is one line; the exit status is 1 when there is any.
#
#   tests/check-house.sh BUILD      the folder with the programs and man pages, usually build
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: tests/check-house.sh BUILD}

breaches=0
breach() {
    echo "house: $*" >&2
    breaches=$((breaches + 1))
}

# Every file that is ours: tracked, or about to be.
ours() {
    git ls-files --cached --others --exclude-standard -- "$@" | while IFS= read -r file; do
        if [ -f "$file" ]; then printf '%s\n' "$file"; fi
    done
}

# may_not_include WHY PATTERN FILE…: none of the files has an #include that matches PATTERN.
may_not_include() {
    local why=$1 pattern=$2 found
    shift 2
    [ $# -gt 0 ] || return 0
    found=$(grep -nEH "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($pattern)" "$@" || true)
    [ -z "$found" ] || while IFS= read -r line; do breach "$line: $why"; done <<<"$found"
}

# The sources of the broker but for the rooms that match a pattern.
broker_without() {
    ours 'broker/*.[ch]' | grep -Ev "^broker/($1)\\.[ch]\$"
}

check_arrows() {
    local -a files

    mapfile -t files < <(ours 'broker/handover*.[ch]' 'broker/journey*.[ch]' 'broker/decision*.[ch]' \
        'broker/audience.[ch]' 'broker/clock.[ch]' 'broker/event.[ch]' 'broker/ladder.[ch]' \
        'broker/phase*.[ch]' 'broker/run.[ch]')
    may_not_include "a pure room knows no clock, disk or socket" \
        'broker/(ledger|turn|session|door|zap|loop|systemd|journal)|zmq|sqlite3|systemd/|time\.h|unistd\.h|sys/' \
        "${files[@]}"
    mapfile -t files < <(ours 'broker/calendar*.[ch]')
    may_not_include "the calendar is pure too; of time.h it has dates alone" \
        'broker/(ledger|turn|session|door|zap|loop|systemd|journal|network)|zmq|sqlite3|systemd/|unistd\.h|sys/' \
        "${files[@]}"
    mapfile -t files < <(broker_without 'ledger.*')
    may_not_include "only the ledger's rooms speak SQL" 'sqlite3' "${files[@]}"
    mapfile -t files < <(broker_without 'door.*|zap.*|endpoint.*|network_z85')
    may_not_include "only the door's rooms know sockets" 'zmq' "${files[@]}"
    mapfile -t files < <(broker_without 'loop.*|systemd.*|journal.*')
    may_not_include "systemd is in loop, systemd and journal" 'systemd/' "${files[@]}"

    mapfile -t files < <(ours 'broker/ledger*.[ch]')
    may_not_include "the ledger looks up to no one" 'broker/(turn|session|door|zap|loop)' "${files[@]}"
    mapfile -t files < <(broker_without 'door.*|zap.*|endpoint.*|loop.*|main.*')
    may_not_include "only loop and main know the door" 'broker/(door|zap|loop)' "${files[@]}"
    mapfile -t files < <(ours 'broker/*.[ch]' 'schemas/*.[ch]' 'include/*.h')
    may_not_include "the broker and the wire know no client" 'clients/' "${files[@]}"
    mapfile -t files < <(ours 'schemas/*.[ch]' 'include/*.h' 'clients/lib/*.[ch]')
    may_not_include "wire and library know nothing of the broker" 'broker/' "${files[@]}"
    mapfile -t files < <(ours 'clients/houvast/*.[ch]')
    may_not_include "the tool shares the network's files and keys with the broker, no more" \
        'broker/(ledger|turn|session|door|zap|loop|handover|journey|decision)' "${files[@]}"
}

check_top_level() {
    local name
    while IFS= read -r name; do
        case $name in
        Makefile | README.md | LICENSE | SECURITY.md | publiccode.yml | package.json) ;;
        package-lock.json | debian | include | broker | clients | schemas | systemd | tests) ;;
        .ci | .clang-format | .clang-tidy | .editorconfig | .gitignore) ;;
        *) breach "$name: has no place on the top level" ;;
        esac
    done < <(ours | cut -d / -f 1 | sort -u)
}

check_words() {
    local found left_over='\b(TO''DO|FIX''ME|X''XX|HA''CK)\b'
    found=$(ours '*.[ch]' '*.py' '*.sh' '*.sql' '*.scd' '*.md' Makefile .ci/run |
        xargs grep -nE "$left_over" || true)
    [ -z "$found" ] || while IFS= read -r line; do breach "$line: left for later"; done <<<"$found"
}

# The first line of each source says what the file is for.
check_first_lines() {
    local file
    while IFS= read -r file; do
        case $(head -n 1 "$file") in
        '/* '*) ;;
        *) breach "$file: the first line does not say what the file is for" ;;
        esac
    done < <(ours '*.c' '*.h')
}

check_licence() {
    # The text of the EUPL-1.2 as the SPDX list has it, to the byte.
    echo "d126070e53a97387b339cc1b4c794e9bc134df061d6cb5ab37cef0bfe986228a  LICENSE" |
        sha256sum --check --status || breach "LICENSE: not the EUPL-1.2 as published"
}

check_publiccode() {
    local said
    said=$(/usr/bin/python3 - <<'END' 2>&1
import yaml

code = yaml.safe_load(open("publiccode.yml", encoding="utf-8"))
for key in ("publiccodeYmlVersion name url platforms categories developmentStatus softwareType "
            "description legal maintenance localisation").split():
    if key not in code:
        print(f"{key} is missing")
for language, text in code["description"].items():
    if len(text["shortDescription"]) > 150:
        print(f"{language}: the short description is over 150 characters")
    if not 150 <= len(text["longDescription"]) <= 10000:
        print(f"{language}: the long description is not of 150 to 10,000 characters")
END
    ) || true
    [ -z "$said" ] || while IFS= read -r line; do breach "publiccode.yml: $line"; done <<<"$said"
}

check_wire_reference() {
    [ -x "$build/wire-reference" ] || return 0
    "$build/wire-reference" | cmp -s - schemas/wire/reference.md ||
        breach "schemas/wire/reference.md: not what the field lists say; make it anew with" \
            "$build/wire-reference > schemas/wire/reference.md"
}

check_wire_schema() {
    [ -x "$build/wire-schema" ] || return 0
    "$build/wire-schema" | cmp -s - schemas/wire/messages.schema.json ||
        breach "schemas/wire/messages.schema.json: not what the field lists say; make it anew with" \
            "$build/wire-schema > schemas/wire/messages.schema.json"
}

check_holidays() {
    local folder=tests/fixtures/dutch-holidays
    "$folder/make.py" | cmp -s - "$folder/holidays.tsv" ||
        breach "$folder/holidays.tsv: not what $folder/make.py makes"
}

check_man_pages() {
    local page said
    for page in "$build"/man/*; do
        [ -e "$page" ] || continue
        said=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings --local-file "$page" 2>&1 >/dev/null) || true
        [ -z "$said" ] || breach "$page: $said"
    done
}

check_arrows
check_top_level
check_words
check_first_lines
check_licence
check_publiccode
check_wire_reference
check_wire_schema
check_holidays
check_man_pages

if [ "$breaches" -gt 0 ]; then
    echo "house: $breaches breaches of the house rules" >&2
    exit 1
fi
