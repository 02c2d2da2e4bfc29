# OWL 2 Profiles, table 5: a functional property has one value, whatever it is called.
INSERT { ?y owl:sameAs ?z } WHERE { ?property a owl:FunctionalProperty . ?x ?property ?y , ?z . FILTER(isIRI(?y) && isIRI(?z) && ?y != ?z) }
