#!/bin/sh
# Sends a coordinator's items to a pager's webhook:
#
#   HOUVAST_WEBHOOK=https://pager.example/hook houvast listen --role coordinator --timeout 60 --exec pager.sh
#
#   HOUVAST_WEBHOOK        where to; it gets a POST of JSON: {"title", "text", "urgent", "key"}
#   HOUVAST_WEBHOOK_TOKEN  a file that begins with the bearer token, where the pager wants one
#
# `key` is the same for the same item, so that a pager that knows it does not ring twice. Leaving with
# 0 acknowledges the item, and the broker then counts the coordinators as told: only an answer of the
# 200s ends it with 0. Anything else, and the item comes again.
set -eu

: "${HOUVAST_WEBHOOK:?say where the pager listens}"
folder=$(dirname "$0")
item=$(cat)
message=$(printf '%s\n' "$item" | jq --raw-output --from-file "$folder/ladder-message.jq")

# Neither the token nor the address, which with many pagers is a secret too, goes on the command line, where
# everybody on the machine could read it.
secrets() {
    printf 'url = "%s"\n' "$HOUVAST_WEBHOOK"
    if [ -n "${HOUVAST_WEBHOOK_TOKEN:-}" ]; then
        printf 'header = "Authorization: Bearer %s"\n' "$(head -n 1 "$HOUVAST_WEBHOOK_TOKEN")"
    fi
}

# jq makes the JSON, so that no letter of a message can break out of it.
body=$(printf '%s\n' "$item" | jq --compact-output --arg message "$message" --arg key "houvast-$HOUVAST_ITEM" '
    ($message | split("\n")) as $lines
    | {title: $lines[0], text: ($lines[2:] | join("\n")), urgent: (.event != "closing" and .event != "absent"),
       key: $key}')

status=$(secrets | curl --config - --silent --show-error --max-time 30 --output /dev/null \
    --write-out '%{http_code}' --header 'Content-Type: application/json' --data-binary "$body")
case $status in
2??) ;;
*)
    echo "pager: answered $status" >&2
    exit 1
    ;;
esac
