/* The field lists of the wire: one per message. Struct, codec, validation, JSON and reference are
 * expansions of these lists, so that none of them can drift from another.
 *
 * A row is F(S, presence, kind, name, argument, "what it says"):
 *
 *   presence  REQUIRED, or OPTIONAL: the struct then has `bool has_<name>` beside it
 *   kind      how it travels, what is valid, and how the struct keeps it:
 *     REQUEST       1 to 64 characters                             char[257]
 *     UUID          lower-case text of a UUID                      struct hv_uuid
 *     ORGANISATION  [a-z0-9-]{1,32}                                char[33]
 *     CODE          [a-z0-9-]{1,32}, from lists that files extend  char[33]
 *     PERSON        [a-z0-9._-]{1,64}                              char[65]
 *     RESIDENT      "r1." and 43 characters of base64url           char[47]
 *     TEXT          any text, for people; from the broker only     const char *
 *     TIME          ms since 1970-01-01T00:00Z, 0 to 2^53-1        hv_time
 *     INTEGER       a whole number, argument (least, most)         int64_t
 *     BOOLEAN       true or false                                  bool
 *     VOCABULARY    a word of the list named by the argument       enum hv_<argument>
 *     BYTES         exactly as many as the argument says           uint8_t[argument]
 *     BLOB          1 to as many bytes as the argument says        size and bytes
 *     MAP           the struct named by the argument               struct hv_<argument>
 *     EMBED         the same, its fields standing in this map      struct hv_<argument>
 *     LIST          at most 32 of the struct named                 count and items
 *     CODES         at most 32 codes                               count and items
 *     COUNTERS      a map from text to whole number                count and items
 *
 * A field is called as its key, but for two (HV_KEY): `for`, which C keeps for itself, and the
 * `next` of a list, which is a journey's id where that of a history is a number.
 *
 * A key marked (later) in the contract is not here until its behaviour is: until then it is
 * unknown. */
#ifndef HOUVAST_WIRE_FIELDS_H
#define HOUVAST_WIRE_FIELDS_H

/* The key of a field on the wire. */
#define HV_KEY(name)                    HV_KEY_SECOND(HV_KEY_OF_##name, #name, )
#define HV_KEY_SECOND(...)              HV_KEY_SECOND_(__VA_ARGS__)
#define HV_KEY_SECOND_(first, key, ...) key
#define HV_KEY_OF_for_                  for_, "for"
#define HV_KEY_OF_next_journey          next_journey, "next"

/* clang-format off */

/* ---- What messages are made of: T(name, "what it is") ---------------------------------------- */

#define HV_PARTS(T)                                                                                    \
    T(holder,       "who is responsible for the resident")                                             \
    T(receiver,     "who a handover is for; a begeleider once a person has received it")               \
    T(contact,      "the contact by which a resident arrived")                                         \
    T(talked,       "the closing conversation (RQ-010)")                                               \
    T(attendee,     "someone who was there at an introduction")                                        \
    T(sealing_key,  "a public key to seal dossiers for")                                               \
    T(receipt_key,  "a public key that receipts are checked with")                                     \
    T(organisation, "an organisation on the social map")                                               \
    T(run,          "a phase that runs, and its place on the ladder; the broker's own")                \
    T(standing_claim, "a coordinator who is on it")                                                    \
    T(keeping,      "what a journey's row keeps beside its columns; the broker's own")                 \
    T(addressee,    "an inbox that a step is for")                                                     \
    T(told,         "who acknowledged a step of a ladder")                                             \
    T(overdue,      "a journey that waits, and since when")                                            \
    T(event,        "what happened, as history shows it and items carry it")                           \
    T(standing,     "how a journey stands")

#define HV_FIELDS_holder(F, S)                                                                         \
    F(S, REQUIRED, ORGANISATION, organisation, _, "the organisation that holds")                       \
    F(S, REQUIRED, PERSON, begeleider, _, "the begeleider who holds")

#define HV_FIELDS_receiver(F, S)                                                                       \
    F(S, REQUIRED, ORGANISATION, organisation, _, "the receiving organisation")                        \
    F(S, OPTIONAL, PERSON, begeleider, _, "who picked it up, or else received it")

#define HV_FIELDS_contact(F, S)                                                                        \
    F(S, REQUIRED, TIME, on, _, "when; not in the future, nor before the offer unless with-sender")    \
    F(S, REQUIRED, VOCABULARY, how, contact_how, "how resident and begeleider met")                    \
    F(S, REQUIRED, VOCABULARY, with, contact_with, "with whom")

#define HV_FIELDS_talked(F, S)                                                                         \
    F(S, REQUIRED, TIME, on, _, "when it was talked through")                                          \
    F(S, REQUIRED, PERSON, begeleider, _, "who talked it through with the resident")

#define HV_FIELDS_attendee(F, S)                                                                       \
    F(S, REQUIRED, ORGANISATION, organisation, _, "of which organisation")                             \
    F(S, REQUIRED, PERSON, person, _, "who")

#define HV_FIELDS_sealing_key(F, S)                                                                    \
    F(S, REQUIRED, BYTES, id, 8, "the first 8 bytes of BLAKE2b-256 of the key")                        \
    F(S, REQUIRED, BYTES, key, 32, "the X25519 public key")                                            \
    F(S, REQUIRED, TIME, until, _, "valid until then")

