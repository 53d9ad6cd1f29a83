"""Handouts are taken apart without losing a word, and only when they set the unit's tasks."""

from __future__ import annotations

import pytest

from graders.course.handout import MARK, handout_text, parse_handout, read_handout

SMALL = """# Title

Introduction.

## Notation

Letters.

## First group

<!-- task: one -->
### The first

Do it.

```
## not a heading
<!-- task: no -->
```

## Second group

Harder.

<!-- task: two -->
### The second

Do this too.

## What is graded

All.

## Further reading

Books.
"""


def handout_of(tasks):
    return "# T\n\n" + "\n\n".join(f"<!-- task: {task} -->\n### Task {task}\n\nText." for task in tasks)


def names(unit):
    return [task.name for task in unit.tasks]


def words(text):
    return [word for line in text.split("\n") if not MARK.fullmatch(line) for word in line.split()]


def test_a_handout_has_an_introduction_sections_and_a_closing():
    handout = parse_handout(SMALL)
    assert handout.intro == "# Title\n\nIntroduction.\n\n## Notation\n\nLetters."
    assert [(section.task, section.heading) for section in handout.sections] == [
        ("one", "The first"),
        ("two", "The second"),
    ]
    assert handout.sections[1].body == "Do this too."
    assert handout.closing == "## What is graded\n\nAll.\n\n## Further reading\n\nBooks."


def test_a_group_heading_goes_with_the_task_below_it():
    assert [section.above for section in parse_handout(SMALL).sections] == [
        "## First group",
        "## Second group\n\nHarder.",
    ]


def test_what_looks_like_a_heading_or_a_mark_inside_a_code_block_is_text():
    body = parse_handout(SMALL).sections[0].body
    assert body == "Do it.\n\n```\n## not a heading\n<!-- task: no -->\n```"


def test_a_chapter_before_the_first_task_stays_in_the_introduction():
    handout = parse_handout("# T\n\n## Notation\n\nLetters.\n\n<!-- task: one -->\n### One\n\nText.")
    assert handout.intro.endswith("Letters.")
    assert (handout.sections[0].above, handout.closing) == ("", "")


def test_a_rubric_is_not_for_the_student(losses, write_handout):
    write_handout(losses, "**Derivation.** Why?\n\n<!-- rubric: full: because.\nnone: so. -->\n\nBooks.")
    assert handout_text(losses) == "**Derivation.** Why?\n\nBooks."


def test_no_rubric_is_left_in_any_handout(unit):
    assert not [language for language in ("en", "zh") if "rubric" in handout_text(unit, language)]


def test_a_handout_that_begins_with_a_task_has_no_introduction():
    assert parse_handout(handout_of(["a"]).removeprefix("# T\n\n")).intro == ""


def test_no_word_of_a_handout_is_lost(unit):
    handout = read_handout(unit)
    parts = [handout.intro]
    for section in handout.sections:
        parts += [section.above, f"### {section.heading}", section.body]
    assert words("\n".join([*parts, handout.closing])) == words(handout_text(unit))


def test_every_task_has_a_section_in_the_order_of_unit_toml(unit):
    assert [section.task for section in read_handout(unit).sections] == names(unit)


def test_a_task_without_a_section_is_named(losses, write_handout):
    write_handout(losses, handout_of(task for task in names(losses) if task != "hinge_loss"))
    with pytest.raises(ValueError, match=r"handout\.md: tasks of unit\.toml without a section: hinge_loss$"):
        read_handout(losses)


def test_a_section_without_a_task_is_named(losses, write_handout):
    write_handout(losses, handout_of([*names(losses), "huber_loss"]))
    with pytest.raises(ValueError, match=r"sections of tasks that unit\.toml does not have: huber_loss$"):
        read_handout(losses)


def test_a_task_with_two_sections_is_named(losses, write_handout):
    write_handout(losses, handout_of([*names(losses), "hinge_loss"]))
    with pytest.raises(ValueError, match=r"tasks with more than one section: hinge_loss$"):
        read_handout(losses)


def test_sections_in_another_order_are_refused(losses, write_handout):
    write_handout(losses, handout_of(reversed(names(losses))))
    with pytest.raises(ValueError, match=r"stand in the order regularised_objective, .*; unit\.toml has squared_loss"):
        read_handout(losses)


def test_a_mark_without_a_heading_is_named():
    with pytest.raises(ValueError, match="the mark of task one has no `### ` heading below it"):
        parse_handout("# T\n\n<!-- task: one -->\nText.")


def test_a_handout_without_any_mark_is_refused():
    with pytest.raises(ValueError, match="no task is marked"):
        parse_handout("# T\n\n### One\n\nText.")


def test_the_chinese_handout_is_taken_for_zh_where_there_is_one(losses, write_handout):
    write_handout(losses, "English")
    assert handout_text(losses, "zh") == "English"
    write_handout(losses, "中文", "handout.zh.md")
    assert (handout_text(losses, "zh"), handout_text(losses, "en")) == ("中文", "English")
