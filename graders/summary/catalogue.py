"""What units and known mistakes are called in the language in use, where the graders' specs can be loaded."""

from __future__ import annotations

import importlib.util

from graders.i18n import in_every_language, known, language

UNEXPLAINED = in_every_language(known("no mistake that is known here explains it: work through the case shown"))
"""What a report says where it cannot name a likely cause, as graders.diagnosis words it."""


def loadable() -> bool:
    """Whether the specs can be loaded; without torch a report's own words have to do."""
    return importlib.util.find_spec("torch") is not None


def known_words() -> dict[str, str]:
    """What every known mistake is called, in English."""
    if not loadable():
        return {}
    from graders.misconceptions import all_chaffs

    return {chaff.label: chaff.message for chaff in all_chaffs()}


def title_of(unit: str, otherwise: str) -> str:
    """What a unit is called."""
    if not loadable():
        return otherwise
    from graders.specs import find_unit

    try:
        found = find_unit(unit)
    except KeyError:
        return otherwise
    return found.title_zh if language() == "zh" else found.title
