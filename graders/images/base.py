"""What an image is built on: an official Python image by its digest, or a Debian that is put together here."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from graders.i18n import _
from graders.images import ImageError

OFFICIAL = "python:3.13-slim-bookworm"
SUITE = "bookworm"
NAME = "backcheck-base"
EPOCH = "1735689600"
"""The time that files made in the base claim to be of."""
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
CLEARED = 'rm -rf "$1"/var/cache/* "$1"/var/log/* "$1"/var/lib/apt/lists/* "$1"/usr/share/zoneinfo'
"""Once all is installed; so is bytecode, which the image gets of its own kind."""


def official(client: Any, name: str = OFFICIAL) -> str:
    """The official image by its digest, which names its content for good; ImageError where no registry answers."""
    import docker.errors
    import requests

    try:
        digest = client.inspect_distribution(name)["Descriptor"]["digest"]
    except (docker.errors.DockerException, requests.RequestException) as error:
        words = getattr(error, "explanation", None) or error
        text = _("no registry answers ({reason}); say --base, or --offline-base")
        raise ImageError(text.format(reason=str(words)[:200])) from None
    return f"{name.partition(':')[0]}@{digest}"


def offline(client: Any) -> str:
    """A small Debian with Python, made by mmdebstrap from this machine's mirror; the same recipe is made once."""
    command = _command("FILE")
    name = f"{NAME}:{hashlib.sha256(' '.join(command).encode()).hexdigest()[:12]}"
    if client.images(name):
        return name
    if shutil.which(command[0]) is None:
        raise ImageError(_("there is no mmdebstrap on this machine: apt-get install mmdebstrap"))
    with tempfile.TemporaryDirectory(prefix="backcheck-base-") as folder:
        file = Path(folder) / "base.tar"
        environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
        done = subprocess.run(_command(str(file)), env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ImageError(_("mmdebstrap failed: {reason}").format(reason=done.stderr.strip()[-500:]))
        repository, _colon, tag = name.partition(":")
        client.import_image_from_file(str(file), repository=repository, tag=tag)
    return name


def _command(target: str) -> list[str]:
    return [
        *("mmdebstrap", "--quiet", "--variant=essential", "--include=python3,libstdc++6"),
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
        '--customize-hook=find "$1/usr/lib" -name __pycache__ -prune -exec rm -rf {} +',
        f"--customize-hook={CLEARED}",
        *(SUITE, target),
    ]
