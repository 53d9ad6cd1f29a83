"""A contract: which functions a course asks for, and the row of ours, or one like it, that each answers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Literal

from graders.specs.row import Row

Part = Literal["forward", "backward", "whole"]


@dataclass(frozen=True)
class Function:
    """A function, or a method "Linear.forward", that a course asks for.

    part: what it answers for: a pair's forward or backward, or everything ("whole").
    outputs: of a row whose outputs come from several functions, those that this one answers for; empty for all.
    stub: outputs that a course's unfilled function leaves zero: all of them zero in every case reads "not attempted".
    """

    name: str
    part: Part = "whole"
    outputs: tuple[str, ...] = ()
    stub: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """One convention that the course's text allows, as a row.

    row: what is drawn and what is right. The contract's adapter source defines its functions, `{row.name}_forward`
        and `{row.name}_backward` or `{row.name}`; names of rows are therefore unique in a contract.
    convention: how a report names it; "" for what the course asks for today.
    """

    row: Row
    convention: str = ""


@dataclass(frozen=True)
class Entry:
    """Functions judged together.

    functions: those that get a verdict, and are called. task: the row of ours it corresponds to, as reports name it.
    readings: in the order they are tried; one that a function passes makes it right.
    needs: further functions or classes that the adapter calls; without them there is no verdict.
    quiet: properties that say nothing about the functions, for it is the adapter that computes what they look at.
    """

    functions: tuple[Function, ...]
    task: str
    readings: tuple[Reading, ...]
    needs: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """A course's signatures.

    adapter: file in this package whose source runs in the worker after the student's file. There `student.NAME` is
        the student's function or class, and `attempted(value)` passes a result on, or ends the call as "not attempted"
        when it is None or holds nothing but None.
    aliases: other names that a function or class had over the years, tried when there is none of the name itself.
    packages: top-level packages from which the course's files import each other.
    stand_ins: modules of the course that files import and that no student wrote, as source by their last name.
    fallbacks: modules of earlier homeworks, for a file that was handed in without its own.
    helpers: functions of the course that no student writes, and that lie in files of their own.
    """

    name: str
    title: str
    entries: tuple[Entry, ...]
    adapter: str
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    fallbacks: Mapping[str, str] = field(default_factory=dict)
    helpers: tuple[str, ...] = ()

    @property
    def functions(self) -> tuple[str, ...]:
        """Every function of the contract, once, in order."""
        return tuple(dict.fromkeys(function.name for entry in self.entries for function in entry.functions))

    @property
    def elsewhere(self) -> frozenset[str]:
        """Names that a file of the course may expect of another file."""
        own = {name.partition(".")[0] for name in (*self.functions, *self.aliases)}
        other = {name.partition(".")[0] for names in self.aliases.values() for name in names}
        return frozenset(own | other | set(self.helpers))

    @property
    def conventions(self) -> frozenset[str]:
        """Every convention that a reading may name; a reading joins several by "; "."""
        readings = (reading for entry in self.entries for reading in entry.readings)
        return frozenset(part for reading in readings for part in reading.convention.split("; ") if part)

    @property
    def adapter_source(self) -> str:
        """The text of the adapter."""
        return files(__package__).joinpath(self.adapter).read_text(encoding="utf-8")
