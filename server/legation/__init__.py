"""Legation: a linked-data publisher for diplomatic roles and counter-terrorism bodies."""
