"""What can be wrong with a gradebook, in one sentence a person reads."""

from __future__ import annotations


class GradebookError(Exception):
    """It cannot be used as it is, or for what was asked: a usage error."""


class GradebookFault(Exception):
    """It stopped working in the middle of something; what was not finished is not recorded."""
