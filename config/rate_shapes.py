"""The shape of `rates.yaml`: how the three rates are made into one figure, version by version."""

from collections.abc import Iterator

from config.drafts import Draft
from config.mistakes import Mistake
from config.version_shapes import WHOLE, Percent, Version, Versions

_PARTS = ("response", "resolution", "satisfaction")


class RateFormula(Version):
    """How much each rate counts in the composite, and how much 基本满意 counts beside 满意, in percent.

    It holds for periods that end on `since` or later, until the next one does.
    """

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


_FORMULAS = Versions("rates", "三率公式", "个公式")
RATE_CHECKS = (_FORMULAS.check_some, parts_make_a_whole, _FORMULAS.check_order)
