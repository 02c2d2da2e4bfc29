"""Links to Wikidata, in both directions."""
