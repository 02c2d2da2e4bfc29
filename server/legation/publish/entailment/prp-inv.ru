# OWL 2 Profiles, table 5 (prp-inv1, prp-inv2): the other way round.
INSERT { ?y ?other ?x } WHERE { ?property owl:inverseOf|^owl:inverseOf ?other . ?x ?property ?y . FILTER(!isLiteral(?y)) }
