"""The boundary: programs go in, claims come out, judged elsewhere."""

from graders.sandbox.backend import Backend
from graders.sandbox.backends import SandboxUnavailable, open_backend

__all__ = ["Backend", "SandboxUnavailable", "open_backend"]
