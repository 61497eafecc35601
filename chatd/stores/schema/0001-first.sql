-- Everything that chatd keeps. Times are milliseconds since 1970, UTC.
--
-- Keys are never given twice, not even after a row is gone: message ids are made of them.
-- (PostgreSQL says BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY for that; all else here
-- is the same for both.)

CREATE TABLE schema (version BIGINT NOT NULL);
INSERT INTO schema (version) VALUES (0);

CREATE TABLE accounts (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    fold TEXT NOT NULL UNIQUE,      -- names.fold: no two accounts are the same
    skeleton TEXT NOT NULL UNIQUE,  -- names.skeleton: nor look the same
    rank BIGINT NOT NULL,
    created BIGINT NOT NULL,
    suspended BOOLEAN NOT NULL,
    seen BIGINT NOT NULL DEFAULT 0  -- when its last session ended
);

CREATE TABLE secrets (
    account BIGINT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    kind TEXT NOT NULL,
    secret TEXT NOT NULL,
    PRIMARY KEY (account, kind, secret)
);
CREATE INDEX secrets_by_secret ON secrets (secret, kind);

CREATE TABLE invitations (
    digest TEXT NOT NULL PRIMARY KEY,
    by TEXT NOT NULL,
    expires BIGINT,
    uses BIGINT NOT NULL
);

CREATE TABLE server_bans (
    kind TEXT NOT NULL,             -- model.Barred
    target TEXT NOT NULL,
    by TEXT NOT NULL,
    at BIGINT NOT NULL,
    expires BIGINT,
    reason TEXT NOT NULL,
    PRIMARY KEY (kind, target)
);

CREATE TABLE audit (                -- rows are added and never touched again
    number BIGINT NOT NULL PRIMARY KEY, -- from 1 on, without gaps
    at BIGINT NOT NULL,
    by TEXT NOT NULL,
    address TEXT NOT NULL,
    act TEXT NOT NULL,
    target TEXT NOT NULL,
    note TEXT NOT NULL,
    seal TEXT NOT NULL              -- core.audit: over all of the row, and the seal before
);

CREATE TABLE rooms (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    fold TEXT NOT NULL UNIQUE,
    kept BOOLEAN NOT NULL,
    created BIGINT NOT NULL,
    direct BOOLEAN NOT NULL,
    topic TEXT,                     -- all three or none
    topic_by TEXT,
    topic_at BIGINT,
    modes TEXT NOT NULL,            -- with spaces between
    password TEXT,
    most BIGINT,                    -- members at once
    last BIGINT NOT NULL,           -- the highest number in its log
    latest BIGINT NOT NULL          -- when something was last said
);

CREATE TABLE members (
    room BIGINT NOT NULL REFERENCES rooms ON DELETE CASCADE,
    account BIGINT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    role BIGINT NOT NULL,
    PRIMARY KEY (room, account)
);
CREATE INDEX members_by_account ON members (account);

CREATE TABLE masks (
    room BIGINT NOT NULL REFERENCES rooms ON DELETE CASCADE,
    listing TEXT NOT NULL,
    fold TEXT NOT NULL,             -- the pattern in small letters
    pattern TEXT NOT NULL,
    by TEXT NOT NULL,
    at BIGINT NOT NULL,
    expires BIGINT,
    PRIMARY KEY (room, listing, fold)
);

CREATE TABLE account_metadata (
    account BIGINT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account, name)
);

CREATE TABLE room_metadata (
    room BIGINT NOT NULL REFERENCES rooms ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (room, name)
);

CREATE TABLE marks (
    account BIGINT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    room BIGINT NOT NULL REFERENCES rooms ON DELETE CASCADE,
    read BIGINT NOT NULL,
    PRIMARY KEY (account, room)
);
CREATE INDEX marks_by_room ON marks (room);

CREATE TABLE log (
    room BIGINT NOT NULL REFERENCES rooms ON DELETE CASCADE,
    number BIGINT NOT NULL,         -- from 1 on, without gaps
    time BIGINT NOT NULL,
    event TEXT NOT NULL,            -- the name of a class in events.py
    name TEXT NOT NULL,
    origin TEXT NOT NULL,           -- user@host
    account TEXT,
    account_key BIGINT,
    text TEXT NOT NULL,
    rest TEXT NOT NULL,             -- what else the event has, as JSON; empty if nothing
    PRIMARY KEY (room, number)
);

CREATE TABLE offers (             -- not over yet; what became of others is in the log
    id TEXT NOT NULL PRIMARY KEY,
    room BIGINT NOT NULL REFERENCES rooms ON DELETE CASCADE,
    sender BIGINT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    by TEXT NOT NULL,
    target TEXT NOT NULL,
    receiver BIGINT REFERENCES accounts ON DELETE CASCADE,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    type TEXT NOT NULL,
    digest TEXT NOT NULL,           -- empty if not known
    expires BIGINT NOT NULL,
    stage TEXT NOT NULL
);
CREATE INDEX offers_by_room ON offers (room);
