from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest

from graders.report import pictures
from graders.verdict import Pictures
from tests.report import samples


def only(shown: Pictures, prefix: str = "a") -> pictures.Picture:
    (picture,) = pictures.draw(shown, prefix)
    return picture


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter() if node.tag.endswith("text")]


def heat(values: object) -> Pictures:
    return Pictures(heat=np.array(values, dtype=float), heat_label="dw")


def curve(values: object) -> Pictures:
    return Pictures(curve=np.array(values, dtype=float), curve_label="loss")


def test_nothing_is_drawn_of_nothing():
    assert pictures.draw(Pictures(), "a") == []
    assert not pictures.wanted(Pictures())


def test_a_drawing_is_the_same_each_time():
    shown = samples.dw_mean().pictures
    assert pictures.draw(shown, "a") == pictures.draw(shown, "a")


def test_a_drawing_leaves_the_settings_of_matplotlib_alone():
    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context({"font.size": 30}):
        loud = only(curve([3, 2, 1]))
        assert matplotlib.rcParams["font.size"] == 30
    assert dict(matplotlib.rcParams) == before
    assert loud == only(curve([3, 2, 1]))


def test_drawings_on_one_page_share_no_ids():
    first, second = (only(curve([3, 2, 1]), prefix) for prefix in ("a", "b"))
    ids = [set(re.findall(r'\bid="([^"]*)"', picture.svg)) for picture in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("shown", [heat(np.eye(3)), curve([3, 2, 1]), Pictures(errors=samples.errors(0, 1.0))])
def test_every_reference_in_a_drawing_stays_inside_it(shown):
    svg = only(shown).svg
    references = set(re.findall(r'(?:url\(#|href="#)([^)"]*)', svg))
    assert references <= set(re.findall(r'\bid="([^"]*)"', svg))


@pytest.mark.parametrize("shown", [heat(np.eye(3)), curve([3, 2, 1]), Pictures(errors=samples.errors(0, 1.0))])
def test_colours_are_those_of_the_page(shown):
    svg = only(shown).svg
    assert "var(--" in svg
    assert re.findall(r"#[0-9a-f]{6}\b", svg) == []
    assert "<style" not in svg
    assert "xmlns" not in svg


def test_words_are_text_in_the_language_of_the_page():
    assert {"loss", "epoch"} <= set(texts(only(curve([3, 2, 1])).svg))


def test_a_small_heat_map_has_its_numbers_written_in():
    assert {"0.25", "1.5"} <= set(texts(only(heat([[0.25, 0], [0, 1.5]])).svg))


def test_a_large_heat_map_keeps_the_largest_error_of_each_block():
    values = np.zeros((64, 100))
    values[63, 99] = 7.0
    pooled = pictures.pool(values, 16)
    assert pooled.shape == (16, 15)
    assert pooled[-1, -1] == 7.0
    assert np.count_nonzero(pooled) == 1
    assert "7 at most. Each square is the largest error of a block." in only(heat(values)).caption


def test_nan_in_a_heat_map_counts_as_infinitely_far_off():
    assert "inf at most" in only(heat([[np.nan, 0.0], [1.0, 0.0]])).caption


def test_the_caption_counts_the_cases_above_the_line():
    picture = only(Pictures(errors=((1, 0.0), (10, 0.5), (100, 2.0), (0, float("nan")))))
    assert picture.caption.startswith("One mark a case: 2 of 4 lie above the line")


@pytest.mark.parametrize(
    "shown",
    [
        heat([[0.0]]),
        heat(np.zeros((1, 300))),
        heat([[np.inf], [np.nan]]),
        heat([[1e308, 5e-324]]),
        curve([np.nan, np.nan]),
        curve([1e308, -1e308]),
        curve([1.0]),
        curve(np.ones(100_000)),
        Pictures(errors=((0, 0.0), (0, 0.0))),
        Pictures(errors=((10**12, float("inf")), (1, 1e300))),
    ],
)
def test_odd_numbers_are_drawn_all_the_same(shown):
    assert ET.fromstring(only(shown).svg).attrib["role"] == "img"


def test_a_label_is_neither_markup_nor_mathtext():
    shown = Pictures(curve=np.array([2.0, 1.0]), curve_label="$\\frac{</text><script>\x1b")
    svg = only(shown).svg
    assert "$\\frac{</text><script>\\x1b" in texts(svg)
    assert "<script" not in svg


def test_an_empty_tensor_is_not_drawn():
    assert pictures.draw(heat(np.zeros((0, 3))), "a") == []
