-- The log: the only truth. hash chains over the row before it.
CREATE TABLE log (
  seq         INTEGER PRIMARY KEY,
  key         BLOB    NOT NULL UNIQUE,
  recorded_at INTEGER NOT NULL,
  hash        BLOB    NOT NULL,
  body        BLOB    NOT NULL
) STRICT;

-- Everything below is derived from the log, or about it. A sealed blob ends with 8 bytes of checksum over table, identity and content.

-- name: the role's byte, then the id in the compact codec.
CREATE TABLE party (
  number INTEGER PRIMARY KEY,
  role   INTEGER NOT NULL,
  name   BLOB    NOT NULL UNIQUE,
  seal   BLOB    NOT NULL
) STRICT;
CREATE INDEX party_role ON party (role);

-- Postings come in chunks from 0 without gaps, so that a lost chunk is noticed. seqs: signed deltas, sealed.
CREATE TABLE party_posting (
  party INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  seqs  BLOB    NOT NULL,
  PRIMARY KEY (party, chunk)
) STRICT, WITHOUT ROWID;
CREATE TABLE order_posting (
  order_key BLOB    NOT NULL,
  chunk     INTEGER NOT NULL,
  seqs      BLOB    NOT NULL,
  PRIMARY KEY (order_key, chunk)
) STRICT, WITHOUT ROWID;

CREATE TABLE state (
  party INTEGER PRIMARY KEY,
  seq   INTEGER NOT NULL,
  bytes BLOB    NOT NULL
) STRICT;

CREATE TABLE open_order (
  order_key BLOB    NOT NULL PRIMARY KEY,
  due       INTEGER NOT NULL,
  seal      BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX open_order_due ON open_order (due);

CREATE TABLE record (
  name  TEXT NOT NULL PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;

-- item: the whole set-aside input in the compact codec, sealed.
CREATE TABLE set_aside (
  number INTEGER PRIMARY KEY,
  item   BLOB NOT NULL
) STRICT;

CREATE TABLE checkpoint (
  seq  INTEGER PRIMARY KEY,
  hash BLOB    NOT NULL,
  at   INTEGER NOT NULL,
  seal BLOB    NOT NULL
) STRICT;
