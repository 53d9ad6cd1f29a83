"""What the commands are given, checked: every usage error is one clear message and exit code 2."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from graders.gradebook.errors import GradebookError, GradebookFault
from graders.i18n import _
from graders.policy import Policy, SettingsError

if TYPE_CHECKING:
    from graders.batch import Setting
    from graders.contracts import Contract
    from graders.course.received import Receipt
    from graders.secrets import Secret
    from graders.specs.unit import Unit
    from graders.verdict import Note


GONE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE)
"""Why a disk takes nothing any more, or is away: nobody has called us wrongly, and later the same command goes on."""


class Problem(click.ClickException):
    """A usage error: one clear message, exit code 2."""

    exit_code = 2


class Fault(click.ClickException):
    """Something that is nobody's mistake stopped a command: one clear message, exit code 3."""

    exit_code = 3


class Commands(click.Group):
    """A group of commands in which settings and gradebooks that cannot be used are a usage error."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (SettingsError, GradebookError) as error:
            raise Problem(str(error)) from None
        except GradebookFault as fault:
            raise Fault(str(fault)) from fault
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "graders":
                raise
            require_whole()
            raise


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Around what writes `path`: a file that cannot be written is a usage error, a disk that is full is none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        text = _("cannot write {path}: {reason}").format(path=path, reason=error.strerror)
        raise (Fault if error.errno in GONE else Problem)(text) from None


def write_whole(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write a file that is whole whenever it is there: who is stopped half-way leaves the one from before."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with writing(path):
            with partial.open("w", encoding=encoding, newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())  # some disks say only now that they are full
            os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def require_there(path: Path) -> None:
    """A usage error where there is nothing."""
    if not os.path.exists(path):  # Path.exists raises where a name is too long
        raise Problem(_("no such file or folder: {path}").format(path=path))


def require_torch() -> None:
    """One clear message where the oracle is missing, before anything needs it."""
    if importlib.util.find_spec("torch") is None:
        raise Problem(_("backcheck compares with PyTorch, which is not installed: pip install 'backcheck[torch]'"))


def require_whole() -> None:
    """A usage error in the students' install, for what needs the reference."""
    from graders.intake.reference import available

    if not available():
        raise Problem(_("this is the students' install of backcheck, without solutions: it cannot do this"))


def known_unit(name: str) -> Unit:
    """The unit of that name, or a usage error that lists those there are."""
    require_torch()
    from graders.specs import find_unit, unit_names

    try:
        return find_unit(name)
    except KeyError:
        known = ", ".join(unit_names())
        raise Problem(_("there is no unit {name}; there are {known}").format(name=name, known=known)) from None


def known_contract(name: str) -> Contract:
    """The contract of that name, or a usage error that lists those there are."""
    require_torch()
    from graders.contracts import contract_names, find_contract

    try:
        return find_contract(name)
    except KeyError:
        known = ", ".join(contract_names())
        text = _("there is no contract {name}; there are {known}")
        raise Problem(text.format(name=name, known=known)) from None


def refuse_beside_contract(**options: object) -> None:
    """A usage error for an option of `check` that means nothing for a contract."""
    for name, value in options.items():
        if value:
            raise Problem(_("--{option} does not go with --contract").format(option=name))


def unit_of(path: Path, name: str | None) -> Unit:
    """The unit named, or the one whose file is called like this."""
    if name:
        return known_unit(name)
    require_torch()
    from graders.specs import find_unit, unit_names

    stems = {Path(find_unit(unit).file).stem: unit for unit in unit_names()}
    if path.is_dir():
        inside = [stem for stem in stems if any((path / f"{stem}{end}").is_file() for end in (".py", ".ipynb"))]
        stem = inside[0] if len(inside) == 1 else ""
    else:
        stem = path.stem
    if stem not in stems:
        raise Problem(_("which unit is {path}? Say it with --unit").format(path=path))
    return find_unit(stems[stem])


def checked_tasks(unit: Unit, tasks: tuple[str, ...]) -> frozenset[str] | None:
    """The tasks asked for, or a usage error naming those the unit lacks."""
    unknown = sorted(set(tasks) - set(unit.points))
    if unknown:
        known = ", ".join(unit.points)
        raise Problem(
            _("{unit} has no task {name}; it has {known}").format(unit=unit.name, name=unknown[0], known=known)
        )
    return frozenset(tasks) or None


def all_paths(submissions: tuple[Path, ...], unit: Unit) -> list[Path]:
    """Every submission named or found in the folders named; a usage error when there is none."""
    from graders.intake.submission import list_submissions

    for path in submissions:
        require_there(path)
    with listing():
        paths = list(dict.fromkeys(found for path in submissions for found in list_submissions(path, unit)))
    if not paths:
        raise Problem(_("there are no submissions in {path}").format(path=submissions[0]))
    return paths


@contextlib.contextmanager
def listing() -> Iterator[None]:
    """Around what looks into folders: one that cannot be read is a fault, for nobody knows what is missing."""
    try:
        yield
    except OSError as error:
        text = _("{path}: it cannot be read: {reason}")
        raise Fault(text.format(path=error.filename, reason=error.strerror)) from None