#define HV_FIELDS_receipt_key(F, S)                                                                    \
    F(S, REQUIRED, BYTES, key, 32, "the Ed25519 public key")                                           \
    F(S, OPTIONAL, TIME, from, _, "valid from then; absent: from the beginning")                       \
    F(S, OPTIONAL, TIME, until, _, "valid until then; absent: without end")

#define HV_FIELDS_organisation(F, S)                                                                   \
    F(S, REQUIRED, ORGANISATION, organisation, _, "its name on the wire")                              \
    F(S, REQUIRED, TEXT, display_name, _, "its name for people")                                       \
    F(S, REQUIRED, TEXT, telephone, _, "whom partners ring; not for residents")                        \
    F(S, OPTIONAL, TEXT, telephone_out_of_hours, _, "whom partners ring at night")                     \
    F(S, OPTIONAL, BOOLEAN, leaving, _, "true: it takes no new offers")                                \
    F(S, REQUIRED, LIST, sealing_keys, sealing_key, "valid now, newest first")

/* Steps and ceilings count from `began`, which may lie ahead (a waiting list, a planned contact). */
#define HV_FIELDS_run(F, S)                                                                            \
    F(S, REQUIRED, VOCABULARY, phase, phase, "what is waited for")                                     \
    F(S, REQUIRED, ORGANISATION, awaits, _, "the organisation that must act")                          \
    F(S, OPTIONAL, UUID, handover, _, "the handover that it is about")                                 \
    F(S, REQUIRED, VOCABULARY, urgency, urgency, "of its ladder")                                      \
    F(S, OPTIONAL, VOCABULARY, kind, kind, "of its ladder")                                            \
    F(S, OPTIONAL, ORGANISATION, to, _, "the route of its ladder leads there")                         \
    F(S, REQUIRED, TIME, began, _, "steps count from then")                                            \
    F(S, REQUIRED, INTEGER, step, (0, 1000), "steps taken")                                            \
    F(S, REQUIRED, TIME, due, _, "when the next step falls due")                                       \
    F(S, REQUIRED, INTEGER, network, (0, HV_INTEGER_MAX), "the event that put its ladder in force")    \
    F(S, OPTIONAL, INTEGER, days, (1, 366), "between check-ins, where the holder chose")               \
    F(S, OPTIONAL, TIME, asked, _, "a check-in is due since then")                                     \
    F(S, OPTIONAL, INTEGER, left, (0, HV_INTEGER_MAX), "ms to the next step when it was put to rest")  \
    F(S, OPTIONAL, INTEGER, rested, (0, HV_INTEGER_MAX), "ms put to rest by the network's claims")     \
    F(S, OPTIONAL, INTEGER, rested_own, (0, HV_INTEGER_MAX), "ms claimed by the organisation's own coordinators") \
    F(S, OPTIONAL, INTEGER, restarts, (0, 1000), "how often it was begun anew")                        \
    F(S, OPTIONAL, INTEGER, put_off, (0, 1000), "how often a wait or a lower urgency has put it off")

#define HV_FIELDS_standing_claim(F, S)                                                                 \
    F(S, REQUIRED, ORGANISATION, organisation, _, "whose coordinator")                                 \
    F(S, REQUIRED, PERSON, person, _, "who is on it")                                                  \
    F(S, REQUIRED, TIME, until, _, "until then")                                                       \
    F(S, OPTIONAL, TIME, on, _, "when it was said")                                                    \
    F(S, OPTIONAL, BOOLEAN, of_network, _, "a coordinator of the network: all of the ladder rests")

#define HV_FIELDS_keeping(F, S)                                                                        \
    F(S, REQUIRED, LIST, runs, run, "the phases that run")                                             \
    F(S, REQUIRED, LIST, claims, standing_claim, "the coordinators who are on it")

#define HV_FIELDS_addressee(F, S)                                                                      \
    F(S, REQUIRED, ORGANISATION, organisation, _, "the organisation")                                  \
    F(S, REQUIRED, VOCABULARY, role, role, "its inbox")

#define HV_FIELDS_told(F, S)                                                                           \
    F(S, REQUIRED, ORGANISATION, organisation, _, "the organisation")                                  \
    F(S, REQUIRED, VOCABULARY, role, role, "in which role")                                            \
    F(S, REQUIRED, TIME, at, _, "when it acknowledged")

#define HV_FIELDS_overdue(F, S)                                                                        \
    F(S, REQUIRED, UUID, journey, _, "the journey")                                                    \
    F(S, OPTIONAL, UUID, handover, _, "the handover")                                                  \
    F(S, OPTIONAL, VOCABULARY, phase, phase, "what it waits for")                                      \
    F(S, OPTIONAL, INTEGER, step, (0, 1000), "of the ladder")                                          \
    F(S, OPTIONAL, TIME, since, _, "waits since then")                                                 \
    F(S, OPTIONAL, ORGANISATION, awaits, _, "the organisation that must act")

