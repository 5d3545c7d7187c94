/* The words of the wire, version 1: one list per vocabulary.
 *
 * Each row is V(NAME, number, "text", "what it means"). The text is what travels and what events
 * keep; the number is what a table of the ledger keeps. Both are promises: rows are added, never
 * changed. A text outside its list is refused as `malformed`. */
#ifndef HOUVAST_WIRE_VOCABULARY_H
#define HOUVAST_WIRE_VOCABULARY_H

#define HV_VOCABULARIES(L) \
    L(role)                \
    L(kind)                \
    L(urgency)             \
    L(disclose)            \
    L(basis)               \
    L(basis9)              \
    L(outcome)             \
    L(introduction)        \
    L(contact_how)         \
    L(contact_with)        \
    L(taken_as)            \
    L(decided)             \
    L(journey_state)       \
    L(handover_state)      \
    L(phase)               \
    L(note_code)           \
    L(missed_by)           \
    L(event_name)          \
    L(refusal)

#define HV_VOCABULARY_role(V)                                                                      \
    V(ROLE_ENDPOINT, 1, "endpoint", "the organisation's system: publishes and receives handovers") \
    V(ROLE_COORDINATOR, 2, "coordinator", "sees the handovers that nobody picks up, and acts")     \
    V(ROLE_OPERATOR, 3, "operator", "runs the broker; a party to nothing")

#define HV_VOCABULARY_kind(V)                                                                  \
    V(KIND_WARM, 1, "warm", "introduced in person or by telephone together")                   \
    V(KIND_COLD, 2, "cold", "through the system only")                                         \
    V(KIND_CALLBACK, 3, "callback", "a cold one: please ring this resident (terugbelverzoek)") \
    V(KIND_SIGNAL, 4, "signal", "a cold one: a worry reported by someone else")

#define HV_VOCABULARY_urgency(V)                   \
    V(URGENCY_ROUTINE, 1, "routine", "days count") \
    V(URGENCY_URGENT, 2, "urgent", "hours count")  \
    V(URGENCY_CRISIS, 3, "crisis", "minutes count, day and night")

#define HV_VOCABULARY_disclose(V)                                                         \
    V(DISCLOSE_PICKED_UP, 1, "picked-up", "pseudonym and dossier go over at the pick-up") \
    V(DISCLOSE_RECEIVED, 2, "received", "pseudonym and dossier go over when a person has received")

#define HV_VOCABULARY_basis(V)                                     \
    V(BASIS_CONSENT, 1, "consent", "GDPR article 6(1)(a)")         \
    V(BASIS_LEGAL_DUTY, 2, "legal-duty", "GDPR article 6(1)(c)")   \
    V(BASIS_PUBLIC_TASK, 3, "public-task", "GDPR article 6(1)(e)") \
    V(BASIS_VITAL_INTEREST, 4, "vital-interest", "GDPR article 6(1)(d)")

#define HV_VOCABULARY_basis9(V)                                                 \
    V(BASIS9_EXPLICIT_CONSENT, 1, "explicit-consent", "GDPR article 9(2)(a)")   \
    V(BASIS9_SOCIAL_PROTECTION, 2, "social-protection", "GDPR article 9(2)(b)") \
    V(BASIS9_VITAL_INTEREST, 3, "vital-interest", "GDPR article 9(2)(c)")       \
    V(BASIS9_CARE, 4, "care", "GDPR article 9(2)(h)")

#define HV_VOCABULARY_outcome(V)                                                                \
    V(OUTCOME_HELPED, 1, "helped", "the resident was helped")                                   \
    V(OUTCOME_OWN_SOLUTION, 2, "own-solution", "the resident found a way without us")           \
    V(OUTCOME_MOVED, 3, "moved", "the resident left the city")                                  \
    V(OUTCOME_DECEASED, 4, "deceased", "the resident died")                                     \
    V(OUTCOME_ENTERED_IN_ERROR, 5, "entered-in-error", "the journey should not have been made") \
    V(OUTCOME_NO_RESPONSE, 6, "no-response", "the resident could not be reached")               \
    V(OUTCOME_REFUSED_BY_RESIDENT, 7, "refused-by-resident", "the resident does not want help") \
    V(OUTCOME_NO_SOLUTION, 8, "no-solution", "there is no help to be had here")

#define HV_VOCABULARY_introduction(V)                                                 \
    V(INTRODUCTION_ACCOMPANIED, 1, "accompanied", "someone of the sender came along") \
    V(INTRODUCTION_JOINT, 2, "joint", "a joint appointment")                          \
    V(INTRODUCTION_PHONE_TOGETHER, 3, "phone-together", "introduced by telephone together")