def tell_left_out(
    submissions: tuple[Path, ...],
    paths: list[Path],
    unit: Unit,
    receipts: dict[str, Receipt] | None,
    received: Path | None,
    console: Console,
) -> None:
    """Name what lies beside the submissions and is none, and the lines about when they came that fit none of them.

    paths: the submissions, as `all_paths` has found them. received: the file of the receipts.
    """
    from graders.course.received import handed_in_as
    from graders.intake.archive import ARCHIVES
    from graders.intake.submission import list_skipped
    from graders.report.text import listed

    with listing():
        skipped = [found for path in submissions for found in list_skipped(path, unit)]
    own = received.resolve() if received else None
    if names := sorted({found.name for found in skipped if found.resolve() != own}):
        text = _(
            "skipped: {count} ({names}). A submission is a folder or ends with {kinds}, and its name does not begin"
            " with _"
        )
        kinds = ", ".join((".py", ".ipynb", *ARCHIVES))
        _tell(console, text.format(count=len(names), names=listed(names), kinds=kinds))
    if lost := sorted(set(receipts or ()) - {handed_in_as(path) for path in paths}):
        text = _("{path} has lines for what is not among the submissions: {count} ({names})")
        _tell(console, text.format(path=received, count=len(lost), names=listed(lost)))


def _tell(console: Console, text: str) -> None:
    console.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)


def course_secret(path: Path | None, console: Console) -> Secret:
    """The course's secret; a new one where none was made yet."""
    from graders.secrets import make_secret, read_secret

    path = path or Path(".backcheck") / "secret"
    try:
        if path.exists():
            return read_secret(path)
        secret = make_secret(path)
    except (OSError, ValueError) as error:
        raise Problem(str(error)) from None
    console.print(_("a new course secret was made: keep {path}").format(path=path), highlight=False, soft_wrap=True)
    return secret


def held_secret(path: Path | None, course: Path | None, console: Console) -> Secret:
    """The secret that a class was graded by; without any, the public one, and a word about it."""
    from graders.secrets import PUBLIC

    wanted = (course or Path()) / ".backcheck" / "secret"
    if path is None and not wanted.exists():
        text = _("there is no secret {path}: these are the public cases; --secret FILE takes those of the course")
        console.print(text.format(path=wanted), highlight=False, soft_wrap=True)
        return PUBLIC
    return kept_secret(path, course)


def kept_secret(path: Path | None, course: Path | None) -> Secret:
    """The secret of a file, or of a course's folder, by default the current one; it has to be there."""
    from graders.secrets import read_secret

    wanted = path or (course or Path()) / ".backcheck" / "secret"
    try:
        return read_secret(wanted)
    except OSError as error:
        raise Problem(f"{wanted}: {error.strerror}") from None
    except ValueError as error:
        raise Problem(str(error)) from None


def course_unit(unit: Unit, folder: Path | None) -> tuple[Unit, Path | None]:
    """The unit as the course of a folder wants it, by default the one around us, and that course's folder."""
    from graders.course.released import ReleaseError, require_released
    from graders.course.settings import find_course, read_course

    course = read_course(folder) if folder else find_course(Path.cwd())
    if course is None:
        return unit, None
    wanted = course.unit(unit.name)
    try:
        require_released(course, wanted)
    except ReleaseError as error:
        raise Problem(str(error)) from None
    return wanted, course.folder


def course_folder(folder: Path | None) -> Path | None:
    """The folder of the course named, or of the one around us; None where there is none."""
    if folder is not None:
        return folder
    here = Path.cwd()
    return next((one for one in (here, *here.parents) if (one / "course.toml").is_file()), None)


def course_policies(names: Iterable[str], folder: Path | None) -> dict[str, Policy]:
    """What the course of a folder, by default the one around us, wants of these units.

    A unit that is none of ours, from another gradebook, has no policy of its own.
    """
    require_whole()
    require_torch()
    from graders.course.settings import find_course, read_course
    from graders.specs import find_unit, unit_names

    course = read_course(folder) if folder else find_course(Path.cwd())
    known = unit_names()
    units = {name: find_unit(name) if name in known else None for name in names}
    return {
        name: Policy() if unit is None else course.policy(unit) if course else unit.policy
        for name, unit in units.items()
    }


def as_released(unit: Unit, submission: Path) -> tuple[Unit, list[Note]]:
    """The unit with the policy that it was released with, and what differs here from then; a note costs nothing."""
    from graders.course.lock import differences, lock_of, policy_of
    from graders.verdict import Note

    try:
        found = lock_of(submission)
        if found is None or found.get("unit") != unit.name:
            return unit, []
        released = unit.under(policy_of(found, unit))
    except SettingsError as error:
        return unit, [Note("lock", str(error))]
    if not (told := differences(found, released)):
        return released, []
    text = _(
        "{unit} was released with other graders ({differences}): your course may see it differently; it has {suite}"
    )
    suite = f"backcheck {found.get('suite', '')}"
    return released, [Note("lock", text.format(unit=unit.name, differences=_("; ").join(told), suite=suite))]


def receipts_for(paths: list[Path], file: Path) -> dict[str, Receipt]:
    """Who handed in what and when, with a line for every submission."""
    from graders.course.received import read_receipts, require_all

    receipts = read_receipts(file)
    require_all(paths, receipts, file)
    return receipts


def require_isolation(setting: Setting, allowed: bool) -> None:
    """A class is graded where students' code cannot reach this machine, unless the instructor says so."""
    from graders.sandbox import SandboxUnavailable, open_backend

    try:
        backend = open_backend(setting.sandbox, setting.limits)
    except SandboxUnavailable as reason:
        raise Problem(_("no sandbox works here: {reason}").format(reason=reason)) from None
    backend.close()
    if not backend.isolated and not allowed:
        raise Problem(
            _("the sandbox {name} does not isolate; grade elsewhere, or say --allow-unisolated").format(
                name=backend.name
            )
        )
