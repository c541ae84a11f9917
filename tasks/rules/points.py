"""What a member earns or loses by a round that ended, by the rules of its day.

Points are whole numbers. An entry's key says what it is for, so that the same is never written twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from config.catalog import PointRules
from config.version_shapes import WHOLE
from tasks.models.enums import Grade, PointRule


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A round that ended with a member's work in it; `grade` is None when nobody rated it."""

    number: str
    round: int
    grade: Grade | None
    solved: bool | None
    category: str | None
    was_late: bool


@dataclass(frozen=True, kw_only=True)
class Earned:
    """A line for the ledger."""

    key: str
    rule: PointRule
    points: int


def earned_by(ended: Ended, rules: PointRules, today: int) -> list[Earned]:
    """What the round brings; `today` is what the member has earned on that day so far."""
    earned = []
    service = min(_worth(ended, rules), rules.most_per_order, max(rules.most_per_day - today, 0))
    if service:
        earned.append(_line(PointRule.SERVICE, ended, service))
    if ended.was_late and rules.late:
        earned.append(_line(PointRule.LATE, ended, -rules.late))
    return earned


def _worth(ended: Ended, rules: PointRules) -> int:
    """Rounded down: half a point is none."""
    full = rules.categories.get(ended.category or "", rules.service)
    if ended.grade is None:
        return full * rules.expired // WHOLE
    if ended.grade is Grade.UNSATISFIED or not ended.solved:
        return 0
    return full * (WHOLE if ended.grade is Grade.SATISFIED else rules.basically) // WHOLE


def _line(rule: PointRule, ended: Ended, points: int) -> Earned:
    return Earned(key=f"{rule}:{ended.number}:{ended.round}", rule=rule, points=points)


def reversal_of(key: str, points: int) -> Earned:
    """Takes back what a round earned that begins anew."""
    return Earned(key=f"{PointRule.REVERSAL}:{key}", rule=PointRule.REVERSAL, points=-points)


def level_of(points: int, rules: PointRules) -> str:
    """The name of the highest benchmark that a year's points reach, "" for none."""
    reached = [level for level in rules.benchmarks if points >= level.at_least]
    return max(reached, key=lambda level: level.at_least).name if reached else ""


@dataclass(frozen=True)
class Ranked:
    """A place in a ranking. Ties share a rank, and the next one is counted from the top (1, 1, 3)."""

    rank: int
    id: str
    points: int


def ranking(points: Iterable[tuple[str, int]]) -> Sequence[Ranked]:
    """The most points first; among equals by id."""
    ordered = sorted(points, key=lambda one: (-one[1], one[0]))
    ranked: list[Ranked] = []
    for place, (id, many) in enumerate(ordered, start=1):
        is_tie = bool(ranked) and ranked[-1].points == many
        ranked.append(Ranked(ranked[-1].rank if is_tie else place, id, many))
    return ranked
