"""Texts in three languages: messages, labels, dates, prose."""
