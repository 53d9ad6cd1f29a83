"""The graders: what runs a submission in a sandbox, judges it against torch, and reports."""

SUITE_VERSION = "0.1.0"
"""Part of every case seed: cases change only when this does."""
