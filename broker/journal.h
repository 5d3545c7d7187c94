/* What operators read: the journal with fields under systemd, stderr otherwise. */
#ifndef HOUVAST_JOURNAL_H
#define HOUVAST_JOURNAL_H

/* One row per thing that an operator may have to act on or look up: its MESSAGE_ID is fixed for
 * ever and the catalog explains it. J(NAME, priority as in syslog.h, "MESSAGE_ID") */
#define JOURNAL_ENTRIES(J)                                         \
    J(STARTED, 5, "6f1d0c1e8a0b4a0c9a51d3c0a1b20001")              \
    J(STOPPING, 5, "6f1d0c1e8a0b4a0c9a51d3c0a1b20002")             \
    J(STOPPED, 5, "6f1d0c1e8a0b4a0c9a51d3c0a1b20003")              \
    J(NETWORK_IN_FORCE, 5, "6f1d0c1e8a0b4a0c9a51d3c0a1b20004")     \
    J(NETWORK_REFUSED, 4, "6f1d0c1e8a0b4a0c9a51d3c0a1b20005")      \
    J(ORGANISATION_LEAVING, 4, "6f1d0c1e8a0b4a0c9a51d3c0a1b20006") \
    J(LEDGER_FULL, 2, "6f1d0c1e8a0b4a0c9a51d3c0a1b20007")          \
    J(LEDGER_WRITES_AGAIN, 5, "6f1d0c1e8a0b4a0c9a51d3c0a1b20008")  \
    J(LEDGER_FAILED, 0, "6f1d0c1e8a0b4a0c9a51d3c0a1b20009")        \
    J(LEDGER_RECOVERED, 5, "6f1d0c1e8a0b4a0c9a51d3c0a1b2000a")     \
    J(ITEM_SET_ASIDE, 4, "6f1d0c1e8a0b4a0c9a51d3c0a1b2000b")       \
    J(SESSION_ENDED, 6, "6f1d0c1e8a0b4a0c9a51d3c0a1b2000c")        \
    J(DOSSIERS_DELETED, 6, "6f1d0c1e8a0b4a0c9a51d3c0a1b2000d")     \
    J(DOOR_FAILED, 2, "6f1d0c1e8a0b4a0c9a51d3c0a1b2000e")          \
    J(START_REFUSED, 3, "6f1d0c1e8a0b4a0c9a51d3c0a1b2000f")        \
    J(DEFECT, 2, "6f1d0c1e8a0b4a0c9a51d3c0a1b20010")               \
    J(DOOR_CROWDED, 4, "6f1d0c1e8a0b4a0c9a51d3c0a1b20011")         \
    J(DOOR_HAS_ROOM, 5, "6f1d0c1e8a0b4a0c9a51d3c0a1b20012")        \
    J(RECEIPT_KEY, 5, "6f1d0c1e8a0b4a0c9a51d3c0a1b20013")          \
    J(RECEIPT_KEY_EXPIRED, 4, "6f1d0c1e8a0b4a0c9a51d3c0a1b20014")  \
    J(LEDGER_VERIFIED, 5, "6f1d0c1e8a0b4a0c9a51d3c0a1b20015")      \
    J(LEDGER_DIFFERS, 2, "6f1d0c1e8a0b4a0c9a51d3c0a1b20016")       \
    J(OVER_RATE, 4, "6f1d0c1e8a0b4a0c9a51d3c0a1b20017")            \
    J(MANY_ENDINGS, 3, "6f1d0c1e8a0b4a0c9a51d3c0a1b20018")         \
    J(NOBODY_REACHED, 1, "6f1d0c1e8a0b4a0c9a51d3c0a1b20019")       \
    J(TIMERS_REPAIRED, 3, "6f1d0c1e8a0b4a0c9a51d3c0a1b2001a")      \
    J(CLOCK_DOUBTED, 1, "6f1d0c1e8a0b4a0c9a51d3c0a1b2001b")        \
    J(CLOCK_TRUSTED, 5, "6f1d0c1e8a0b4a0c9a51d3c0a1b2001c")        \
    J(ORGANISATION_QUIET, 4, "6f1d0c1e8a0b4a0c9a51d3c0a1b2001d")

#define JOURNAL_ENUMERATOR(name, priority, id) JOURNAL_##name,
enum journal_entry { JOURNAL_ENTRIES(JOURNAL_ENUMERATOR) };
#undef JOURNAL_ENUMERATOR

/* A field of the journal, beside MESSAGE, PRIORITY and MESSAGE_ID: HOUVAST_ORGANISATION and the
 * like. */
struct journal_field {
    const char *name; /* upper case, begins with HOUVAST_ */
    const char *value;
};

/* Says one line. `fields` ends with a row whose name is NULL, or is NULL. Never a word about a
 * resident. Under systemd (JOURNAL_STREAM is our stderr) it goes to the journal with its fields,
 * else to stderr as `houvastd: sentence`. Never fails, never blocks for long; call from the main
 * thread. */
void journal_say(enum journal_entry entry, const struct journal_field *fields, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));

#endif
