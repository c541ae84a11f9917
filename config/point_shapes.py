"""The shape of `points.yaml`: what a service is worth, what a late one costs, and the caps."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from config.drafts import Draft
from config.mistakes import Mistake, suggest
from config.shapes import Entry, Name
from config.version_shapes import Percent, Version, Versions

Points = Annotated[int, Field(ge=0, le=10_000)]


class Benchmark(Entry):
    """A level of a year's points that has a name (标杆)."""

    name: Name
    at_least: Points


class PointRules(Version):
    """What is earned and lost from `since` on, until the next rules begin.

    A finished order earns its category's points, or `service`; in full when rated 满意, `basically`
    percent of it when rated 基本满意, `expired` percent when nobody rated it. `late` is lost when it
    was finished after its deadline. `bottom_line` is what everybody should reach in a year.
    """

    service: Points
    categories: dict[str, Points] = Field(default_factory=dict)
    basically: Percent
    expired: Percent
    late: Points
    most_per_order: Points
    most_per_day: Points
    bottom_line: Points
    benchmarks: tuple[Benchmark, ...] = ()


def categories_are_known(draft: Draft) -> Iterator[Mistake]:
    """Points are for categories that there are."""
    names = draft.names("categories")
    if "categories" in draft.unread:
        return
    for slot in draft.of("points"):
        if isinstance(rules := slot.entry, PointRules):
            for id in rules.categories:
                if id not in names:
                    remedy = suggest(id, list(names))
                    yield slot.mistake(("categories", id), f'没有类别 "{id}"', remedy)


_RULES = Versions("points", "积分规则", "套规则")
POINT_CHECKS = (_RULES.check_some, _RULES.check_order, categories_are_known)