#define HV_FIELDS_standing(F, S)                                                                       \
    F(S, REQUIRED, UUID, journey, _, "the journey")                                                    \
    F(S, OPTIONAL, UUID, handover, _, "its open handover")                                             \
    F(S, REQUIRED, CODE, state, _, "of the open handover, else of the journey")                        \
    F(S, REQUIRED, MAP, holder, holder, "who holds the resident")                                      \
    F(S, OPTIONAL, MAP, receiver, receiver, "who the handover is for")                                 \
    F(S, OPTIONAL, VOCABULARY, kind, kind, "introduced in person, or through the system only")         \
    F(S, REQUIRED, VOCABULARY, urgency, urgency, "how much it presses")                                \
    F(S, REQUIRED, TIME, since, _, "in this state since")                                              \
    F(S, OPTIONAL, BOOLEAN, introduced, _, "the warm gate is open")                                    \
    F(S, OPTIONAL, VOCABULARY, phase, phase, "what falls due first")                                   \
    F(S, OPTIONAL, INTEGER, step, (0, 1000), "steps taken on its ladder")                              \
    F(S, OPTIONAL, TIME, due, _, "when its next step falls due")                                       \
    F(S, OPTIONAL, TIME, late, _, "late since then: when the first of the steps taken had fallen due") \
    F(S, OPTIONAL, MAP, claimed, standing_claim, "who is on it")                                       \
    F(S, OPTIONAL, BOOLEAN, stuck, _, "an item of it is set aside: a system keeps refusing it")        \
    F(S, OPTIONAL, LIST, told, told, "who knows, newest first")

/* One struct for every event: which keys an event has follows from its name. An event of a handover
 * never carries the pseudonym; `opened` and the item `dossier` alone do. */
#define HV_FIELDS_event(F, S)                                                                          \
    F(S, REQUIRED, VOCABULARY, event, event_name, "what happened")                                     \
    F(S, OPTIONAL, UUID, journey, _, "the journey")                                                    \
    F(S, OPTIONAL, UUID, handover, _, "the handover")                                                  \
    F(S, OPTIONAL, INTEGER, seq, (0, HV_INTEGER_MAX), "its number in the ledger")                      \
    F(S, OPTIONAL, TIME, at, _, "when the broker recorded it")                                         \
    F(S, OPTIONAL, ORGANISATION, organisation, _, "whose key said so; absent: the broker itself")      \
    F(S, OPTIONAL, VOCABULARY, role, role, "in which role")                                            \
    F(S, OPTIONAL, PERSON, begeleider, _, "the begeleider it names, as stated by the organisation")    \
    F(S, OPTIONAL, TIME, on, _, "when it happened, as stated")                                         \
    F(S, OPTIONAL, RESIDENT, resident, _, "the pseudonym")                                             \
    F(S, OPTIONAL, VOCABULARY, basis, basis, "the legal ground")                                       \
    F(S, OPTIONAL, VOCABULARY, basis9, basis9, "the ground where health is in it")                     \
    F(S, OPTIONAL, BOOLEAN, reopens, _, "a closed journey was taken up again")                         \
    F(S, OPTIONAL, ORGANISATION, from, _, "the holding organisation that offers")                      \
    F(S, OPTIONAL, ORGANISATION, to, _, "the receiving organisation")                                  \
    F(S, OPTIONAL, VOCABULARY, kind, kind, "introduced in person, or through the system only")         \
    F(S, OPTIONAL, VOCABULARY, urgency, urgency, "how much it presses")                                \
    F(S, OPTIONAL, VOCABULARY, disclose, disclose, "when the receiver learns whom it is about")        \
    F(S, OPTIONAL, INTEGER, age, (0, 150), "years, where it matters for routing")                      \
    F(S, OPTIONAL, BOOLEAN, family, _, "a family is concerned")                                        \
    F(S, OPTIONAL, CODES, domains, _, "areas of life (leefgebieden)")                                  \
    F(S, OPTIONAL, PERSON, instead_of, _, "who was on it before")                                      \
    F(S, OPTIONAL, TIME, planned, _, "the planned first contact")                                      \
    F(S, OPTIONAL, VOCABULARY, how, introduction, "how they were introduced")                          \
    F(S, OPTIONAL, LIST, present, attendee, "who were there")                                          \
    F(S, OPTIONAL, BOOLEAN, with_resident, _, "the resident was there")                                \
    F(S, OPTIONAL, MAP, holder, holder, "who holds from then on")                                      \
    F(S, OPTIONAL, MAP, contact, contact, "the contact that confirmed the arrival")                    \
    F(S, OPTIONAL, VOCABULARY, as, taken_as, "confirmed without the introduction that it needed")      \
    F(S, OPTIONAL, CODE, reason, _, "why")                                                             \
    F(S, OPTIONAL, VOCABULARY, decided, decided, "whose decision")                                     \
    F(S, OPTIONAL, ORGANISATION, suggest, _, "where the decliner would turn to")                       \
    F(S, OPTIONAL, BOOLEAN, destroy, _, "the dossier had been disclosed: destroy it")                  \
    F(S, OPTIONAL, INTEGER, number, (0, 15), "of the dossier; 0 is the offer's")                       \
    F(S, OPTIONAL, BYTES, dossier_hash, 32, "BLAKE2b-256 of the sealed dossier")                       \
    F(S, OPTIONAL, BOOLEAN, deleted, _, "the dossier is gone")                                         \
    F(S, OPTIONAL, TIME, delete_at, _, "when the broker deletes the dossiers")                         \
    F(S, OPTIONAL, VOCABULARY, outcome, outcome, "how the journey ended")                              \
    F(S, OPTIONAL, MAP, talked, talked, "the closing conversation")                                    \
    F(S, OPTIONAL, CODE, no_talk, _, "why there was no closing conversation")                          \
    F(S, OPTIONAL, PERSON, person, _, "the coordinator who settled")                                   \
    F(S, OPTIONAL, BOOLEAN, agree, _, "whether they agreed")                                           \
    F(S, OPTIONAL, VOCABULARY, inbox, role, "the inbox of the organisation that acknowledged")         \
    F(S, OPTIONAL, INTEGER, item, (1, HV_INTEGER_MAX), "the item that was acknowledged")               \
    F(S, OPTIONAL, BYTES, network_hash, 32, "of the network files in force")                           \
    F(S, OPTIONAL, ORGANISATION, about, _, "the organisation that it is about, where no journey is")   \
    F(S, OPTIONAL, ORGANISATION, acted_for, _, "a coordinator of the network acted for it")            \
    F(S, OPTIONAL, VOCABULARY, phase, phase, "of the ladder")                                          \
    F(S, OPTIONAL, INTEGER, step, (0, 1000), "of the ladder, from 1; 0 is the check-in itself")        \
    F(S, OPTIONAL, TIME, since, _, "waits since then")                                                 \
    F(S, OPTIONAL, TIME, due, _, "when the next step falls due")                                       \
    F(S, OPTIONAL, ORGANISATION, awaits, _, "the organisation that must act")                          \
    F(S, OPTIONAL, LIST, addressees, addressee, "the inboxes that the step is for")                    \
    F(S, OPTIONAL, BOOLEAN, reached, _, "false: the step reaches nobody; or no deputy is at hand")     \
    F(S, OPTIONAL, BOOLEAN, rested, _, "true: a coordinator is on it, and was not told again")         \
    F(S, OPTIONAL, TEXT, telephone, _, "of the organisation that must act")                            \
    F(S, OPTIONAL, INTEGER, of, (1, HV_INTEGER_MAX), "the event that was told")                        \
    F(S, OPTIONAL, TIME, expected, _, "the end of the wait, as the receiver expects it")               \
    F(S, OPTIONAL, VOCABULARY, code, note_code, "what was noted")                                      \
    F(S, OPTIONAL, VOCABULARY, by, missed_by, "who did not come")                                      \
    F(S, OPTIONAL, INTEGER, next, (1, 366), "days until the next check-in")                            \
    F(S, OPTIONAL, TIME, until, _, "until when")                                                       \
    F(S, OPTIONAL, TIME, was_until, _, "until when it had been claimed before")                        \
    F(S, OPTIONAL, BOOLEAN, of_network, _, "a coordinator of the network")                             \
    F(S, OPTIONAL, TIME, begins, _, "when an absence begins")                                          \
    F(S, OPTIONAL, PERSON, deputy, _, "who stands in")                                                 \
    F(S, OPTIONAL, INTEGER, count, (0, HV_INTEGER_MAX), "how many there are")                          \
    F(S, OPTIONAL, LIST, overdue, overdue, "the most overdue of them")                                 \
    F(S, OPTIONAL, BOOLEAN, doubted, _, "whether the clock is")                                        \
    F(S, OPTIONAL, LIST, runs, run, "what runs from then; the broker's own")                           \
    F(S, OPTIONAL, COUNTERS, by_phase, _, "of those counted, how many wait in each phase")             \
    F(S, OPTIONAL, COUNTERS, by_organisation, _, "of those counted, how many wait for each organisation")

