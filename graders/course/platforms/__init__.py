"""Archives that other platforms run: what each wants to be given, and what it wants to hear of a grading."""

from __future__ import annotations

from graders.course.platforms import autolab, github_classroom, gradescope, prairielearn
from graders.course.platforms.platform import Platform

PLATFORMS: dict[str, Platform] = {
    one.name: one for one in (gradescope.PLATFORM, autolab.PLATFORM, github_classroom.PLATFORM, prairielearn.PLATFORM)
}
"""By the name that `backcheck course pack --for` knows."""
