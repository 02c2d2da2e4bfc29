"""The ontology and the shapes explained."""
