# OWL 2 Profiles, table 5: what is the value of a property is in the property's range.
INSERT { ?y a ?class } WHERE { ?property rdfs:range ?class . ?x ?property ?y . FILTER(!isLiteral(?y)) }
