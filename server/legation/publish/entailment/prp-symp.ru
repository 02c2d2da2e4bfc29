# OWL 2 Profiles, table 5: a symmetric property holds both ways.
INSERT { ?y ?property ?x } WHERE { ?property a owl:SymmetricProperty . ?x ?property ?y . FILTER(!isLiteral(?y)) }
