# OWL 2 Profiles, table 5: members of a class that agree in its key, of one property, are one.
INSERT { ?x owl:sameAs ?y }
WHERE {
  ?class owl:hasKey ?key .
  ?key rdf:first ?property ; rdf:rest rdf:nil .
  ?x a ?class ; ?property ?value .
  ?y ?property ?value ; a ?class .
  FILTER(?x != ?y)
}
