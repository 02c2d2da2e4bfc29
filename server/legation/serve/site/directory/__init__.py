"""The directory of a release: which things there are, in reading order, with what they can be found by."""
