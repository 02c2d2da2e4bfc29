-- One page of a list, walking an index: good where most things of the kind are wanted. SORT, AFTER and WAY stand for a
-- column, a comparison and a direction; see read.py.
SELECT id, iri, names, date, claims, matter, SORT AS place
FROM thing
WHERE kind = :kind AND (:place IS NULL OR (SORT, iri) AFTER (:place, :iri))
  AND (:type IS NULL OR EXISTS (
    SELECT 1 FROM facet WHERE facet = 'type' AND value = :type AND facet.kind = :kind AND facet.thing = thing.id))
  AND (:state IS NULL OR EXISTS (
    SELECT 1 FROM facet WHERE facet = 'state' AND value = :state AND facet.kind = :kind AND facet.thing = thing.id))
  AND (:body IS NULL OR EXISTS (
    SELECT 1 FROM facet WHERE facet = 'body' AND value = :body AND facet.kind = :kind AND facet.thing = thing.id))
  AND (:year IS NULL OR EXISTS (
    SELECT 1 FROM facet WHERE facet = 'year' AND value = :year AND facet.kind = :kind AND facet.thing = thing.id))
ORDER BY SORT WAY, iri WAY
LIMIT :limit
