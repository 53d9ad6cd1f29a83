"""A unit's policy in words: what students are told of what counts, in handout, notebook and report."""

from __future__ import annotations

from collections.abc import Iterator

from graders.i18n import _
from graders.policy import SPEED, Late, Policy
from graders.specs.unit import Unit


def sentences(unit: Unit) -> list[str]:
    """One for everything that is not as it would be without any settings."""
    return list(_sentences(unit.policy))


def _sentences(policy: Policy) -> Iterator[str]:
    if policy.optional:
        text = _("Optional, worth nothing and no part of the total: {tasks}.")
        yield text.format(tasks=", ".join(policy.optional))
    if policy.bonus:
        text = _("Bonus, on top of the total of {total:g} points: {tasks}.")
        yield text.format(total=policy.total, tasks=", ".join(policy.bonus))
    if policy.speed < SPEED:
        yield _("Speed is worth {share:g} percent of a task's points, where it is measured.").format(share=policy.speed)
    yield from _attempts(policy)
    if policy.due:
        yield _("Due {due}.").format(due=policy.due.isoformat(" ", "minutes"))
    if policy.late != Late():
        yield _late(policy.late)
    if policy.reveal == "shape":
        yield _("Of a case that fails, only the sizes are shown.")
    if policy.reveal == "nothing":
        yield _("Cases that fail are not shown.")


def _attempts(policy: Policy) -> Iterator[str]:
    best = policy.counts == "best"
    if policy.attempts:
        text = _("Attempts that can count: the first {n}, and of these the last.")
        if best:
            text = _("Attempts that can count: the first {n}, and of these the best.")
        yield text.format(n=policy.attempts)
    elif best:
        yield _("The best attempt counts.")


def _late(late: Late) -> str:
    parts = []
    if late.free:
        parts.append(_("days that cost nothing: {n}").format(n=late.free))
    if late.penalty:
        text = _("every day costs {percent:g} percent of the points earned")
        if late.free:
            text = _("every further day costs {percent:g} percent of the points earned")
        parts.append(text.format(percent=late.penalty))
    if late.limit is not None:
        parts.append(_("nothing is earned after day {n}").format(n=late.limit))
    return _("Late work: {rules}.").format(rules=_("; ").join(parts))
