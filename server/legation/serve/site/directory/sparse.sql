-- One page of a list, looking at all that have the rarest value asked for: good where few have.
SELECT id, iri, names, date, claims, matter, SORT AS place
FROM thing
WHERE id IN (
  SELECT lead.thing
  FROM facet AS lead
  WHERE lead.facet = :facet AND lead.value = :value AND lead.kind = :kind
    AND (:type IS NULL OR EXISTS (
      SELECT 1 FROM facet WHERE facet = 'type' AND value = :type AND kind = :kind AND thing = lead.thing))
    AND (:state IS NULL OR EXISTS (
      SELECT 1 FROM facet WHERE facet = 'state' AND value = :state AND kind = :kind AND thing = lead.thing))
    AND (:body IS NULL OR EXISTS (
      SELECT 1 FROM facet WHERE facet = 'body' AND value = :body AND kind = :kind AND thing = lead.thing))
    AND (:year IS NULL OR EXISTS (
      SELECT 1 FROM facet WHERE facet = 'year' AND value = :year AND kind = :kind AND thing = lead.thing))
)
  AND (:place IS NULL OR (SORT, iri) AFTER (:place, :iri))
ORDER BY SORT WAY, iri WAY
LIMIT :limit
