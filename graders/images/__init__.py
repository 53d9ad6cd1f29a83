"""The images of `docker/`: how they are made without a network, and what is in them."""

from __future__ import annotations

from pathlib import Path


class ImageError(Exception):
    """An image cannot be made, or not as asked; the reason is the message."""


def recipes_folder() -> Path:
    """Where the Dockerfiles are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "docker"
    return installed if installed.is_dir() else package.parent / "docker"
