"""What every request and answer has in common: identifiers, negotiation, formats, problems, operations."""
