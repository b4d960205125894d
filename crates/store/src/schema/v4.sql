-- Keys are in no order, so that each would touch a page of its own in an index that takes them one by one. The log keeps no
-- index of them; log_key takes them later, many at a time and sorted.
CREATE TABLE log_apart (
  seq         INTEGER PRIMARY KEY,
  key         BLOB    NOT NULL,
  recorded_at INTEGER NOT NULL,
  hash        BLOB    NOT NULL,
  body        BLOB    NOT NULL
) STRICT;
INSERT INTO log_apart SELECT * FROM log;
CREATE TABLE log_key (
  key BLOB    NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO log_key SELECT key, seq FROM log ORDER BY key;
DROP TABLE log;
ALTER TABLE log_apart RENAME TO log;

-- Up to this row log_key holds the keys of all; it may hold later ones. again: the same, inverted, so that damage is noticed.
CREATE TABLE log_keyed (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  seq   INTEGER NOT NULL,
  again INTEGER NOT NULL CHECK (again = ~seq)
) STRICT;
INSERT INTO log_keyed SELECT 1, coalesce(max(seq), 0), ~coalesce(max(seq), 0) FROM log;
