"""From a path to one checked submission, or one clear reason why not."""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from graders.i18n import _
from graders.intake.archive import ARCHIVES, MAX_MEMBERS, Read, from_archive, is_hidden
from graders.intake.attempted import attempted
from graders.intake.notebook import code_cells
from graders.intake.source import MAX_BYTES, IntakeError, decode
from graders.sandbox.program import Piece

if TYPE_CHECKING:
    from graders.specs.unit import Unit

NOTEBOOK_BYTES = 20 << 20
MARIMO = re.compile(r"^app = marimo\.App\(", re.MULTILINE)
"""In its file functions stand inside of others, which nobody could call."""
HASHED_BYTES = 128 << 20
"""Of a file that is refused: what comes behind does not tell it from others."""
NAME_BYTES = 200
"""Reports are files called after the submission; a longer name, with ".html" behind it, could not be one."""
DEEPEST = 8
"""So many folders may lie one in another; nobody packs work deeper."""
LOOKED_INTO = 4
"""So many modules and so many notebooks of the unit's name are looked into; nobody has more by accident."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one unit.

    pieces: the source, a .py file as one piece, a notebook a piece a code cell. fingerprint: first 16 hex
    digits of the SHA-256 of the file's bytes, or of what was refused; "" where nothing could be read. problem: why it
    cannot be graded at all, "" when it can. fault: it is this machine that could not read it, for which nobody may lose
    points. notes: what whoever handed it in should know of what was read.
    """

    name: str
    path: str
    pieces: tuple[Piece, ...] = ()
    fingerprint: str = ""
    problem: str = ""
    fault: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """The file that is graded. others: those of a folder or archive that might have been meant as well."""

    name: str
    data: bytes
    others: tuple[str, ...] = ()

    def notes(self) -> tuple[str, ...]:
        """Which of them counts."""
        if not self.others:
            return ()
        text = _("{graded} was graded, and not {others}: hand in one file, or put what counts into {graded}")
        return (text.format(graded=_short(self.name), others=", ".join(map(_short, self.others))),)


def read_submission(path: Path, unit: Unit) -> Submission:
    """Read what lies at `path`; never raises, neither for what a student may have put there nor for what is in the way.

    A disk that fails, rights that are missing, a server that is away, too little memory: that is a fault, no zero.
    """
    name = submission_name(path)
    try:
        return _read_or_refuse(name, path, unit)
    except FileNotFoundError:
        why = _("no such file or folder: {path}").format(path=path)
    except OSError as error:
        why = _("it cannot be read: {reason}").format(reason=error.strerror or type(error).__name__)
    except MemoryError:
        why = _("it cannot be read: {reason}").format(reason=_("there is not enough memory"))
    return Submission(name, str(path), problem=why, fault=True)


def notebook_submission(name: str, data: bytes) -> Submission:
    """A notebook that somebody else has read already; never raises for what a student may have put there."""
    try:
        pieces = code_cells(data)
    except IntakeError as error:
        return Submission(name, "", fingerprint=_digest(data), problem=str(error))
    return Submission(name, "", pieces, _digest(data))