/* ---- Messages: M(name, "type", by whom, "what it does") -------------------------------------- */

#define HV_MESSAGES(M)                                                                                 \
    M(hello,      "hello",      PEER,   "begins a session in a role that the key has")                 \
    M(bye,        "bye",        PEER,   "ends the session")                                            \
    M(ping,       "ping",       BOTH,   "a sign of life that asks for one")                            \
    M(pong,       "pong",       BOTH,   "the answer to ping")                                          \
    M(open,       "open",       PEER,   "first contact: held from this moment")                        \
    M(reassign,   "reassign",   PEER,   "another begeleider of the same organisation holds")           \
    M(close,      "close",      PEER,   "ends the journey, or asks a coordinator to agree")            \
    M(settle,     "settle",     PEER,   "a second person agrees to a closing, or does not")            \
    M(offer,      "offer",      PEER,   "offers the journey to a receiver; may carry a dossier")       \
    M(receive,    "receive",    PEER,   "a person has it in hand and reads it")                        \
    M(pickup,     "pickup",     PEER,   "a named begeleider takes it on; the holder stays")            \
    M(introduce,  "introduce",  PEER,   "resident and receiver were introduced")                       \
    M(confirm,    "confirm",    PEER,   "the resident has arrived: the hold moves, now and only now")  \
    M(decline,    "decline",    PEER,   "the receiver says no; the holder keeps the resident")         \
    M(withdraw,   "withdraw",   PEER,   "the holder takes it back")                                    \
    M(fetch,      "fetch",      PEER,   "all dossiers again, in order")                                \
    M(supplement, "supplement", PEER,   "what was missing: a further dossier")                         \
    M(status,     "status",     PEER,   "how a handover or a journey stands")                          \
    M(history,    "history",    PEER,   "what happened, oldest first; reading is recorded")            \
    M(map,        "map",        PEER,   "the organisations of the network")                            \
    M(stats,      "stats",      PEER,   "counters and gauges")                                         \
    M(wait,       "wait",       PEER,   "puts it on the receiver's waiting list")                      \
    M(note,       "note",       PEER,   "one coded fact")                                              \
    M(set_urgency, "urgency",   PEER,   "any party raises it, the holder lowers it")                   \
    M(contest,    "contest",    PEER,   "the resident is not there, says the earlier holder")          \
    M(claim,      "claim",      PEER,   "a coordinator is on it: steps rest until then")               \
    M(absent,     "absent",     PEER,   "a begeleider is away, with or without a deputy")              \
    M(list,       "list",       PEER,   "what is open, most overdue first")                            \
    M(watch,      "watch",      PEER,   "what is open, and then each change as it happens")            \
    M(clock_accept, "clock-accept", PEER, "the machine's clock is right after all")                    \
    M(reload,     "reload",     PEER,   "reads the network files again, all or nothing")               \
    M(verify,     "verify",     PEER,   "walks the chain of events and compares the tables with it")   \
    M(ack,        "ack",        PEER,   "the item is dealt with")                                      \
    M(nack,       "nack",       PEER,   "the item, please, again later")                               \
    M(welcome,    "welcome",    BROKER, "the session stands")                                          \
    M(done,       "done",       BROKER, "it is on disk and survives any crash")                        \
    M(refused,    "refused",    BROKER, "no state was changed")                                        \
    M(item,       "item",       BROKER, "what the broker owes the inbox, until acknowledged")          \
    M(watched_journey, "journey", BROKER, "to a watcher: one that is open")                            \
    M(live,       "live",       BROKER, "to a watcher: from here on, each change as it happens")       \
    M(watched_event, "event",   BROKER, "to a watcher: a change")                                      \
    M(gap,        "gap",        BROKER, "to a watcher that fell behind: what it has missed")

