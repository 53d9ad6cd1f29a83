"""Every user-facing text passes through `_`; `use_language` chooses the catalogue."""

from __future__ import annotations

import contextlib
import gettext
import locale
import os
from collections.abc import Iterator
from pathlib import Path

DOMAIN = "backcheck"
MISTAKES = "misconceptions"
LOCALES = Path(__file__).with_name("locale")

_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_mistakes: gettext.NullTranslations = gettext.NullTranslations()


def _(text: str) -> str:
    """The text in the chosen language; the text itself where the catalogue lacks it."""
    return _catalogue.gettext(text)


def known(text: str) -> str:
    """Mark a text for the translators that is translated only where it is shown."""
    return text


def misconception(text: str) -> str:
    """What a known mistake is called in the chosen language: a catalogue of its own, for there are many."""
    return _mistakes.gettext(text)


def in_every_language(text: str) -> frozenset[str]:
    """The text and its translations: what reports that were written in any language call it."""
    folders = sorted(path.name for path in LOCALES.iterdir() if path.is_dir())
    catalogues = [gettext.translation(DOMAIN, str(LOCALES), languages=[name], fallback=True) for name in folders]
    return frozenset({text, *(catalogue.gettext(text) for catalogue in catalogues)})


def use_language(language: str | None = None) -> str:
    """Choose the catalogue of `language` ("en", "zh"), or of the environment; returns what was asked for."""
    global _catalogue, _mistakes
    wanted = language or _environment_language()
    names = ["zh_CN"] if wanted.lower().startswith("zh") else [wanted]
    _catalogue = gettext.translation(DOMAIN, str(LOCALES), languages=names, fallback=True)
    _mistakes = gettext.translation(MISTAKES, str(LOCALES), languages=names, fallback=True)
    return "zh" if names == ["zh_CN"] else "en"


@contextlib.contextmanager
def in_language(wanted: str) -> Iterator[None]:
    """Around what is made in another language than messages are."""
    before = language()
    try:
        use_language(wanted)
        yield
    finally:
        use_language(before)


def language() -> str:
    """The language of the catalogue in use: "en" or "zh"."""
    # Translators: the language of this catalogue, as in the attribute lang of a page.
    return _("en")


def _environment_language() -> str:
    for variable in ("BACKCHECK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return value
    return locale.getlocale()[0] or "en"
