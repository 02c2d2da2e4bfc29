"""Things, graphs and releases as data."""