#define HV_VOCABULARY_contact_how(V)                                        \
    V(CONTACT_VISITED, 1, "visited", "the begeleider visited the resident") \
    V(CONTACT_CAME, 2, "came", "the resident came to the begeleider")       \
    V(CONTACT_CALLED, 3, "called", "they spoke by telephone")               \
    V(CONTACT_VIDEO, 4, "video", "they spoke by video")                     \
    V(CONTACT_WITH_SENDER, 5, "with-sender", "they met in the presence of the sender")

#define HV_VOCABULARY_contact_with(V)                       \
    V(CONTACT_RESIDENT, 1, "resident", "with the resident") \
    V(CONTACT_REPRESENTATIVE, 2, "representative", "with who speaks for the resident")

#define HV_VOCABULARY_taken_as(V) \
    V(TAKEN_AS_COLD, 1, "cold", "a warm handover confirmed without its introduction")

#define HV_VOCABULARY_decided(V)                                       \
    V(DECIDED_RECEIVER, 1, "receiver", "the receiver declined")        \
    V(DECIDED_RESIDENT, 2, "resident", "the resident did not want it") \
    V(DECIDED_RULE, 3, "rule", "a rule or law does not allow it")

#define HV_VOCABULARY_journey_state(V)                                                          \
    V(JOURNEY_OPEN, 1, "open", "held")                                                          \
    V(JOURNEY_CLOSING, 2, "closing", "still held, until a second person agrees to the closing") \
    V(JOURNEY_CLOSED, 3, "closed", "ended; names who held last")

#define HV_VOCABULARY_handover_state(V)                                                            \
    V(HANDOVER_OFFERED, 1, "offered", "the receiver's system does not have it yet")                \
    V(HANDOVER_DELIVERED, 2, "delivered", "the receiver's system has it")                          \
    V(HANDOVER_RECEIVED, 3, "received", "a person at the receiver reads it")                       \
    V(HANDOVER_PICKED_UP, 4, "picked-up", "a named begeleider takes it on")                        \
    V(HANDOVER_WAITING, 5, "waiting", "on the receiver's waiting list; the holder keeps in touch") \
    V(HANDOVER_CONFIRMED, 6, "confirmed", "the resident has arrived; the hold has moved")          \
    V(HANDOVER_DECLINED, 7, "declined", "the receiver said no; the holder keeps the resident")     \
    V(HANDOVER_WITHDRAWN, 8, "withdrawn", "the holder took it back")

/* What a journey waits for now: it decides who is told, and when. */
#define HV_VOCABULARY_phase(V)                                                                     \
    V(PHASE_UNROUTED, 1, "unrouted", "for the holder to offer it, or to keep the resident itself") \
    V(PHASE_DELIVERY, 2, "delivery", "for the receiver's system to acknowledge the offer")         \
    V(PHASE_RECEIPT, 3, "receipt", "for a person at the receiver to have it in hand")              \
    V(PHASE_PICKUP, 4, "pick-up", "for a named begeleider to take it on")                          \
    V(PHASE_ARRIVAL, 5, "arrival", "for resident and begeleider to have been in contact")          \
    V(PHASE_WAITING, 6, "waiting", "on a waiting list: for the holder to keep in touch")           \
    V(PHASE_HELD, 7, "held", "for the holder's next check-in")                                     \
    V(PHASE_CLOSING, 8, "closing", "for a second person to settle the closing")                    \
    V(PHASE_CONTESTED, 9, "contested", "for the new holder to find the resident")                  \
    V(PHASE_ANSWER, 10, "answer", "for a question, or what is missing, to be answered")

#define HV_VOCABULARY_note_code(V)                                                            \
    V(NOTE_IN_TOUCH, 1, "in-touch", "the holder was in touch with the resident")              \
    V(NOTE_NOT_REACHED, 2, "not-reached", "the holder tried and did not reach them")          \
    V(NOTE_WORKING_ON_IT, 3, "working-on-it", "the receiver is at it: its phase starts anew") \
    V(NOTE_NO_SHOW, 4, "no-show", "somebody did not come; `by` says who")                     \
    V(NOTE_MISSING, 5, "missing", "something is missing; the other side owes an answer")      \
    V(NOTE_QUESTION, 6, "question", "a question; the other side owes an answer")              \
    V(NOTE_ANSWER, 7, "answer", "the answer to it")                                           \
    V(NOTE_INFORMED, 8, "informed", "the resident was told of the last milestone")            \
    V(NOTE_TIP, 9, "tip", "the resident was told to go to `to` unaided; nobody is let go")

#define HV_VOCABULARY_missed_by(V)                                    \
    V(MISSED_BY_HOLDER, 1, "holder", "the holder did not come")       \
    V(MISSED_BY_RECEIVER, 2, "receiver", "the receiver did not come") \
    V(MISSED_BY_RESIDENT, 3, "resident", "the resident did not come")

