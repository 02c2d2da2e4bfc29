# OWL 2 Profiles, table 5: a transitive property leads on.
INSERT { ?x ?property ?z } WHERE { ?property a owl:TransitiveProperty . ?x ?property ?y . ?y ?property ?z }
