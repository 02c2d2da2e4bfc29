# OWL 2 Profiles, table 7: an instance of a class is an instance of every class above it.
INSERT { ?x a ?wide } WHERE { ?narrow rdfs:subClassOf+ ?wide . FILTER(?narrow != ?wide && isIRI(?wide)) ?x a ?narrow }