def _read_or_refuse(name: str, path: Path, unit: Unit) -> Submission:
    """What was handed in, or why not; what keeps us from reading it is raised."""
    try:
        found = _find_file(path, unit)
    except IntakeError as error:
        return Submission(name, str(path), fingerprint=_refused(path), problem=str(error))
    read = Submission(name, str(path), fingerprint=_digest(found.data), notes=found.notes())
    try:
        return replace(read, pieces=_pieces(found.name, found.data))
    except IntakeError as error:
        return replace(read, problem=str(error))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _refused(path: Path) -> str:
    """The fingerprint of what holds no file to grade: of a file's bytes, or of the names in a folder.

    The same, refused twice, is one attempt; another one that is refused is another.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        listed = _listed(path)
        return _digest(os.fsencode("\0".join(sorted(listed.own + listed.below))))
    digest = hashlib.sha256()
    if stat.S_ISREG(mode):
        with path.open("rb") as file:
            for part in itertools.islice(iter(lambda: file.read(1 << 20), b""), HASHED_BYTES >> 20):
                digest.update(part)
    return digest.hexdigest()[:16]


def _mode(path: Path) -> int:
    """What lies there, as `stat` has it; 0 where nothing does. Anything else that is in the way is raised.

    `Path.is_file` and its like would, in some versions of Python, call a file on a failing disk one that is not there.
    """
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENAMETOOLONG):  # where links may lead that lead to nothing
            raise
        return 0


def submission_name(path: Path) -> str:
    """A submission is called after its file or folder; accents are composed, as some systems take them apart."""
    name = unicodedata.normalize("NFC", path.name if path.name.strip(".") else path.resolve().name)
    for suffix in (".py", ".ipynb", *ARCHIVES):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)] or name
            break
    while len(os.fsencode(name)) > NAME_BYTES:
        name = name[:-1]
    return name


def submission_names(paths: Iterable[Path]) -> dict[Path, str]:
    """A name for each, and no name twice, not even where a file system takes a and A for the same."""
    names: dict[Path, str] = {}
    paths = list(paths)
    shared = Counter(submission_name(path).casefold() for path in paths)
    taken = {name for name, count in shared.items() if count == 1}
    for path in paths:
        name = submission_name(path)
        if shared[name.casefold()] > 1:
            numbered = (f"{name}-{number}" for number in itertools.count(1))
            name = next(other for other in numbered if other.casefold() not in taken)
            taken.add(name.casefold())
        names[path] = name
    return names


def list_submissions(path: Path, unit: Unit) -> list[Path]:
    """The submissions at `path`: itself, or what is in the folder when the unit's file is not."""
    if not _holds_many(path, unit):
        return [path]
    return [entry for entry in sorted(path.iterdir()) if _is_one(entry)]


def list_skipped(path: Path, unit: Unit) -> list[Path]:
    """What lies beside the submissions at `path` and is none, but for what systems and editors leave behind."""
    if not _holds_many(path, unit):
        return []
    others = (entry for entry in sorted(path.iterdir()) if not _is_one(entry))
    return [entry for entry in others if not is_hidden(entry.name) and entry.name != "__pycache__"]


def _holds_many(path: Path, unit: Unit) -> bool:
    """Whether it is a folder of submissions, and not itself one."""
    return stat.S_ISDIR(_mode(path)) and not any(stat.S_ISREG(_mode(path / name)) for name in unit_files(unit))


def _is_one(entry: Path) -> bool:
    """Whether an entry of such a folder is a submission."""
    if entry.name.startswith((".", "_")):
        return False
    if entry.name.lower().endswith((".py", ".ipynb", *ARCHIVES)):
        return True
    try:
        return stat.S_ISDIR(_mode(entry))
    except OSError:  # reading it will say what is in the way
        return True


def unit_files(unit: Unit) -> tuple[str, str]:
    """The names a unit's file may have: the module, or a notebook of the same stem."""
    return unit.file, PurePosixPath(unit.file).stem + ".ipynb"


def _find_file(path: Path, unit: Unit) -> Found:
    """The file to grade."""
    mode = _mode(path)
    if not mode:
        raise FileNotFoundError(path)
    if stat.S_ISDIR(mode):
        return _in_folder(path, unit)
    if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
        raise IntakeError(_("{name} is not a regular file").format(name=path.name))
    if path.name.lower().endswith(ARCHIVES):
        return from_archive(path, lambda names, read: _choose(names, read, unit), _limit)
    if not path.name.lower().endswith((".py", ".ipynb")):
        raise IntakeError(_("{name} is neither a .py file nor a notebook").format(name=path.name))
    return Found(path.name, _read(path))


@dataclass(frozen=True)
class Listed:
    """The regular files of a folder, by name, and those further down, the outermost first, by path with slashes.

    trouble: why not all of those further down were found.
    """

    own: list[str]
    below: list[str]
    trouble: OSError | IntakeError | None = None


def _listed(folder: Path) -> Listed:
    inside = os.path.realpath(folder)
    files, folders = _entries(folder, inside)
    own, below = [file.name for file in files], list[str]()
    level, seen = folders, 0
    try:
        for _depth in range(DEEPEST):
            level, above = [], level
            for one in above:
                files, folders = _entries(one, inside)
                below += [file.relative_to(folder).as_posix() for file in files]
                level += folders
                seen += len(files) + len(folders)
                if seen > MAX_MEMBERS:
                    raise IntakeError(_("the folder holds more than {limit} files").format(limit=MAX_MEMBERS))
    except (OSError, IntakeError) as trouble:
        return Listed(own, below, trouble)
    return Listed(own, below)


