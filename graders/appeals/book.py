"""Appeals in the gradebook: opened about a task of a work, and decided once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from graders.gradebook.errors import GradebookError
from graders.gradebook.schema import Appeal, Decision, Work
from graders.i18n import _


@dataclass(frozen=True)
class Request:
    """An appeal. fingerprint: of the work it is about. path: where that was. named: what its student is called."""

    id: int
    student: str
    unit: str
    task: str
    submission: str
    fingerprint: str
    path: str
    text: str
    by: str
    at: datetime
    decision: Decision
    answer: str
    decided_by: str
    decided: datetime | None
    named: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain data, without what is only there to be looked for."""
        told = {name: value for name, value in vars(self).items() if name != "named"}
        decided = self.decided.isoformat() if self.decided else None
        return {**told, "at": self.at.isoformat(), "decided": decided, "decision": str(self.decision)}


def open_appeal(session: Session, work: int, task: str, text: str, by: str) -> Request:
    """Ask for another look; GradebookError where nothing is said, or the same task is waiting already."""
    _require_text(text, _("say what the student asks for, with --text"))
    waiting = select(Appeal).where(Appeal.work_id == work, Appeal.task == task, Appeal.decision == Decision.OPEN)
    if held := session.scalars(waiting).first():
        text = _("appeal {id} about {task} is open already")
        raise GradebookError(text.format(id=held.id, task=task))
    made = Appeal(work_id=work, task=task, text=text, by=by, at=datetime.now(UTC), decision=Decision.OPEN)
    session.add(made)
    session.flush()
    return _request(made)


def appeals(session: Session, unit: str = "", decision: Decision | None = None) -> list[Request]:
    """All of them, or those of a unit, or those that ended, or have not, in a certain way; the earliest first."""
    wanted = select(Appeal).join(Appeal.work).order_by(Appeal.id)
    if unit:
        wanted = wanted.where(Work.unit == unit)
    if decision:
        wanted = wanted.where(Appeal.decision == decision)
    return [_request(one) for one in session.scalars(wanted)]


def decide(session: Session, number: int, accept: bool, answer: str, by: str) -> Request:
    """Accept or reject an open appeal. No score changes by it."""
    _require_text(answer, _("say what the student is told, with --answer"))
    found = _open(session, number)
    found.decision = Decision.ACCEPTED if accept else Decision.REJECTED
    found.answer, found.decided_by, found.decided = answer, by, datetime.now(UTC)
    session.flush()
    return _request(found)


def _require_text(text: str, message: str) -> None:
    if not text.strip():
        raise GradebookError(message)


def _open(session: Session, number: int) -> Appeal:
    found = session.get(Appeal, number, with_for_update=True)
    if found is None:
        raise GradebookError(_("there is no appeal {id}").format(id=number))
    if found.decision != Decision.OPEN:
        text = _("appeal {id} was decided already, by {by} on {day}")
        day = f"{found.decided:%Y-%m-%d}" if found.decided else "-"
        raise GradebookError(text.format(id=number, by=found.decided_by, day=day))
    return found


def _request(one: Appeal) -> Request:
    work, student = one.work, one.work.student
    return Request(
        id=one.id,
        student=student.name,
        unit=work.unit,
        task=one.task,
        submission=work.submission,
        fingerprint=work.fingerprint,
        path=work.path,
        text=one.text,
        by=one.by,
        at=one.at,
        decision=Decision(one.decision),
        answer=one.answer,
        decided_by=one.decided_by,
        decided=one.decided,
        named=tuple(
            filter(None, (student.name, student.full_name, student.email, student.outside_id, work.submission))
        ),
    )
