"""Release to HTTP: open, query or describe, render."""
