"""The page of one thing, claim or source."""
