#!/bin/sh
# Mails a coordinator's items through sendmail:
#
#   HOUVAST_MAIL_TO='nora@kcc.example' houvast listen --role coordinator --timeout 60 --exec mail.sh
#
#   HOUVAST_MAIL_TO      who gets them, apart by commas
#   HOUVAST_MAIL_FROM    who sends them; houvast@ and this machine where it is absent
#   HOUVAST_SENDMAIL     the program, which takes the whole mail; /usr/sbin/sendmail where it is absent
#
# Leaving with 0 acknowledges the item, and the broker then counts the coordinators as told. So only
# the mail server's taking the mail may end it with 0: any failure, and the item comes again.
set -eu

: "${HOUVAST_MAIL_TO:?say who gets the mail}"
folder=$(dirname "$0")
message=$(jq --raw-output --from-file "$folder/ladder-message.jq")
subject=$(printf '%s\n' "$message" | head -n 1)

# -i: a line with one dot does not end the mail. The item's number makes the same mail of a repeat
# the same to a mail reader.
{
    printf 'From: %s\n' "${HOUVAST_MAIL_FROM:-houvast@$(uname -n)}"
    printf 'To: %s\n' "$HOUVAST_MAIL_TO"
    printf 'Subject: %s\n' "$subject"
    printf 'Message-ID: <%s.%s@houvast.%s>\n' "$HOUVAST_ITEM" "${HOUVAST_JOURNEY:-network}" "$(uname -n)"
    printf 'Auto-Submitted: auto-generated\n'
    printf 'Content-Type: text/plain; charset=utf-8\n\n'
    printf '%s\n' "$message" | tail -n +3
} | "${HOUVAST_SENDMAIL:-/usr/sbin/sendmail}" -i -t
