"""The three rates: response, resolution and satisfaction, and the one figure that they make together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from fractions import Fraction

from config.catalog import RateFormula
from config.version_shapes import WHOLE
from tasks.rules.versions import version_on

BURST, WITHIN = 5, timedelta(minutes=30)  # so many ratings of one place deserve a look


@dataclass(frozen=True)
class Counted:
    """The rounds that ended in a period. Every round's rating counts, so that finishing again polishes
    nothing away; one that nobody rated is no valid rating and is shown beside."""

    valid: int = 0  # rated
    contacted: int = 0  # of those, with the resident spoken to in time
    solved: int = 0
    satisfied: int = 0
    basically: int = 0
    expired: int = 0  # not rated within the window
    reopened: int = 0  # rated or expired, and begun anew since
    unraised: int = 0  # rated or expired, without having climbed the ladder
    excluded: int = 0  # left out of all of these, by two people with a reason

    @property
    def ended(self) -> int:
        """All rounds that ended."""
        return self.valid + self.expired


def without(counted: Counted, excluded: Counted) -> Counted:
    """What is left when some of the rounds are left out; how many those are stands beside."""
    rest = {
        field.name: getattr(counted, field.name) - getattr(excluded, field.name)
        for field in fields(Counted)
    }
    return Counted(**{**rest, "excluded": excluded.ended})


@dataclass(frozen=True)
class Rates:
    """Shares from 0 to 1, and the composite from 0 to 100; None where there is nothing to divide by."""

    response: Fraction | None
    resolution: Fraction | None
    satisfaction: Fraction | None
    composite: Fraction | None
    reopening: Fraction | None
    first_line: Fraction | None


def rates_of(counted: Counted, formula: RateFormula) -> Rates:
    """The rates of what was counted. Source of the formula: the three rates of the design's domain,
    satisfaction = (satisfied + 0.9 basically satisfied) / valid, composite = 100 (0.1 response +
    0.5 resolution + 0.4 satisfaction) with the weights of the community's first formula."""
    content = counted.satisfied + Fraction(formula.basically, WHOLE) * counted.basically
    response = _share(counted.contacted, counted.valid)
    resolution = _share(counted.solved, counted.valid)
    satisfaction = _share(content, counted.valid)
    composite = None
    if response is not None and resolution is not None and satisfaction is not None:
        composite = (
            formula.response * response
            + formula.resolution * resolution
            + formula.satisfaction * satisfaction
        )
    return Rates(
        response=response,
        resolution=resolution,
        satisfaction=satisfaction,
        composite=composite,
        reopening=_share(counted.reopened, counted.ended),
        first_line=_share(counted.unraised, counted.ended),
    )


def formula_on(day: date, formulas: Iterable[RateFormula]) -> RateFormula:
    """The formula that holds on a day: the newest that has begun, the first one before it began."""
    known = list(formulas)
    return version_on(day, known) or min(known, key=lambda formula: formula.since)


def close_together(times: Sequence[datetime]) -> list[list[int]]:
    """The runs of moments (in their order) of which at least BURST lie within WITHIN, by their places."""
    close: set[int] = set()
    for last in range(BURST - 1, len(times)):
        first = last - BURST + 1
        if times[last] - times[first] <= WITHIN:
            close |= set(range(first, last + 1))
    runs: list[list[int]] = []
    for place in sorted(close):
        goes_on = runs and place == runs[-1][-1] + 1 and times[place] - times[place - 1] <= WITHIN
        if goes_on:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def _share(part: int | Fraction, whole: int) -> Fraction | None:
    return Fraction(part) / whole if whole else None
