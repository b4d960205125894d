-- Catalogues that were in force, so that an old score can be made again from this folder alone.

-- Numbered from 1 without gaps, so that a lost one is noticed. item: hash, when it was first used, and of each file its path
-- and the hash of its text, in the compact codec, sealed.
CREATE TABLE catalogue_version (
  number INTEGER PRIMARY KEY,
  item   BLOB NOT NULL
) STRICT;

-- Texts by their SHA-256: what two versions share is kept once.
CREATE TABLE catalogue_text (
  hash BLOB NOT NULL PRIMARY KEY,
  text BLOB NOT NULL
) STRICT;
