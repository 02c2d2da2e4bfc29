# OWL 2 Profiles, table 5: a chain of two properties.
INSERT { ?x ?property ?z }
WHERE {
  ?property owl:propertyChainAxiom ?chain .
  ?chain rdf:first ?one ; rdf:rest ?rest .
  ?rest rdf:first ?two ; rdf:rest rdf:nil .
  ?x ?one ?y .
  ?y ?two ?z
}
