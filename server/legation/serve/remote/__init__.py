"""The engine that is a SPARQL 1.1 endpoint somewhere else."""