#define HV_FIELDS_hello(F, S)                                                                          \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, INTEGER, version, (0, HV_INTEGER_MAX), "1")                                         \
    F(S, OPTIONAL, INTEGER, minor, (0, HV_INTEGER_MAX), "a later one: keys unknown here are passed over") \
    F(S, REQUIRED, VOCABULARY, role, role, "which of the key's roles the session has")                \
    F(S, REQUIRED, CODE, instance, _, "unique within organisation and role")                           \
    F(S, REQUIRED, INTEGER, credit, (0, 1000), "items that may be out unacknowledged; 0 takes none")

#define HV_FIELDS_bye(F, S)                                                                            \
    F(S, OPTIONAL, REQUEST, request, _, "with it, bye is answered done")

#define HV_FIELDS_ping(F, S)                                                                           \
    F(S, OPTIONAL, REQUEST, request, _, "echoed in pong")

#define HV_FIELDS_pong(F, S)                                                                           \
    F(S, OPTIONAL, REQUEST, request, _, "of the ping")

#define HV_FIELDS_open(F, S)                                                                           \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, journey, _, "chosen by the sender")                                           \
    F(S, REQUIRED, RESIDENT, resident, _, "the pseudonym")                                             \
    F(S, REQUIRED, PERSON, begeleider, _, "who holds from this moment")                                \
    F(S, REQUIRED, VOCABULARY, basis, basis, "the legal ground, GDPR article 6")                       \
    F(S, OPTIONAL, VOCABULARY, basis9, basis9, "where health is in it, GDPR article 9")                \
    F(S, REQUIRED, VOCABULARY, urgency, urgency, "how much it presses")                                \
    F(S, OPTIONAL, CODES, domains, _, "areas of life (leefgebieden)")                                  \
    F(S, OPTIONAL, BOOLEAN, reopens, _, "the last holder takes up a closed journey again")             \
    F(S, OPTIONAL, TIME, on, _, "when it happened")

#define HV_FIELDS_reassign(F, S)                                                                       \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, journey, _, "the journey")                                                    \
    F(S, REQUIRED, PERSON, begeleider, _, "who holds from now on")                                     \
    F(S, REQUIRED, PERSON, instead_of, _, "who holds now; any other name is a conflict")               \
    F(S, REQUIRED, CODE, reason, _, "why")                                                             \
    F(S, REQUIRED, TIME, on, _, "when it happened; before the newest known it is `repeated`")

#define HV_FIELDS_close(F, S)                                                                          \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, journey, _, "the journey")                                                    \
    F(S, REQUIRED, PERSON, begeleider, _, "who closes")                                                \
    F(S, REQUIRED, VOCABULARY, outcome, outcome, "how it ended")                                       \
    F(S, OPTIONAL, MAP, talked, talked, "the closing conversation")                                    \
    F(S, OPTIONAL, CODE, no_talk, _, "why no closing conversation; a coordinator must agree then")     \
    F(S, OPTIONAL, TIME, on, _, "when it happened")                                                    \
    F(S, OPTIONAL, ORGANISATION, for_, _, "a coordinator of the network acts for this organisation")   \
    F(S, OPTIONAL, CODE, reason, _, "goes with `for`")

#define HV_FIELDS_settle(F, S)                                                                         \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, journey, _, "the journey that is closing")                                    \
    F(S, REQUIRED, PERSON, person, _, "who settles; never the person who closed")                      \
    F(S, REQUIRED, BOOLEAN, agree, _, "true: it is closed; false: it goes on being held")              \
    F(S, REQUIRED, CODE, reason, _, "why")                                                             \
    F(S, REQUIRED, TIME, on, _, "when it happened")

