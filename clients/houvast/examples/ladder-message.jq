# One item of a coordinator's inbox, as `houvast listen` gives it, as a message for people: the first line is
# the subject. No pseudonym and no begeleider goes into it: mail and pagers are read by others too.

# What was not done, by whom it is awaited.
def undone:
  (.awaits // "who must act") as $who
  | {"unrouted": "\($who) has not offered it on",
     "delivery": "the system of \($who) does not have it",
     "receipt": "nobody at \($who) has it in hand",
     "pick-up": "nobody at \($who) has taken it on",
     "arrival": "\($who) and the resident have not met",
     "waiting": "\($who) has not said that it is in touch",
     "held": "\($who) has not said that it is in touch",
     "closing": "no second person has judged the closing",
     "contested": "\($who) has not found the resident",
     "answer": "\($who) owes an answer"}[.phase // ""] // "\($who) has not acted";

def moment: . / 1000 | strflocaltime("%a %-d %b %H:%M");

# The end of the id, as `houvast list` shows it.
def short: gsub("-"; "") | .[-8:];

def subject:
  if .event == "digest" then "\(.count) journeys wait, and nobody acts"
  elif .phase then "Step \(.step // 0): \(undone)"
  elif .event == "absent" then "A begeleider of \(.organisation // "yours") is away, and nobody stands in"
  elif .event == "quiet" then "The system of \(.about // "an organisation") has no connection"
  elif .event == "suspected" then "A key of \(.about // "an organisation") may be stolen: \(.reason // "")"
  elif .event == "closing" then "A closing asks for a second person"
  elif .event == "contested" then "A resident is not where the ledger says"
  else "Houvast: \(.event)" end;

def lines:
  if .since then "It waits since \(.since | moment)." else empty end,
  if .due then "If nobody acts, the next step is \(.due | moment)." else empty end,
  if .telephone then "Ring \(.awaits // "them"): \(.telephone)" else empty end,
  if .by_organisation then "They wait for "
    + (.by_organisation | to_entries | sort_by(-.value) | map("\(.key) (\(.value))") | join(", ")) + "."
  else empty end,
  if .event == "digest" then (.overdue // [] | .[] | "- \(.journey | short): \(.phase // "waits")"
    + if .since then ", since \(.since | moment)" else "" end) else empty end,
  if .journey then "To see what happened:  houvast history \(.journey)" else empty end,
  if .journey then "To say that you are on it:  houvast claim \(.journey) --person YOU --until 2h"
  elif .event == "digest" then "To see all of them:  houvast list" else empty end;

subject, "", lines
