"""The periods that a coordinator picks: what belongs to them, and which are over."""

from __future__ import annotations

from datetime import date

import pytest

from tasks.rules.periods import periods_over, usual_periods


@pytest.mark.parametrize(
    ("today", "word", "first", "last"),
    [
        (date(2026, 9, 14), "上个月", date(2026, 8, 1), date(2026, 8, 31)),
        (date(2026, 3, 31), "上个月", date(2026, 2, 1), date(2026, 2, 28)),
        (date(2028, 3, 1), "上个月", date(2028, 2, 1), date(2028, 2, 29)),  # a leap year
        (date(2026, 1, 1), "上个月", date(2025, 12, 1), date(2025, 12, 31)),
        (date(2026, 12, 31), "本月", date(2026, 12, 1), date(2026, 12, 31)),
        (date(2026, 9, 30), "上季度", date(2026, 4, 1), date(2026, 6, 30)),
        (date(2026, 2, 1), "上季度", date(2025, 10, 1), date(2025, 12, 31)),
        (date(2026, 9, 14), "今年", date(2026, 1, 1), date(2026, 12, 31)),
        (date(2026, 9, 14), "去年", date(2025, 1, 1), date(2025, 12, 31)),
    ],
)
def test_what_people_say_is_a_period_of_whole_months(
    today: date, word: str, first: date, last: date
) -> None:
    period = usual_periods(today)[word]
    assert (period.first, period.last) == (first, last)


def test_the_periods_that_are_over_come_newest_first() -> None:
    over = periods_over(date(2025, 11, 20), date(2026, 4, 1))
    assert [period.name for period in over] == [
        *("2026 年 3 月", "2026 年第 1 季度", "2026 年 2 月", "2026 年 1 月"),
        *("2025 年 12 月", "2025 年第 4 季度", "2025 年"),
        "2025 年 11 月",
    ]


def test_a_month_is_over_only_when_its_last_day_has_passed() -> None:
    assert periods_over(date(2026, 3, 2), date(2026, 3, 31)) == []
    assert periods_over(date(2026, 4, 2), date(2026, 4, 30)) == []
