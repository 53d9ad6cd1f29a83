"""What a student is called, and where a text or an identifier says it: one rule for all that is shown without names.

Hidden is:

- a whole name, mail address or login as it was given, in any case of letters;
- each part of a name, or of what stands before the @ of an address, where it is a word of its own. Whatever is no
  letter ends a word, `_` and digits too, and so does a capital after a small letter: "Lovelace, Ada" is found in
  "ada_debug", "Ada2" and "adaHelper", and not in "adagrad". Parts in Chinese are found wherever they stand;
- a number of five digits or more that is in it.

What would hide more than names is let through:

- a single letter, and a number of fewer digits;
- a part that is an ordinary word as well ("An", "Max", "Will") where it is written small. Ordinary are English words of
  two letters, and what the caller says is `known`. With a capital it is hidden, at the start of a sentence as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator

LETTERS = "A-Za-z\u00c0-\u024f\u0370-\u052f\u1e00-\u1fff"
"""Of the scripts that put spaces between words and have capitals: Latin, Greek, Cyrillic."""
RUN = re.compile(f"[{LETTERS}]+")
CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z]+")
"""The words of a run of letters: "maxPool" has "max" and "Pool"."""
OTHER = re.compile(rf"[^\W\d_{LETTERS}]+")
"""Letters of all other scripts, Chinese above all, where a name is no word of its own."""
NUMBER = re.compile(r"\d{5,}")
ENDINGS = frozenset({"py", "ipynb", "zip", "tar", "gz"})
"""What files are called at the end, and no student."""
SMALL = frozenset(
    {"ad", "am", "an", "as", "at", "be", "by", "do", "go", "he", "hi", "id", "if", "in", "is", "it", "me", "my", "no"}
    | {"of", "oh", "ok", "on", "or", "pi", "so", "to", "up", "us", "we"}
)
"""Words of two letters that are no name where they are written small."""
MARK, BETWEEN = "\ue000", r"[ _.,-]{0,3}"
"""What stands for a name that was found, and what may stand between two parts of one."""


class Names:
    """What one student, or everybody of a class, is called.

    called: names, logins, mail addresses and numbers, which have parts. whole: what else gives them away, but none of
    its parts does, such as names of files. known: ordinary words in small letters.
    """

    def __init__(self, called: Iterable[str], whole: Iterable[str] = (), known: Container[str] = ()) -> None:
        called = [_composed(text) for text in called]
        texts = {text.strip() for text in (*called, *map(_composed, whole))}
        words = {text.casefold() for text in texts if RUN.fullmatch(text) and len(text) > 1}
        self.words = {word for text in called for word in parts(text)} | words
        self.numbers = {number for text in called for number in NUMBER.findall(text)}
        self._small = frozenset(word for word in self.words if word in SMALL or word in known)
        longer = {text for text in texts if not RUN.fullmatch(text) and re.search(r"[^\W\d_]|\d{5}", text)}
        longer |= {one for text in called for one in OTHER.findall(text) if len(one) > 1}
        told = {one.casefold() for one in longer if len(one) > 1 or not one.isascii()} | self.numbers
        self._longer = sorted(told, key=lambda one: (-len(one), one))

    def hidden(self, text: str, instead: str) -> str:
        """The text with something else in place of every name; of the parts of one name, in place of all together."""
        marked = self._marked(text)
        return re.sub(f"(?:{MARK}{BETWEEN})*{MARK}", lambda _found: instead, marked) if MARK in marked else text

    def said_in(self, text: str) -> bool:
        """Whether one of them stands in it."""
        return MARK in self._marked(text)

    def _marked(self, text: str) -> str:
        text = _composed(text)
        low = text.casefold()
        if found := [one for one in self._longer if one in low]:
            text = re.sub("|".join(map(_pattern, found)), MARK, text, flags=re.IGNORECASE)
        return RUN.sub(self._run, text)

    def _run(self, run: re.Match[str]) -> str:
        if self._is_name(run[0]):
            return MARK
        return CAMEL.sub(lambda word: MARK if self._is_name(word[0]) else word[0], run[0])

    def _is_name(self, word: str) -> bool:
        low = word.casefold()
        return low in self.words and (low not in self._small or word[0].isupper())


def parts(text: str) -> Iterator[str]:
    """The words of a name, login or mail address that tell whose it is, in small letters."""
    for run in RUN.findall(_composed(text).partition("@")[0]):
        inner = [word for word in CAMEL.findall(run) if len(word) > 2]
        yield from (word.casefold() for word in {run, *inner} if len(word) > 1 and word.casefold() not in ENDINGS)


def _composed(text: str) -> str:
    """With every accent in its letter, in whichever way it was stored."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _pattern(name: str) -> str:
    """A longer name as one of its own; in scripts without spaces, wherever it stands, unless it is one character."""
    if len(name) == 1:
        return rf"(?<!\w){re.escape(name)}(?!\w)"
    before = r"(?<!\d)(?<!\d\.)" if name[0].isdigit() else rf"(?<![{LETTERS}])" if RUN.match(name) else ""
    after = r"(?!\.?\d)" if name[-1].isdigit() else rf"(?![{LETTERS}])" if RUN.match(name[-1]) else ""
    return before + re.escape(name) + after
