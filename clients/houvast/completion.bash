# shellcheck shell=bash
# Completes houvast(1) in bash. Subcommands, options and the words that they take are read from the
# tool's own --help, so what is completed is what that version of the tool knows.

# The help of what has been typed, one option a line however long.
_houvast_help() {
    ARGP_HELP_FMT=rmargin=9999 "$@" --help 2>/dev/null
}

# Subcommands of the help on standard input.
_houvast_subcommands() {
    sed -nE 's/^  ([a-z]+(-[a-z]+)*) {2,}[^ ].*/\1/p'
}

# Long options of the help on standard input, with = where they take a value.
_houvast_options() {
    sed -nE 's/^ {2,6}(-., )?(--[a-z0-9-]+)(=?).*/\2\3/p'
}

# The words that the option $1 takes, from its line in the help on standard input: (one of a, b), (only a),
# or --option=a|b.
_houvast_words() {
    case $1 in
    --role) echo endpoint coordinator operator ;;
    *) sed -nE -e "s/^ +$1=.*\\((one of|only) ([^)]*)\\).*/\\2/p" -e "s/^ +$1=([a-z|]+)( .*)?$/\\1/p" | tr ',|' ' ' ;;
    esac
}

# Sets `typed` to the subcommands among the words before the cursor, and `is_foreign` when what is
# under the cursor belongs to the program of --exec.
_houvast_typed() {
    local i word before=
    typed=() is_foreign=
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $before:$word in
        *:--exec) is_foreign=yes ;;
        --config:* | --role:* | --endpoint:* | --timeout:* | =:*) ;;
        *:-* | *:=) ;;
        *:*) case ${#typed[@]}:${typed[0]-} in 0:* | 1:network | 1:receipt) typed+=("$word") ;; esac ;;
        esac
        before=$word
    done
}

_houvast() {
    local current=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} help candidates
    local typed is_foreign
    COMPREPLY=()
    # bash takes --kind=warm for three words.
    [ "$option" != = ] || option=${COMP_WORDS[COMP_CWORD - 2]}
    if [ "$current" = = ]; then current=; fi

    _houvast_typed
    [ -z "$is_foreign" ] || return 0
    help=$(_houvast_help "$1" "${typed[@]}")
    case $option:$current in
    *:-*) candidates=$(_houvast_options <<<"$help") ;;
    --*:*)
        candidates=$(_houvast_words "$option" <<<"$help")
        # An option without a value is over; after it comes what comes without it.
        if [ -z "$candidates" ] && ! _houvast_options <<<"$help" | grep -qx -- "$option="; then
            candidates=$(_houvast_subcommands <<<"$help")
        fi
        ;;
    *) candidates=$(_houvast_subcommands <<<"$help") ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$current")
    # The value of an option comes right behind its =.
    if [ ${#COMPREPLY[@]} = 1 ] && [[ ${COMPREPLY[0]} = *= ]]; then compopt -o nospace 2>/dev/null; fi
}

# Where nothing is to be said: a file.
complete -o default -F _houvast houvast
