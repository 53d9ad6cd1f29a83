"""Invented students, in several scripts: whoever bears such a name is not meant."""

from __future__ import annotations

import random

_CHINESE = (
    ["陈", "林", "黄", "周", "吴", "徐", "孙", "马", "朱", "胡"],
    ["晓明", "雨桐", "子涵", "欣怡", "浩然", "思远", "佳宁", "若曦"],
)
_LATIN = (
    ["Müller", "Ñíguez", "Søndergaard", "O'Hara", "Dvořák", "Łukasik", "Çelik", "Nguyễn", "Bäckström", "d'Amato"],
    ["Zoë", "José", "Bjørn", "Siobhán", "Žofie", "Óscar", "Anaïs", "Ayşe", "Thảo", "Håkan"],
)
_OTHERS = (
    ["Иванова", "Θεοδώρου", "حداد", "כהן", "佐藤", "김", "शर्मा", "Петренко"],
    ["Ксения", "Ἑλένη", "ليلى", "נועה", "美咲", "서연", "अनन्या", "Олесь"],
)


def names(count: int, chance: random.Random) -> list[str]:
    """So many names, no two the same; those past the first few hundred are numbered."""
    every = [f"{family}{given}" for family in _CHINESE[0] for given in _CHINESE[1]]
    every += [f"{given} {family}" for families, givens in (_LATIN, _OTHERS) for family in families for given in givens]
    chance.shuffle(every)
    rounds = range(1, count // len(every) + 2)
    return [f"{name} {again}" if again > 1 else name for again in rounds for name in every][:count]
