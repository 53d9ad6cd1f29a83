"""On a worker of a cluster: one grader for all the jobs of a run, in the process that Dask keeps."""

from __future__ import annotations

import atexit
import pickle
import threading

from graders import SUITE_VERSION
from graders.batch import Grader, Setting
from graders.engine.jobs import Done, Job, do
from graders.i18n import _
from graders.verdict import GraderError

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
    with _turn:
        return do(job, _grader(setting, unisolated))


def _grader(setting: Setting, unisolated: bool) -> Grader:
    """The one that is kept, if it is for this setting; else a new one."""
    key = pickle.dumps(setting)
    if key not in _kept:
        drop()
        made = Grader(setting)
        if not (made.backend.isolated or unisolated):
            made.close()
            raise GraderError(_("the sandbox {name} does not isolate").format(name=made.backend.name))
        _kept[key] = made
    return _kept[key]


@atexit.register
def drop() -> None:
    """End the sandboxes, and forget the secret."""
    while _kept:
        _kept.popitem()[1].close()
