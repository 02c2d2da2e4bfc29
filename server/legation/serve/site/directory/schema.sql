-- A disposable index of one release, built beside its store and never changed. Everything here can be worked out
-- from the release's quads; it is here so that a list costs the rows that it shows, however many things there are.

CREATE TABLE thing (
  id INTEGER PRIMARY KEY,
  iri TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  -- Its names by language, as JSON; and what it is sorted by in each: the name there, or the one that stands in for it.
  names TEXT NOT NULL,
  ar TEXT NOT NULL,
  en TEXT NOT NULL,
  fr TEXT NOT NULL,
  -- The earliest date that is stated about it, as stated; empty where none is.
  date TEXT NOT NULL,
  -- For a claim: its class and the things that it is about, by IRI, apart by spaces.
  matter TEXT NOT NULL,
  -- What is stated about it, and what is only inferred: two JSON objects, property to values.
  stated TEXT NOT NULL,
  inferred TEXT NOT NULL,
  -- How many claims name it.
  claims INTEGER NOT NULL DEFAULT 0
);

-- What a thing can be found by: its type, the states and bodies it has to do with, its years.
CREATE TABLE facet (
  facet TEXT NOT NULL,
  value TEXT NOT NULL,
  thing INTEGER NOT NULL REFERENCES thing,
  kind TEXT NOT NULL,
  PRIMARY KEY (facet, value, kind, thing)
) WITHOUT ROWID;

-- How many things of a kind have a value of a facet.
CREATE TABLE tally (
  kind TEXT NOT NULL,
  facet TEXT NOT NULL,
  value TEXT NOT NULL,
  things INTEGER NOT NULL,
  PRIMARY KEY (kind, facet, value)
) WITHOUT ROWID;

-- The claims that name a thing, or that were read from it. Claims on the same matter (the same holder and post, the same
-- member and body) stand together, so that one sees at a glance where sources agree and where they do not.
CREATE TABLE about (
  thing TEXT NOT NULL,
  class TEXT NOT NULL,
  since TEXT NOT NULL,
  matter TEXT NOT NULL,
  deprecated INTEGER NOT NULL,
  date TEXT NOT NULL,
  claim TEXT NOT NULL,
  PRIMARY KEY (thing, class, since, matter, deprecated, date, claim)
) WITHOUT ROWID;

-- Statements whose object a thing is, other than claims, and less what a narrower statement implies.
CREATE TABLE pointing (
  object TEXT NOT NULL,
  predicate TEXT NOT NULL,
  subject TEXT NOT NULL,
  PRIMARY KEY (object, predicate, subject)
) WITHOUT ROWID;
