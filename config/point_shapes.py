"""The shape of `points.yaml`: what a service is worth, what a late one costs, and the caps."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from config.drafts import Draft
from config.mistakes import Mistake, suggest
from config.rate_shapes import Percent
from config.shapes import Day, Entry, Id, Name

Points = Annotated[int, Field(ge=0, le=10_000)]


class Benchmark(Entry):
    """A level of a year's points that has a name (标杆)."""

    name: Name
    at_least: Points


class PointRules(Entry):
    """What is earned and lost from `since` on, until the next rules begin.

    A finished order earns its category's points, or `service`; in full when rated 满意, `basically`
    percent of it when rated 基本满意, `expired` percent when nobody rated it. `late` is lost when it
    was finished after its deadline. `bottom_line` is what everybody should reach in a year.
    """

    id: Id
    since: Day
    service: Points
    categories: dict[str, Points] = Field(default_factory=dict)
    basically: Percent
    expired: Percent
    late: Points
    most_per_order: Points
    most_per_day: Points
    bottom_line: Points
    benchmarks: tuple[Benchmark, ...] = ()


def there_are_rules(draft: Draft) -> Iterator[Mistake]:
    """Without any nobody would earn anything, and nobody would know why."""
    if "points" not in draft.unread and not any(draft.of("points")):
        yield Mistake("points.yaml", 1, "没有积分规则", "照 config/example/points.yaml 写一条")


def rules_follow_each_other(draft: Draft) -> Iterator[Mistake]:
    """Of two sets of rules it is clear which one holds on a day."""
    known: set[object] = set()
    for slot in draft.of("points"):
        if isinstance(rules := slot.entry, PointRules):
            if rules.since in known:
                problem = f"和另一套规则都从 {rules.since} 起"
                yield slot.mistake(("since",), problem, "每套规则写自己的开始日期")
            known.add(rules.since)


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


POINT_CHECKS = (there_are_rules, rules_follow_each_other, categories_are_known)
