"""On a worker of a cluster: one grader for all the jobs of a run, in the process that Dask keeps."""

from __future__ import annotations

import atexit
import faulthandler
import pickle
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from graders import SUITE_VERSION
from graders.batch import Grader, Setting, isolated_grader
from graders.engine.jobs import Done, Job, do, patience

_kept: dict[bytes, Grader] = {}
_turn = threading.Lock()
"""A grader does one thing at a time, however many threads its worker has."""


class OtherVersion(Exception):
    """The backcheck of a worker is not the one that asks."""


def suite_version() -> str:
    """What is installed here."""
    return SUITE_VERSION


def grade_there(suite: str, setting: Setting, unisolated: bool, job: Job) -> Done:
    """Do a job; the process keeps the grader until it is asked for another one.

    suite: what the one that asks has installed. unisolated: grade although nothing keeps the code from the worker.
    """
    if suite != SUITE_VERSION:
        raise OtherVersion(SUITE_VERSION)
    with _turn, deadline(patience(setting)):
        return do(job, _grader(setting, unisolated))


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """End this process if what is inside takes longer: Dask takes that for a death, and gives the job to another.

    By faulthandler, whose clock goes on where Python itself hangs; it tells the log where that was.
    """
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _grader(setting: Setting, unisolated: bool) -> Grader:
    """The one that is kept, if it is for this setting; else a new one."""
    key = pickle.dumps(setting)
    if key not in _kept:
        drop()
        _kept[key] = isolated_grader(setting, unisolated)
    return _kept[key]


@atexit.register
def drop() -> None:
    """End the sandboxes, and forget the secret."""
    while _kept:
        _kept.popitem()[1].close()
