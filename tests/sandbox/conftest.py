"""Backends to run submissions in, each opened once, and the shortest way to do so."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from graders.sandbox import Backend, SandboxUnavailable, open_backend
from graders.sandbox.program import Call, Limits, Piece, Program, Reply
from graders.sandbox.session import Session

LIMITS = Limits(
    request_seconds=1.5,
    statement_seconds=1.0,
    load_seconds=60.0,
    submission_seconds=60.0,
    memory=600 << 20,
    output=4096,
)
PATIENT = replace(LIMITS, request_seconds=30.0, statement_seconds=20.0)
"""For what has to succeed, and takes its time."""
OpenSession = Callable[..., Session]


@functools.cache
def opened(name: str) -> Backend | str:
    try:
        return open_backend(name, LIMITS)
    except SandboxUnavailable as error:
        return str(error)


def backend_called(name: str) -> Backend:
    backend = opened(name)
    if isinstance(backend, str):
        pytest.skip(backend)
    return backend


@pytest.fixture(params=["subprocess", "bubblewrap", "portable"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each kind of sandbox this machine has."""
    return backend_called(request.param)


@pytest.fixture(params=["subprocess", "bubblewrap"])
def isolated(request: pytest.FixtureRequest) -> Backend:
    """Each kind of sandbox that isolates here."""
    backend = backend_called(request.param)
    if not backend.isolated:
        pytest.skip(f"{backend.name} does not isolate on this machine")
    return backend


@pytest.fixture
def submit() -> Iterator[OpenSession]:
    """`submit(backend, source, *names)`: a session with that submission, loaded, closed in the end."""
    with ExitStack() as sessions:

        def open_session(backend: Backend, source: str, *names: str) -> Session:
            piece = Piece("", textwrap.dedent(source))
            session = sessions.enter_context(Session(backend, [piece], names))
            session.load()
            return session

        yield open_session


@pytest.fixture(scope="session")
def steady() -> Iterator[OpenSession]:
    """The same for submissions that do no harm: one session for all tests that ask for the same."""
    with ExitStack() as sessions:

        @functools.cache
        def open_session(backend: Backend, source: str, *names: str) -> Session:
            piece = Piece("", textwrap.dedent(source))
            session = sessions.enter_context(Session(backend, [piece], names))
            session.load()
            return session

        yield open_session


@pytest.fixture
def call() -> Callable[..., Reply]:
    """`call(session, "f", x, y)`: the reply to a program of that one call."""

    def one_call(session: Session, function: str, *args: object, **options: object) -> Reply:
        (reply,) = session.run([Program((Call(function, args, options),))])  # type: ignore[arg-type]
        return reply

    return one_call
