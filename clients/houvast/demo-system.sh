#!/bin/sh
# An organisation's system in the demo: `houvast listen --exec` runs it once for every item that the
# broker owes the organisation. The item is JSON on standard input, an opened dossier is on
# descriptor 3, and leaving with 0 acknowledges. A real system would put both into its own records.
#
#   DEMO_ORGANISATION   whose system this is
#   DEMO_EVENTS         the pipe on which the demo waits to hear what has come in
set -eu

event=$(jq --raw-output .event)
case $event in
dossier) echo "$DEMO_ORGANISATION $event $(wc -c <&3)" >"$DEMO_EVENTS" ;;
*) echo "$DEMO_ORGANISATION $event" >"$DEMO_EVENTS" ;;
esac
