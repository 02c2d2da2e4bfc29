"""Finding things by name: search and reconciliation."""
