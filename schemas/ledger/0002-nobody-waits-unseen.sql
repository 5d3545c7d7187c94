-- Time and people: when the next step of each journey falls due, waiting lists, deputies, the clock.
-- T1: an open journey has a next timer, by construction. One from before has none yet, and is overdue.

ALTER TABLE ledger ADD COLUMN network_seq INTEGER NOT NULL DEFAULT 0;    -- the event that put the network in force

-- A CHECK of a range costs nothing; one that lists three numbers or more has SQLite build a table for each row. So
-- the tables that are written most are made anew.
CREATE TABLE journey_new (
    number        INTEGER PRIMARY KEY,
    id            BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    state         INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
    resident      TEXT NOT NULL CHECK (length(resident) = 46),
    organisation  TEXT NOT NULL CHECK (organisation <> ''),
    begeleider    TEXT NOT NULL CHECK (begeleider <> ''),
    urgency       INTEGER NOT NULL CHECK (urgency BETWEEN 1 AND 3),
    basis         INTEGER NOT NULL,
    basis9        INTEGER NOT NULL,
    opened_at     INTEGER NOT NULL,
    since         INTEGER NOT NULL,
    held_since    INTEGER NOT NULL,
    reassigned_on INTEGER NOT NULL,
    outcome       INTEGER NOT NULL,
    closed_by     TEXT NOT NULL,
    due           INTEGER NOT NULL DEFAULT 1 CHECK (state = 3 OR due > 0),
    keeping       BLOB,                                                  -- runs and claims, as the wire packs them
    not_reached   INTEGER NOT NULL DEFAULT 0,                            -- in a row
    urgency_on    INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO journey_new
    SELECT number, id, state, resident, organisation, begeleider, urgency, basis, basis9, opened_at, since, held_since,
           reassigned_on, outcome, closed_by, state < 3, NULL, 0, 0 FROM journey;
DROP TABLE journey;
ALTER TABLE journey_new RENAME TO journey;
CREATE INDEX journey_due ON journey (due) WHERE state < 3;
CREATE INDEX journey_held ON journey (organisation, begeleider) WHERE state < 3;

-- The same with a waiting list, and the labels of cold ones.
CREATE TABLE handover_new (
    number           INTEGER PRIMARY KEY,
    id               BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    journey          INTEGER NOT NULL REFERENCES journey (number),
    state            INTEGER NOT NULL CHECK (state BETWEEN 1 AND 8),
    sender           TEXT NOT NULL CHECK (sender <> ''),
    receiver         TEXT NOT NULL CHECK (receiver <> ''),
    kind             INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),
    urgency          INTEGER NOT NULL CHECK (urgency BETWEEN 1 AND 3),
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
    waiting_at       INTEGER NOT NULL,
    ended_at         INTEGER NOT NULL
) STRICT;
INSERT INTO handover_new
    SELECT number, id, journey, state, sender, receiver, kind, urgency, disclose, received_by, picked_up_by, planned,
           introduced, disclosed, deleted, supplements, dossier_hash, taken_as, as_reason, end_organisation,
           end_begeleider, ended_seq, offered_at, delivered_at, received_at, picked_up_at, 0, ended_at FROM handover;
DROP TABLE handover;
ALTER TABLE handover_new RENAME TO handover;
CREATE UNIQUE INDEX handover_of_journey ON handover (journey, ended_seq); -- one open handover per journey
CREATE INDEX handover_for ON handover (receiver, ended_seq) WHERE ended_seq = 0;

CREATE TABLE inbox_new (
    number       INTEGER PRIMARY KEY,
    organisation TEXT NOT NULL,
    role         INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),
    last         INTEGER NOT NULL,
    UNIQUE (organisation, role)
) STRICT;
INSERT INTO inbox_new SELECT * FROM inbox;
DROP TABLE inbox;
ALTER TABLE inbox_new RENAME TO inbox;

-- journey: 0 where it has none.
CREATE TABLE item_new (
    number   INTEGER PRIMARY KEY CHECK (number = (inbox << 40) + item),
    inbox    INTEGER NOT NULL REFERENCES inbox (number),
    item     INTEGER NOT NULL,
    journey  INTEGER NOT NULL,
    handover INTEGER,
    event    INTEGER NOT NULL REFERENCES event (seq),
    state    INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),
    attempts INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    ready_at INTEGER NOT NULL
) STRICT;
INSERT INTO item_new SELECT * FROM item;
DROP TABLE item;
ALTER TABLE item_new RENAME TO item;
CREATE INDEX item_of_journey ON item (inbox, journey);
CREATE INDEX item_ready ON item (inbox) WHERE state = 1;
CREATE INDEX item_resting ON item (ready_at) WHERE state = 3;
CREATE INDEX item_aside ON item (inbox) WHERE state = 4;

-- What was said of a begeleider's absence; the newest of each stands.
CREATE TABLE absence (
    organisation TEXT NOT NULL,
    begeleider   TEXT NOT NULL,
    begins       INTEGER NOT NULL,
    until        INTEGER NOT NULL,
    deputy       TEXT NOT NULL,
    said_on      INTEGER NOT NULL,
    event        INTEGER NOT NULL UNIQUE REFERENCES event (seq),
    PRIMARY KEY (organisation, begeleider)
) STRICT, WITHOUT ROWID;

-- The clock at the last turn, and whether it is doubted.
CREATE TABLE clock (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    now     INTEGER NOT NULL,
    wall    INTEGER NOT NULL,
    boot    INTEGER NOT NULL,
    boot_id BLOB NOT NULL CHECK (length(boot_id) = 16),
    doubted INTEGER NOT NULL CHECK (doubted IN (0, 1))
) STRICT;

-- Steps that wait together in one digest item of an inbox; told one by one when it is acknowledged.
CREATE TABLE digest (
    number INTEGER PRIMARY KEY,
    inbox  INTEGER NOT NULL,
    item   INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    event  INTEGER NOT NULL REFERENCES event (seq),
    UNIQUE (inbox, item, place),
    UNIQUE (inbox, event)
) STRICT;

-- How long things took and how they ended, per route: counts by bucket, the buckets widening (measure.h).
CREATE TABLE measure (
    name     INTEGER NOT NULL,
    sender   TEXT NOT NULL,
    receiver TEXT NOT NULL,
    label    TEXT NOT NULL,
    bucket   INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (name, sender, receiver, label, bucket)
) STRICT, WITHOUT ROWID;
