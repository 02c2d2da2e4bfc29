# OWL 2 Profiles, table 5: what has a property is in the property's domain.
INSERT { ?x a ?class } WHERE { ?property rdfs:domain ?class . ?x ?property ?y }
