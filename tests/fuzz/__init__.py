"""Malformed replies and malformed submissions, made by changing sound ones."""
