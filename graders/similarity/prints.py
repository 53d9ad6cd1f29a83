"""Fingerprints of code: hashes of its k-grams after tokens have lost their names, thinned by winnowing.

copydetect does the work. Its own fingerprints are made with Python's `hash`, which differs from run to run, and leave
out too much where boilerplate meets passages that stand twice in a file; these here are the same every time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

NOISE = 30
"""Characters of a match that says something: about two lines, in which every name is one character."""
GUARANTEE = 45
"""Characters of a match that is found for certain."""
WINDOW = GUARANTEE - NOISE + 1
_BASE, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True)
class Prints:
    """The fingerprints of one file, with the attributes that copydetect's `compare_files` reads.

    filtered_code: names as letters, without comments and blank space. offsets: from its places to those of the text.
    hash_idx: where each fingerprint stands. token_coverage: characters that fingerprints cover.
    """

    filtered_code: str
    offsets: NDArray[Any]
    hash_idx: dict[int, list[int]]
    token_coverage: float
    k: int = NOISE

    @property
    def hashes(self) -> set[int]:
        """All of them, each once."""
        return set(self.hash_idx)

    def without(self, left_out: Collection[int]) -> Prints:
        """Without some fingerprints, and without the characters that they alone cover."""
        kept = {one: places for one, places in self.hash_idx.items() if one not in left_out}
        return replace(self, hash_idx=kept, token_coverage=coverage(kept, len(self.filtered_code)))


def prints(code: str, *, thin: bool = True) -> Prints:
    """The fingerprints of Python code; all of its k-grams where they are not to be thinned."""
    from copydetect.utils import filter_code, winnow

    filtered, offsets = filter_code(code, "work.py", "python")
    hashes = kgrams(filtered)
    index: dict[int, list[int]] = {}
    if len(hashes):
        chosen, places = winnow(hashes, WINDOW if thin and len(hashes) >= WINDOW else 1, remove_duplicates=False)
        for one, place in zip(chosen.tolist(), np.asarray(places).tolist(), strict=True):
            index.setdefault(one, []).append(place)
    return Prints(filtered, offsets, index, coverage(index, len(filtered)))


def kgrams(text: str) -> NDArray[np.int64]:
    """A number of 52 bits for every k-gram, the same on every machine: exact as floats, in which winnowing compares."""
    letters = np.array([ord(letter) for letter in text], dtype=np.uint64)
    count = len(letters) - NOISE + 1
    if count < 1:
        return np.zeros(0, np.int64)
    sums = np.zeros(count, np.uint64)
    for place in range(NOISE):
        sums = sums * _BASE + letters[place : place + count]
    sums = (sums ^ (sums >> np.uint64(32))) * _MIX
    return (sums >> np.uint64(12)).astype(np.int64)


def coverage(index: dict[int, list[int]], length: int) -> float:
    """How many characters fingerprints cover."""
    covered = np.zeros(length + NOISE, bool)
    places = np.array([place for own in index.values() for place in own], dtype=np.int64)
    for step in range(NOISE):
        covered[places + step] = True
    return float(covered[:length].sum())
