-- The first ledger: events, what they fold to, inboxes, dossiers, the network in force.
-- Frozen once it has landed. Times are ms since 1970; words are the numbers of schemas/wire/vocabulary.h.

-- What this ledger is: its id, and the network in force.
CREATE TABLE ledger (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    id      BLOB NOT NULL CHECK (length(id) = 16),
    made_at INTEGER NOT NULL,
    network INTEGER REFERENCES network (number)
) STRICT;

-- Every set of network files that was ever in force, by the hash of their content.
CREATE TABLE network (
    number INTEGER PRIMARY KEY,
    hash   BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    files  BLOB NOT NULL
) STRICT;

-- The chain. hash = BLAKE2b-256(previous hash | seq | at | type | commitment), the numbers as eight bytes,
-- most significant first; commitment = BLAKE2b-256(salt | payload). Salt and payload stand in a table
-- apart, so that a journey can be erased while the chain still holds. The other columns are indexes into
-- what the payload says.
CREATE TABLE event (
    seq        INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    type       INTEGER NOT NULL,
    journey    INTEGER,
    handover   INTEGER,
    first      INTEGER NOT NULL,                                        -- of its command's events
    command    BLOB CHECK (command IS NULL OR length(command) = 16),    -- who asked for what: repeats
    commitment BLOB NOT NULL CHECK (length(commitment) = 32),
    hash       BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX event_of_journey ON event (journey) WHERE journey IS NOT NULL; -- in the order of seq
CREATE UNIQUE INDEX event_of_command ON event (journey, command) WHERE command IS NOT NULL;

CREATE TABLE payload (
    seq     INTEGER PRIMARY KEY REFERENCES event (seq),
    salt    BLOB NOT NULL CHECK (length(salt) = 16),
    payload BLOB NOT NULL
) STRICT;

-- What the events fold to. H1: a journey has a holder, by construction.
CREATE TABLE journey (
    number        INTEGER PRIMARY KEY,
    id            BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    state         INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
    resident      TEXT NOT NULL CHECK (length(resident) = 46),
    organisation  TEXT NOT NULL CHECK (organisation <> ''),
    begeleider    TEXT NOT NULL CHECK (begeleider <> ''),
    urgency       INTEGER NOT NULL CHECK (urgency IN (1, 2, 3)),
    basis         INTEGER NOT NULL,
    basis9        INTEGER NOT NULL,
    opened_at     INTEGER NOT NULL,
    since         INTEGER NOT NULL,
    held_since    INTEGER NOT NULL,
    reassigned_on INTEGER NOT NULL,
    outcome       INTEGER NOT NULL,
    closed_by     TEXT NOT NULL
) STRICT;
CREATE INDEX journey_held ON journey (organisation, state) WHERE state < 3;

CREATE TABLE handover (
    number           INTEGER PRIMARY KEY,
    id               BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    journey          INTEGER NOT NULL REFERENCES journey (number),
    state            INTEGER NOT NULL CHECK (state IN (1, 2, 3, 4, 6, 7, 8)),
    sender           TEXT NOT NULL CHECK (sender <> ''),
    receiver         TEXT NOT NULL CHECK (receiver <> ''),
    kind             INTEGER NOT NULL CHECK (kind IN (1, 2)),
    urgency          INTEGER NOT NULL CHECK (urgency IN (1, 2, 3)),
    disclose         INTEGER NOT NULL CHECK (disclose IN (1, 2)),
    received_by      TEXT NOT NULL,
    picked_up_by     TEXT NOT NULL,
    planned          INTEGER NOT NULL,
    introduced       INTEGER NOT NULL CHECK (introduced IN (0, 1)),
    disclosed        INTEGER NOT NULL CHECK (disclosed IN (0, 1)),
    deleted          INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    supplements      INTEGER NOT NULL CHECK (supplements BETWEEN 0 AND 15),
    dossier_hash     BLOB CHECK (dossier_hash IS NULL OR length(dossier_hash) = 32),
    taken_as         INTEGER NOT NULL,
    as_reason        TEXT NOT NULL,
    end_organisation TEXT NOT NULL,
    end_begeleider   TEXT NOT NULL,
    ended_seq        INTEGER NOT NULL CHECK ((ended_seq = 0) = (state < 6)),
    offered_at       INTEGER NOT NULL,
    delivered_at     INTEGER NOT NULL,
    received_at      INTEGER NOT NULL,
    picked_up_at     INTEGER NOT NULL,
    ended_at         INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX handover_of_journey ON handover (journey, ended_seq); -- one open handover per journey
CREATE INDEX handover_for ON handover (receiver, ended_seq) WHERE ended_seq = 0;

-- Sealed dossiers, apart, until they are deleted. A row without a body stands for a disclosure without one.
CREATE TABLE dossier (
    place     INTEGER PRIMARY KEY CHECK (place = handover * 16 + number),
    handover  INTEGER NOT NULL REFERENCES handover (number),
    number    INTEGER NOT NULL CHECK (number BETWEEN 0 AND 15),
    hash      BLOB CHECK (hash IS NULL OR length(hash) = 32),
    body      BLOB
) STRICT;

-- When a handover's dossiers are deleted. Apart from them, so that a confirmation does not write them all again.
CREATE TABLE deletion (
    handover  INTEGER PRIMARY KEY REFERENCES handover (number),
    delete_at INTEGER NOT NULL
) STRICT;
CREATE INDEX deletion_due ON deletion (delete_at);

-- The receipt of each confirmed handover, as both sides get it.
CREATE TABLE receipt (
    handover INTEGER PRIMARY KEY REFERENCES handover (number),
    receipt  BLOB NOT NULL
) STRICT;

-- What is owed. An inbox is (organisation, role); its items count from 1.
CREATE TABLE inbox (
    number       INTEGER PRIMARY KEY,
    organisation TEXT NOT NULL,
    role         INTEGER NOT NULL CHECK (role IN (1, 2, 3)),
    last         INTEGER NOT NULL,
    UNIQUE (organisation, role)
) STRICT;

-- state: 0 waits for an earlier one of its journey, 1 may go, 2 is out, 3 rests until ready_at, 4 set aside.
-- The number keeps an inbox's items together and in order.
CREATE TABLE item (
    number   INTEGER PRIMARY KEY CHECK (number = (inbox << 40) + item),
    inbox    INTEGER NOT NULL REFERENCES inbox (number),
    item     INTEGER NOT NULL,
    journey  INTEGER NOT NULL,
    handover INTEGER,
    event    INTEGER NOT NULL REFERENCES event (seq),
    state    INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3, 4)),
    attempts INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    ready_at INTEGER NOT NULL
) STRICT;
CREATE INDEX item_of_journey ON item (inbox, journey);
CREATE INDEX item_ready ON item (inbox) WHERE state = 1;
CREATE INDEX item_resting ON item (ready_at) WHERE state = 3;
CREATE INDEX item_aside ON item (inbox) WHERE state = 4;

-- What was acknowledged, and by which event: so that the same again is known as a repeat.
CREATE TABLE acknowledged (
    inbox INTEGER NOT NULL,
    item  INTEGER NOT NULL,
    seq   INTEGER NOT NULL,
    PRIMARY KEY (inbox, item)
) STRICT, WITHOUT ROWID;
