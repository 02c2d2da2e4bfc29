"""A release into a SPARQL endpoint that is to answer for it."""