def _entries(folder: Path, inside: str) -> tuple[list[Path], list[Path]]:
    """Its regular files, and the folders in it. A link may not lead out of `inside`, to another's work or to ours.

    Nor does one lead to a folder: inside, that is found where it lies, and links could go in a circle.
    """
    seen = [entry for entry in sorted(folder.iterdir()) if not is_hidden(entry.name)]
    own = [entry for entry in seen if Path(os.path.realpath(entry)).is_relative_to(inside)]
    modes = {entry: _mode(entry) for entry in own}
    files = [entry for entry, mode in modes.items() if stat.S_ISREG(mode)]
    return files, [entry for entry, mode in modes.items() if stat.S_ISDIR(mode) and not entry.is_symlink()]


def _in_folder(folder: Path, unit: Unit) -> Found:
    """The file of a folder to grade: one that lies right in it, else one further down, as in an archive."""

    def read(name: str) -> bytes:
        return _read(folder / name)

    listed = _listed(folder)
    own = _candidates(listed.own, unit)
    if listed.trouble and not any(_is_written(one, read, unit) for one in own):
        raise listed.trouble
    below = _named(listed.below, unit) if own else _candidates(listed.own + listed.below, unit)
    return _chosen(own + below, read, unit)


def _choose(names: Iterable[str], read: Read, unit: Unit) -> Found:
    """The unit's file among those of an archive."""
    return _chosen(_candidates(names, unit), read, unit)


def _chosen(candidates: list[str], read: Read, unit: Unit) -> Found:
    """The first candidate in which anything of the unit is written.

    `backcheck start` makes a stub and a notebook, and students fill in one of them: the other is there as it was.
    """
    if not candidates:
        wanted = _(" or ").join(unit_files(unit))
        raise IntakeError(_("there is no {wanted} in it: give your file that name").format(wanted=wanted))
    if len(candidates) == 1:
        return Found(candidates[0], read(candidates[0]))
    name = next((one for one in candidates if _is_written(one, read, unit)), candidates[0])
    data = read(name)
    behind = candidates[candidates.index(name) + 1 :]
    return Found(name, data, tuple(other for other in behind if _may_be_meant(other, data, read, unit)))


def _candidates(names: Iterable[str], unit: Unit) -> list[str]:
    """Files of the unit's names, or the only file there is; none where it cannot be told."""
    files = _sources(names)
    return _named(files, unit) or (files if len(files) == 1 else [])


def _named(names: Iterable[str], unit: Unit) -> list[str]:
    """Files of the unit's names, modules first, the outermost of each first."""
    # backprop.py before Backprop.py
    files = sorted(_sources(names), key=lambda name: (name.count("/"), name.swapcase()))
    named = ([name for name in files if PurePosixPath(name).name.lower() == wanted] for wanted in unit_files(unit))
    return [name for same in named for name in same[:LOOKED_INTO]]


def _sources(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.lower().endswith((".py", ".ipynb"))]


def _is_written(name: str, read: Read, unit: Unit) -> bool:
    """Whether any function of the unit is written in a file, or it cannot be told: then its reader says why."""
    try:
        data = read(name)
        return bool(data.strip()) and attempted(_pieces(name, data), unit.functions)
    except IntakeError:
        return True


def _may_be_meant(name: str, graded: bytes, read: Read, unit: Unit) -> bool:
    """Whether whoever handed it in may think that it is graded."""
    try:
        return read(name) != graded and _is_written(name, read, unit)
    except (IntakeError, OSError, MemoryError):
        return True


def _short(name: str) -> str:
    """A name as notes show it; archives may make up longer ones than any file has."""
    return name if len(name) <= NAME_BYTES else "..." + name[-NAME_BYTES:]


def _limit(name: str) -> int:
    return NOTEBOOK_BYTES if name.lower().endswith(".ipynb") else MAX_BYTES


def _read(path: Path) -> bytes:
    limit = _limit(path.name)
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise IntakeError(_("{name} is larger than {limit} KiB").format(name=path.name, limit=limit >> 10))
    return data


def _pieces(name: str, data: bytes) -> tuple[Piece, ...]:
    if not data.strip():
        raise IntakeError(_("{name} is empty").format(name=PurePosixPath(name).name))
    if name.lower().endswith(".ipynb"):
        return code_cells(data)
    text = decode(data)
    if MARIMO.search(text):
        raise IntakeError(_("this is a marimo notebook: hand in what marimo export ipynb makes of it"))
    return (Piece("", text),)
