-- What follows from several things taken together, once all are in.

-- A tenure is about the body of its post, too.
INSERT OR IGNORE INTO named SELECT n.claim, b.body FROM named n JOIN post_body b ON b.post = n.thing;

-- What was read from a passage was read from its source.
INSERT OR IGNORE INTO named SELECT n.claim, p.source FROM named n JOIN passage_source p ON p.passage = n.thing;

-- Claims on one matter stand where the earliest of them belongs.
CREATE TEMP TABLE begins AS SELECT matter, MIN(NULLIF(date, '')) AS since FROM claim GROUP BY matter;
CREATE INDEX begins_matter ON begins (matter);
INSERT OR IGNORE INTO about
  SELECT n.thing, c.class, COALESCE(b.since, '9999'), c.matter, c.deprecated, c.date, c.iri
  FROM named n JOIN claim c ON c.iri = n.claim JOIN begins b ON b.matter = c.matter;

UPDATE thing SET claims = (SELECT COUNT(*) FROM about WHERE about.thing = thing.iri);

-- Whoever held a post has to do with its body; so has the post's tenure.
INSERT OR IGNORE INTO facet
  SELECT 'body', b.body, f.thing, f.kind FROM facet f JOIN post_body b ON b.post = f.value WHERE f.facet = 'post';
DELETE FROM facet WHERE facet = 'post';

INSERT INTO tally SELECT kind, facet, value, COUNT(*) FROM facet GROUP BY kind, facet, value;

CREATE INDEX thing_ar ON thing (kind, ar, iri);
CREATE INDEX thing_en ON thing (kind, en, iri);
CREATE INDEX thing_fr ON thing (kind, fr, iri);
CREATE INDEX thing_date ON thing (kind, date, iri);
CREATE INDEX thing_matter ON thing (matter) WHERE matter <> '';
CREATE INDEX thing_claims ON thing (kind, claims, iri);
CREATE INDEX facet_thing ON facet (thing, facet, value);
ANALYZE;
