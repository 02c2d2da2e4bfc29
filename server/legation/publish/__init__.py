"""Authored files to release: read, check, derive, infer, describe, freeze."""
