"""Which works have code in common that few others have."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graders.i18n import _
from graders.similarity.prints import Prints, prints
from graders.similarity.works import Left, Work

COMMON = 10
COMMON_SHARE = 0.1
"""What more students have than both, so many and this share of them, is what one writes, and no lead."""
LEAST = 120.0
"""Characters of code, names counted as one: what is shorter is not compared, and what has less in common is no lead."""
LOOKED_AT = 5
"""Of so many times the leads that are wanted the common code is found exactly; it is counted for all."""

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Side:
    """One of the two works. share: how much of its code, without what is common, is in the other. spans: where."""

    work: Work
    share: float
    spans: Spans


@dataclass(frozen=True)
class Lead:
    """Two works that have more in common than chance would have it. characters: how much, names counted as one."""

    first: Side
    second: Side
    characters: float

    @property
    def share(self) -> float:
        """Mean of both sides."""
        return (self.first.share + self.second.share) / 2


@dataclass(frozen=True)
class Found:
    """All leads: within the class, and to the published solution and the corpus; and what was not compared."""

    inside: tuple[Lead, ...]
    outside: tuple[Lead, ...]
    compared: int
    left: tuple[Left, ...]


def find_leads(
    works: Sequence[Work], outside: Sequence[Work], stub: str, most: int, left: Sequence[Left] = ()
) -> Found:
    """The leads of a class, the strongest first, at most `most` within it and as many beyond.

    Nobody is compared with themselves. What stands in the stub is left out everywhere; within the class, what many
    students have in common is left out as well.
    """
    given = prints(stub, thin=False).hashes
    own = {work: prints(work.code).without(given) for work in works}
    kept = {work: one for work, one in own.items() if one.token_coverage >= LEAST}
    common = common_in(kept)
    rare = {work: one.without(common) for work, one in kept.items()}
    beyond = {work: prints(work.code).without(given) for work in outside}
    return Found(
        strongest(rare, itertools.combinations(rare, 2), rare, most),
        strongest(kept, itertools.product(kept, beyond), beyond, most),
        len(kept),
        (*left, *(Left(work.name, _("it has too little code of its own")) for work in works if work not in kept)),
    )


def common_in(found: dict[Work, Prints]) -> set[int]:
    """The fingerprints that too many students share to be a lead."""
    students: dict[str, set[int]] = {}
    for work, one in found.items():
        students.setdefault(work.student, set()).update(one.hash_idx)
    counts = Counter(itertools.chain.from_iterable(students.values()))
    limit = max(COMMON, COMMON_SHARE * len(students))
    return {one for one, count in counts.items() if count > limit}


def strongest(
    first: dict[Work, Prints], pairs: Iterable[tuple[Work, Work]], second: dict[Work, Prints], most: int
) -> tuple[Lead, ...]:
    """The leads among some pairs; of the works of two students only the strongest."""
    ranked = sorted(
        ((len(first[a].hash_idx.keys() & second[b].hash_idx.keys()), a, b) for a, b in pairs if a.student != b.student),
        key=lambda one: (-one[0], one[1].name, one[2].name),
    )
    leads = [lead_of(a, b, first[a], second[b]) for shared, a, b in ranked[: LOOKED_AT * most] if shared]
    leads.sort(key=lambda lead: (-lead.share, -lead.characters, lead.first.work.name, lead.second.work.name))
    best: dict[tuple[str, str], Lead] = {}
    for lead in leads:
        if lead.characters >= LEAST:
            a, b = lead.first.work, lead.second.work
            best.setdefault((a.student, b.student or b.name), lead)
    return tuple(best.values())[:most]


def lead_of(a: Work, b: Work, first: Prints, second: Prints) -> Lead:
    """What two works have in common, exactly."""
    from copydetect import compare_files

    characters, shares, places = compare_files(first, second)
    sides = [
        Side(work, min(1.0, float(share)), tuple((int(start), int(end)) for start, end in zip(*found, strict=True)))
        for work, share, found in zip((a, b), shares, places, strict=True)
    ]
    return Lead(sides[0], sides[1], float(characters))
