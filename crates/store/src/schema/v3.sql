-- What is open and held, in numbered pieces: each says what changed since those before it, and is written with the rows of the
-- log that changed it. Pieces are dropped from the front; from the first to the last no number is missing. bytes: sealed.
CREATE TABLE exposure (
  number INTEGER PRIMARY KEY,
  bytes  BLOB NOT NULL
) STRICT;
