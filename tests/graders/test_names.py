"""Names are found as words of their own, in every order and form, and ordinary words are let alone."""

from __future__ import annotations

import unicodedata

import pytest

from graders.names import Names

ADA = Names(["Lovelace, Ada", "ada.lovelace@example.edu", "s20231234", "wxm01"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ada Lovelace and LOVELACE, ADA", "* and *"),
        ("ada_debug, Ada2, adaHelper, ADAHelper", "*_debug, *2, *Helper, *Helper"),
        ("adagrad and canada", "adagrad and canada"),
        ("Ada's, 我是Ada的", "*'s, 我是*的"),
        ("mail ada.lovelace@example.edu to wxm01, not wxm012", "mail * to *, not *012"),
        ("/home/ada_lovelace/hw1.py", "/home/*/hw1.py"),
        ("20231234 is no 120231234, 0.20231234 or 20231234.5", "* is no 120231234, 0.20231234 or 20231234.5"),
    ],
)
def test_a_name_is_found_in_every_form_and_only_as_a_word(text: str, shown: str):
    assert ADA.hidden(text, "*") == shown
    assert ADA.said_in(text) == (text != shown)


def test_accents_and_chinese():
    names = Names(["José Müller", "王 小明"])
    assert names.hidden(unicodedata.normalize("NFD", "josé_x, MÜLLER"), "*") == "*_x, *"
    assert names.hidden("这是小明的作业", "*") == "这是*的作业"
    assert names.hidden("jos and ller", "*") == "jos and ller"


def test_short_names_are_words_too_and_ordinary_words_are_let_alone():
    names = Names(["Wei Li", "An Max", "a", "Will-i-am Long"], known={"max", "will", "long"})
    assert names.hidden("li_x = multiply(An, Max)", "*") == "*_x = multiply(*)"
    assert names.hidden("an array is as long as max will be a list", "*") == "an array is as long as max will be a list"
    assert names.hidden("I am Will", "*") == "I am *"


def test_what_files_are_called_has_no_parts():
    names = Names(["bob"], ["homework-of-bob.py", "draft two"])
    assert names.hidden("homework of Bob in homework-of-bob.py, Draft Two", "*") == "homework of * in *"
    assert not names.said_in("affine.py, a draft")
