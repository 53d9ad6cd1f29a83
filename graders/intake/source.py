"""Bytes of a Python file -> text."""

from __future__ import annotations

import codecs
import io
import tokenize

from graders.i18n import _

MAX_BYTES = 1 << 20


class IntakeError(Exception):
    """Why a submission cannot be read; its text is for the student."""


def decode(data: bytes) -> str:
    """The source in the encoding its first lines declare (UTF-8 by default), without BOM, with Unix line ends."""
    if b"\x00" in data:
        raise IntakeError(_("the file holds NUL bytes: it is not Python source (saved as UTF-16?)"))
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise IntakeError(
            _("line {line} is not valid {encoding}: save the file as UTF-8").format(line=line, encoding=error.encoding)
        ) from None
    except (SyntaxError, LookupError, UnicodeError):
        if line := _first_bad_line(data):
            raise IntakeError(
                _("line {line} is not valid {encoding}: save the file as UTF-8").format(line=line, encoding="utf-8")
            ) from None
        raise IntakeError(
            _("its first lines declare an encoding that Python cannot use: save the file as UTF-8")
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _first_bad_line(data: bytes) -> int:
    try:
        data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    return 0