#define HV_FIELDS_offer(F, S)                                                                          \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, journey, _, "the journey")                                                    \
    F(S, REQUIRED, UUID, handover, _, "chosen by the sender")                                          \
    F(S, REQUIRED, ORGANISATION, to, _, "the receiver; may be the sender's own organisation")          \
    F(S, REQUIRED, VOCABULARY, kind, kind, "introduced in person, or through the system only")         \
    F(S, REQUIRED, VOCABULARY, urgency, urgency, "becomes the journey's")                              \
    F(S, REQUIRED, PERSON, begeleider, _, "who offers; the holder stays who it is")                    \
    F(S, OPTIONAL, VOCABULARY, disclose, disclose, "when pseudonym and dossier go over; picked-up if absent") \
    F(S, OPTIONAL, INTEGER, age, (0, 150), "years, where it matters for routing")                      \
    F(S, OPTIONAL, BOOLEAN, family, _, "a family is concerned")                                        \
    F(S, OPTIONAL, CODES, domains, _, "areas of life (leefgebieden)")                                  \
    F(S, OPTIONAL, TIME, on, _, "when it happened")                                                    \
    F(S, OPTIONAL, ORGANISATION, for_, _, "a coordinator of the network acts for this organisation")   \
    F(S, OPTIONAL, CODE, reason, _, "goes with `for`")

#define HV_FIELDS_receive(F, S)                                                                        \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, handover, _, "the handover")                                                  \
    F(S, REQUIRED, PERSON, begeleider, _, "who has it in hand")                                        \
    F(S, OPTIONAL, PERSON, instead_of, _, "who had it before; needed to take over from another")       \
    F(S, OPTIONAL, TIME, on, _, "when it happened")

#define HV_FIELDS_pickup(F, S)                                                                         \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, handover, _, "the handover")                                                  \
    F(S, REQUIRED, PERSON, begeleider, _, "who takes it on")                                           \
    F(S, OPTIONAL, TIME, planned, _, "the planned first contact; absent takes a plan away")            \
    F(S, OPTIONAL, PERSON, instead_of, _, "who had picked it up; needed to take over from another")    \
    F(S, OPTIONAL, TIME, on, _, "when it happened")

#define HV_FIELDS_introduce(F, S)                                                                      \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, handover, _, "the handover")                                                  \
    F(S, REQUIRED, TIME, on, _, "when it happened")                                                    \
    F(S, REQUIRED, VOCABULARY, how, introduction, "how they were introduced")                          \
    F(S, REQUIRED, LIST, present, attendee, "who were there; someone of each side opens the gate")     \
    F(S, REQUIRED, BOOLEAN, resident, _, "whether the resident was there")

#define HV_FIELDS_confirm(F, S)                                                                        \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, handover, _, "the handover")                                                  \
    F(S, REQUIRED, PERSON, begeleider, _, "the new begeleider, who holds from now on")                 \
    F(S, REQUIRED, MAP, contact, contact, "the contact by which the resident arrived")                 \
    F(S, OPTIONAL, VOCABULARY, as, taken_as, "confirm a warm one without its introduction")            \
    F(S, OPTIONAL, CODE, reason, _, "why it was not introduced; goes with `as`")                       \
    F(S, OPTIONAL, TIME, on, _, "when it happened")

#define HV_FIELDS_decline(F, S)                                                                        \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, handover, _, "the handover")                                                  \
    F(S, REQUIRED, CODE, reason, _, "why")                                                             \
    F(S, REQUIRED, VOCABULARY, decided, decided, "whose decision")                                     \
    F(S, OPTIONAL, ORGANISATION, suggest, _, "where the decliner would turn to")                       \
    F(S, OPTIONAL, TIME, on, _, "when it happened")                                                    \
    F(S, OPTIONAL, ORGANISATION, for_, _, "a coordinator of the network acts for this organisation")

#define HV_FIELDS_withdraw(F, S)                                                                       \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, handover, _, "the handover")                                                  \
    F(S, REQUIRED, CODE, reason, _, "why; entered-in-error and consent-withdrawn among them")          \
    F(S, OPTIONAL, TIME, on, _, "when it happened")                                                    \
    F(S, OPTIONAL, ORGANISATION, for_, _, "a coordinator of the network acts for this organisation")

#define HV_FIELDS_fetch(F, S)                                                                          \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, handover, _, "the handover")

#define HV_FIELDS_supplement(F, S)                                                                     \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, handover, _, "the handover")                                                  \
    F(S, REQUIRED, INTEGER, number, (1, 15), "1 for the first further dossier, then 2, …")             \
    F(S, OPTIONAL, TIME, on, _, "when it happened")

#define HV_FIELDS_wait(F, S)                                                                           \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, handover, _, "the handover")                                                  \
    F(S, REQUIRED, PERSON, begeleider, _, "who put it on the waiting list")                            \
    F(S, REQUIRED, CODE, reason, _, "why it has to wait")                                              \
    F(S, REQUIRED, TIME, expected, _, "when the wait ends; at most the policy's wait_max from now")    \
    F(S, OPTIONAL, TIME, on, _, "when it happened")

#define HV_FIELDS_note(F, S)                                                                           \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, journey, _, "the journey")                                                    \
    F(S, OPTIONAL, UUID, handover, _, "its handover; the other party hears of it then")                \
    F(S, REQUIRED, VOCABULARY, code, note_code, "the fact")                                            \
    F(S, REQUIRED, TIME, on, _, "when it happened")                                                    \
    F(S, OPTIONAL, VOCABULARY, by, missed_by, "goes with no-show")                                     \
    F(S, OPTIONAL, INTEGER, next, (1, 366), "days until the next check-in; with in-touch, not-reached and tip") \
    F(S, OPTIONAL, ORGANISATION, to, _, "goes with tip")                                               \
    F(S, OPTIONAL, ORGANISATION, for_, _, "a coordinator of the network acts for this organisation")   \
    F(S, OPTIONAL, CODE, reason, _, "goes with `for`")

