"""Where randomness comes from: a secret, never in argv, environment, logs or reports."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from graders import SUITE_VERSION
from graders.i18n import _

LENGTH = 32


@dataclass(frozen=True)
class Secret:
    """32 bytes from which every case follows; `public` ones anybody may draw again."""

    key: bytes = field(repr=False)
    public: bool = False

    @property
    def fingerprint(self) -> str:
        """What reports show: "public", or 8 hex digits that tell two secrets apart and give neither away."""
        return "public" if self.public else hashlib.sha256(b"fingerprint" + self.key).hexdigest()[:8]

    def seed(self, *labels: str) -> int:
        """64 bits for a task and a property, the same for the same suite version."""
        message = "\x00".join((SUITE_VERSION, *labels)).encode()
        return int.from_bytes(hmac.digest(self.key, message, "sha256")[:8], "big")


PUBLIC = Secret(hashlib.sha256(b"backcheck: cases anybody may draw").digest(), public=True)
"""What `check` uses: full cases, the same for everybody."""

MORE = Secret(hashlib.sha256(b"backcheck: more cases anybody may draw").digest(), public=True)
"""Further cases, which tell apart what the first ones leave open."""


def read_secret(path: Path) -> Secret:
    """The course's secret; ValueError when the file is not 32 bytes or others can read it."""
    status = path.stat()
    if os.name == "posix" and status.st_mode & 0o077:
        raise ValueError(_("{path} can be read by others; run: chmod 600 {path}").format(path=path))
    key = path.read_bytes()
    if len(key) != LENGTH:
        raise ValueError(
            _("{path} is not a secret of {wanted} bytes: it has {got}").format(path=path, wanted=LENGTH, got=len(key))
        )
    return Secret(key)


def make_secret(path: Path) -> Secret:
    """A new secret in a new file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(LENGTH))
    return read_secret(path)
