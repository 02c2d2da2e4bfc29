-- How many of the things that have every value asked for have each value of a facet.
SELECT other.value, COUNT(*) AS things
FROM facet AS other
WHERE other.facet = :counted AND other.kind = :kind AND other.thing IN (
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
GROUP BY other.value
ORDER BY things DESC, other.value
