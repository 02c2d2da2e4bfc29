# OWL 2 Profiles, table 5: what holds of a property holds of every property above it.
INSERT { ?x ?wide ?y } WHERE { ?narrow rdfs:subPropertyOf+ ?wide . FILTER(?narrow != ?wide) ?x ?narrow ?y }
