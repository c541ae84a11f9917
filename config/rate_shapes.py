"""The shape of `rates.yaml`: how the three rates are made into one figure, version by version."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from config.drafts import Draft
from config.mistakes import Mistake
from config.shapes import Day, Entry, Id

WHOLE = 100
Percent = Annotated[int, Field(ge=0, le=WHOLE)]
_PARTS = ("response", "resolution", "satisfaction")


class RateFormula(Entry):
    """How much each rate counts in the composite, and how much 基本满意 counts beside 满意, in percent.

    It holds for periods that end on `since` or later, until the next one does.
    """

    id: Id
    since: Day
    response: Percent
    resolution: Percent
    satisfaction: Percent
    basically: Percent


def parts_make_a_whole(draft: Draft) -> Iterator[Mistake]:
    """The three parts of a composite are 100 percent together."""
    for slot in draft.of("rates"):
        if isinstance(formula := slot.entry, RateFormula):
            together = sum(getattr(formula, part) for part in _PARTS)
            if together != WHOLE:
                problem = f"的三个比重加起来是 {together}"
                yield slot.mistake(("response",), problem, f"让 {'、'.join(_PARTS)} 合起来是 100")


def formulas_follow_each_other(draft: Draft) -> Iterator[Mistake]:
    """Of two formulas it is clear which one holds on a day."""
    known: set[object] = set()
    for slot in draft.of("rates"):
        if isinstance(formula := slot.entry, RateFormula):
            if formula.since in known:
                problem = f"和另一个公式都从 {formula.since} 起"
                yield slot.mistake(("since",), problem, "每个公式写自己的开始日期")
            known.add(formula.since)


def there_is_a_formula(draft: Draft) -> Iterator[Mistake]:
    """Without one no composite could be made."""
    if "rates" not in draft.unread and not any(draft.of("rates")):
        yield Mistake("rates.yaml", 1, "没有三率公式", "照 config/example/rates.yaml 写一条")


RATE_CHECKS = (there_is_a_formula, parts_make_a_whole, formulas_follow_each_other)