#define HV_FIELDS_set_urgency(F, S)                                                                    \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, journey, _, "the journey")                                                    \
    F(S, REQUIRED, VOCABULARY, to, urgency, "how much it presses now")                                 \
    F(S, REQUIRED, CODE, reason, _, "why")                                                             \
    F(S, REQUIRED, TIME, on, _, "when it happened; before the newest known it is `repeated`")

#define HV_FIELDS_contest(F, S)                                                                        \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, handover, _, "the confirmed handover")                                        \
    F(S, REQUIRED, CODE, reason, _, "why")                                                             \
    F(S, OPTIONAL, TIME, on, _, "when it happened")

#define HV_FIELDS_claim(F, S)                                                                          \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, OPTIONAL, UUID, journey, _, "either the journey")                                             \
    F(S, OPTIONAL, UUID, handover, _, "or its open handover")                                          \
    F(S, REQUIRED, PERSON, person, _, "the coordinator who is on it")                                  \
    F(S, REQUIRED, TIME, until, _, "until then; now, or before, gives it back")                        \
    F(S, REQUIRED, TIME, on, _, "when it happened; before the newest known it is `repeated`")

#define HV_FIELDS_absent(F, S)                                                                         \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, PERSON, begeleider, _, "who is away")                                               \
    F(S, REQUIRED, TIME, from, _, "from then")                                                         \
    F(S, REQUIRED, TIME, until, _, "until then; not after `from` takes the absence back")              \
    F(S, OPTIONAL, PERSON, deputy, _, "who stands in")                                                 \
    F(S, REQUIRED, TIME, on, _, "when it was said; before the newest known it is `repeated`")

#define HV_FIELDS_list(F, S)                                                                           \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, OPTIONAL, CODE, state, _, "of the open handover, or of the journey")                          \
    F(S, OPTIONAL, VOCABULARY, phase, phase, "what it waits for")                                      \
    F(S, OPTIONAL, ORGANISATION, organisation, _, "that holds or receives")                            \
    F(S, OPTIONAL, UUID, after, _, "the `next` of the page before")                                    \
    F(S, OPTIONAL, INTEGER, limit, (1, 1000), "journeys in one answer; 100 if absent")

#define HV_FIELDS_watch(F, S)                                                                          \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, INTEGER, from, (0, HV_INTEGER_MAX), "0: what is open, then live; n: events after n, then live")

#define HV_FIELDS_clock_accept(F, S)                                                                   \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")

#define HV_FIELDS_watched_journey(F, S)                                                                \
    F(S, REQUIRED, EMBED, standing, standing, "how it stands")

#define HV_FIELDS_live(F, S)                                                                           \
    F(S, REQUIRED, INTEGER, seq, (0, HV_INTEGER_MAX), "the last event before")

#define HV_FIELDS_watched_event(F, S)                                                                  \
    F(S, REQUIRED, EMBED, event, event, "what happened")

#define HV_FIELDS_gap(F, S)                                                                            \
    F(S, REQUIRED, INTEGER, from, (0, HV_INTEGER_MAX), "the first event missed; `watch` from the one before") \
    F(S, REQUIRED, INTEGER, to, (0, HV_INTEGER_MAX), "the last one missed so far")

#define HV_FIELDS_status(F, S)                                                                         \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, OPTIONAL, UUID, handover, _, "either the handover")                                           \
    F(S, OPTIONAL, UUID, journey, _, "or the journey")

#define HV_FIELDS_history(F, S)                                                                        \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, REQUIRED, UUID, journey, _, "the journey")                                                    \
    F(S, OPTIONAL, INTEGER, after, (0, HV_INTEGER_MAX), "the last `seq` seen")                         \
    F(S, OPTIONAL, INTEGER, limit, (1, 1000), "events in one answer; 100 if absent")

#define HV_FIELDS_map(F, S)                                                                            \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")

#define HV_FIELDS_stats(F, S)                                                                          \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")

#define HV_FIELDS_reload(F, S)                                                                         \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")

#define HV_FIELDS_verify(F, S)                                                                         \
    F(S, REQUIRED, REQUEST, request, _, "echoed in the answer")                                        \
    F(S, OPTIONAL, BYTES, head, 32, "the chain's hash as a receipt or a welcome once gave it")         \
    F(S, OPTIONAL, INTEGER, at_seq, (1, HV_INTEGER_MAX), "at that event; goes with `head`")

#define HV_FIELDS_ack(F, S)                                                                            \
    F(S, OPTIONAL, REQUEST, request, _, "with it, the acknowledgement is answered once on disk")       \
    F(S, REQUIRED, INTEGER, item, (0, HV_INTEGER_MAX), "the item")

#define HV_FIELDS_nack(F, S)                                                                           \
    F(S, OPTIONAL, REQUEST, request, _, "echoed where the broker refuses")                             \
    F(S, REQUIRED, INTEGER, item, (0, HV_INTEGER_MAX), "the item")                                     \
    F(S, REQUIRED, INTEGER, after, (0, 3600000), "ms until it is sent again")

