"""Help with writing queries: editor, completion, builder."""