/* Events and items share names. Those that no item carries are marked "-". */
#define HV_VOCABULARY_event_name(V)                                                             \
    V(EVENT_OPENED, 1, "opened", "- first contact, or a closed journey taken up again")         \
    V(EVENT_REASSIGNED, 2, "reassigned", "another begeleider of the same organisation holds")   \
    V(EVENT_CLOSING, 3, "closing", "a closing asks for a second person")                        \
    V(EVENT_SETTLED, 4, "settled", "a second person did not agree to the closing")              \
    V(EVENT_CLOSED, 5, "closed", "the journey ended")                                           \
    V(EVENT_OFFERED, 6, "offered", "a handover was offered")                                    \
    V(EVENT_DELIVERED, 7, "delivered", "- the receiver's system acknowledged the offer")        \
    V(EVENT_RECEIVED, 8, "received", "a person at the receiver has it in hand")                 \
    V(EVENT_PICKED_UP, 9, "picked-up", "a named begeleider takes it on, or plans anew")         \
    V(EVENT_INTRODUCED, 10, "introduced", "resident and receiver were introduced")              \
    V(EVENT_CONFIRMED, 11, "confirmed", "arrived: the hold moved")                              \
    V(EVENT_DECLINED, 12, "declined", "the receiver declined")                                  \
    V(EVENT_WITHDRAWN, 13, "withdrawn", "the holder withdrew")                                  \
    V(EVENT_SUPPLEMENTED, 14, "supplemented", "- the holder sent a further dossier")            \
    V(EVENT_DOSSIER, 15, "dossier", "pseudonym and dossier were disclosed to the receiver")     \
    V(EVENT_FETCHED, 16, "fetched", "- the receiver asked for the dossiers again")              \
    V(EVENT_DELETED, 17, "deleted", "- the broker deleted the dossiers")                        \
    V(EVENT_ACKNOWLEDGED, 18, "acknowledged", "- an item was acknowledged")                     \
    V(EVENT_READ, 19, "read", "- somebody read the history")                                    \
    V(EVENT_NETWORK, 20, "network", "- other network files are in force")                       \
    V(EVENT_SUSPECTED, 21, "suspected", "a key does more than its system would: is it stolen?") \
    V(EVENT_REMINDED, 22, "reminded", "a step of a ladder: to who must act")                    \
    V(EVENT_ESCALATED, 23, "escalated", "a step of a ladder: to a coordinator")                 \
    V(EVENT_CHECK_IN_DUE, 24, "check-in-due", "the holder is to keep in touch now")             \
    V(EVENT_TOLD, 25, "told", "- a step of a ladder was acknowledged: somebody knows")          \
    V(EVENT_WAITING, 26, "waiting", "the receiver has put it on its waiting list")              \
    V(EVENT_NOTED, 27, "noted", "one coded fact")                                               \
    V(EVENT_URGENCY, 28, "urgency", "- it presses more, or less")                               \
    V(EVENT_CONTESTED, 29, "contested", "the resident is not where the ledger says")            \
    V(EVENT_CLAIMED, 30, "claimed", "a coordinator is on it, or gives it back")                 \
    V(EVENT_ABSENT, 31, "absent", "a begeleider is away without a deputy")                      \
    V(EVENT_QUIET, 32, "quiet", "an organisation's system has no session")                      \
    V(EVENT_DIGEST, 33, "digest", "many steps of ladders in one item")                          \
    V(EVENT_CLOCK, 34, "clock", "- the machine's clock is doubted, or trusted again")           \
    V(EVENT_REPAIRED, 35, "repaired", "- an open journey had no timer: a defect, mended")

/* In the order in which the broker judges. */
#define HV_VOCABULARY_refusal(V)                                                               \
    V(REFUSED_TOO_LARGE, 1, "too-large", "over a limit")                                       \
    V(REFUSED_MALFORMED, 2, "malformed", "not a message of this contract; `field` says where") \
    V(REFUSED_NO_SESSION, 3, "no-session", "say `hello` first")                                \
    V(REFUSED_VERSION, 4, "version", "this version is not spoken here")                        \
    V(REFUSED_BUSY, 5, "busy", "over the rate; try again after `retry_after` ms")              \
    V(REFUSED_UNAVAILABLE, 6, "unavailable", "the ledger cannot write; nothing held is lost")  \
    V(REFUSED_UNKNOWN, 7, "unknown", "no such thing, or the peer is no party to it")           \
    V(REFUSED_FORBIDDEN, 8, "forbidden", "a party, but not its side or role")                  \
    V(REFUSED_CONFLICT, 9, "conflict", "the state does not allow it, or the id is taken")      \
    V(REFUSED_STALE_KEY, 10, "stale-key", "sealed for a key that is not valid; `map` has it")  \
    V(REFUSED_NOT_INTRODUCED, 11, "not-introduced", "warm, and not yet introduced")

#endif
