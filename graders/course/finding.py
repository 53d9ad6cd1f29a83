"""What an audit of a course finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing looked at. detail: what is wrong, or how much was looked at."""

    unit: str
    what: str
    good: bool
    detail: str = ""

    @property
    def line(self) -> str:
        """As audits print it."""
        return f"{'ok ' if self.good else 'NO '} {self.unit:18} {self.what}{': ' if self.detail else ''}{self.detail}"