#define HV_FIELDS_welcome(F, S)                                                                        \
    F(S, REQUIRED, REQUEST, request, _, "of the hello")                                                \
    F(S, REQUIRED, ORGANISATION, organisation, _, "whose key this is")                                 \
    F(S, REQUIRED, CODE, network, _, "the network that this broker serves")                            \
    F(S, REQUIRED, UUID, ledger, _, "made when the ledger was made; `seq` means nothing without it")   \
    F(S, REQUIRED, INTEGER, heartbeat, (1, HV_INTEGER_MAX), "ms in which each side sends something")   \
    F(S, REQUIRED, BYTES, receipt_key, 32, "the Ed25519 public key of the receipts given now")         \
    F(S, REQUIRED, BYTES, head, 32, "the event chain's newest hash")                                   \
    F(S, REQUIRED, TIME, at, _, "the broker's clock")                                                  \
    F(S, REQUIRED, INTEGER, seq, (0, HV_INTEGER_MAX), "the last event")

#define HV_FIELDS_done(F, S)                                                                           \
    F(S, OPTIONAL, REQUEST, request, _, "of the command")                                              \
    F(S, REQUIRED, UUID, ledger, _, "the ledger that `seq` counts in")                                 \
    F(S, REQUIRED, TIME, at, _, "when it was recorded")                                                \
    F(S, REQUIRED, INTEGER, seq, (0, HV_INTEGER_MAX), "the event that recorded it; of a question, the last one seen") \
    F(S, OPTIONAL, BOOLEAN, repeated, _, "true: it had taken effect before; nothing changed now")      \
    F(S, OPTIONAL, UUID, journey, _, "the journey")                                                    \
    F(S, OPTIONAL, UUID, handover, _, "the handover")                                                  \
    F(S, OPTIONAL, CODE, state, _, "of the handover where there is one in the command, else of the journey") \
    F(S, OPTIONAL, MAP, holder, holder, "who holds the resident")                                      \
    F(S, OPTIONAL, BYTES, dossier_hash, 32, "BLAKE2b-256 of the dossier that stands")                  \
    F(S, OPTIONAL, MAP, receiver, receiver, "who the handover is for")                                 \
    F(S, OPTIONAL, VOCABULARY, kind, kind, "introduced in person, or through the system only")         \
    F(S, OPTIONAL, VOCABULARY, urgency, urgency, "how much it presses")                                \
    F(S, OPTIONAL, TIME, since, _, "in this state since")                                              \
    F(S, OPTIONAL, TIME, planned, _, "the planned first contact")                                      \
    F(S, OPTIONAL, BOOLEAN, introduced, _, "the warm gate is open")                                    \
    F(S, OPTIONAL, VOCABULARY, as, taken_as, "confirmed without the introduction that it needed")      \
    F(S, OPTIONAL, CODE, reason, _, "why")                                                             \
    F(S, OPTIONAL, COUNTERS, times, _, "when it reached each state")                                   \
    F(S, OPTIONAL, VOCABULARY, phase, phase, "what falls due first")                                   \
    F(S, OPTIONAL, INTEGER, step, (0, 1000), "steps taken on its ladder")                              \
    F(S, OPTIONAL, TIME, due, _, "when its next step falls due")                                       \
    F(S, OPTIONAL, TIME, late, _, "late since then: when the first of the steps taken had fallen due") \
    F(S, OPTIONAL, MAP, claimed, standing_claim, "who is on it")                                       \
    F(S, OPTIONAL, BOOLEAN, stuck, _, "an item of it is set aside: a system keeps refusing it")        \
    F(S, OPTIONAL, LIST, told, told, "who acknowledged a step of its ladders, newest first")           \
    F(S, OPTIONAL, CODES, warnings, _, "what is worth a look; nothing was refused")                    \
    F(S, OPTIONAL, LIST, journeys, standing, "of the list, most overdue first")                        \
    F(S, OPTIONAL, LIST, events, event, "of the history, oldest first")                                \
    F(S, OPTIONAL, UUID, next_journey, _, "of the list: ask again with `after` set to this: more follow") \
    F(S, OPTIONAL, INTEGER, next, (0, HV_INTEGER_MAX), "ask again with `after` set to this: more follow") \
    F(S, OPTIONAL, LIST, organisations, organisation, "of the network")                                \
    F(S, OPTIONAL, LIST, receipt_keys, receipt_key, "of the network, those that are past among them")  \
    F(S, OPTIONAL, COUNTERS, stats, _, "counters and gauges by name")                                  \
    F(S, OPTIONAL, COUNTERS, counts, _, "what was verified: events, journeys, handovers")              \
    F(S, OPTIONAL, BYTES, head, 32, "the event chain's hash at `seq`")

#define HV_FIELDS_refused(F, S)                                                                        \
    F(S, OPTIONAL, REQUEST, request, _, "of the command, where it was readable")                       \
    F(S, REQUIRED, VOCABULARY, code, refusal, "why, for machines")                                     \
    F(S, REQUIRED, TEXT, reason, _, "why, for people")                                                 \
    F(S, OPTIONAL, TEXT, field, _, "the top-level key that is wrong")                                  \
    F(S, OPTIONAL, INTEGER, retry_after, (0, HV_INTEGER_MAX), "ms")

#define HV_FIELDS_item(F, S)                                                                           \
    F(S, REQUIRED, INTEGER, item, (1, HV_INTEGER_MAX), "its number in this inbox")                     \
    F(S, REQUIRED, INTEGER, attempt, (1, HV_INTEGER_MAX), "1 the first time; more: it may be a repeat") \
    F(S, OPTIONAL, PERSON, for_, _, "the deputy of the begeleider whom it is meant for, who is away")  \
    F(S, OPTIONAL, BLOB, receipt, 1024, "of `confirmed`: signed proof that the resident arrived")      \
    F(S, REQUIRED, EMBED, event, event, "what happened")

/* clang-format on */
#endif
