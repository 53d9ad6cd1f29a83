"""Bytes become source text as Python itself would read them, or one sentence says why not."""

from __future__ import annotations

import re

import pytest

from graders.intake.source import IntakeError, decode


@pytest.mark.parametrize(
    "data",
    [
        "名 = 1\n".encode(),
        "名 = 1\n".encode("utf-8-sig"),
        "名 = 1\r\n".encode(),
        "名 = 1\r".encode(),
    ],
    ids=["plain", "bom", "crlf", "cr"],
)
def test_marks_and_line_ends_of_other_systems_vanish(data: bytes):
    assert decode(data) == "名 = 1\n"


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "big5", "latin-1", "utf-8"])
def test_the_declared_encoding_is_used(encoding: str):
    text = f"# -*- coding: {encoding} -*-\nname = 'é'\n" if encoding == "latin-1" else f"# coding={encoding}\n# 中文\n"
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("x = 1\n".encode("utf-16"), "NUL bytes: it is not Python source (saved as UTF-16?)"),
        (b"a = 1\n\nb = '\xff'\n", "line 3 is not valid utf-8: save the file as UTF-8"),
        (b"# coding: gbk\n\n\xff\xff\n", "line 3 is not valid gbk"),
        (b"# coding: klingon\n", "an encoding that Python cannot use"),
        (b"# coding: base64\neA==\n", "an encoding that Python cannot use"),
        (b"# coding: punycode\nx = 1\n", "an encoding that Python cannot use"),
        (b"# coding: undefined\nx = 1\n", "an encoding that Python cannot use"),
        (b"\xef\xbb\xbf# coding: gbk\nx = 1\n", "an encoding that Python cannot use"),
        (b"# coding: " + b"a" * 100_000, "an encoding that Python cannot use"),
    ],
)
def test_what_cannot_be_decoded_is_refused_with_the_reason(data: bytes, says: str):
    with pytest.raises(IntakeError, match=re.escape(says)):
        decode(data)
