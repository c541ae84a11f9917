"""What must hold within the working calendar, beyond each line of it."""

from collections.abc import Callable, Iterator

from config.calendar_shapes import Calendar, Span, days_of, span_of
from config.drafts import Draft, Slot
from config.mistakes import Mistake


def _some_time_is_working_time(draft: Draft) -> Iterator[Mistake]:
    for slot, calendar in _calendars(draft):
        if not any(calendar.week):
            yield slot.mistake(
                ("hours",),
                "没有一天上班，什么时候到期就说不清",
                '至少写一天，例如 mon-fri: ["09:30-13:00"]',
            )


def _spans_of_a_day_are_apart(draft: Draft) -> Iterator[Mistake]:
    for slot, calendar in _calendars(draft):
        first: dict[int, list[tuple[Span, str]]] = {}
        for days, texts in calendar.hours.items():
            for at, text in enumerate(texts):
                span = span_of(text)
                same = [seen for day in days_of(days) for seen in first.get(day, [])]
                earlier = next((seen for seen in same if _overlap(seen[0], span)), None)
                if earlier:
                    problem = f'的 "{days}" 里 "{text}" 和 "{earlier[1]}" 重叠'
                    yield slot.mistake(("hours", days, at), problem, "让两段错开，或合成一段")
                for day in days_of(days):
                    first.setdefault(day, []).append((span, text))


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _a_day_is_off_or_on(draft: Draft) -> Iterator[Mistake]:
    for slot, calendar in _calendars(draft):
        for at, day in enumerate(calendar.working_days):
            if day in calendar.holidays:
                problem = f"的 working_days 里 {day} 也写在 holidays 里"
                yield slot.mistake(("working_days", at), problem, "休息还是上班，只留一处")


def _calendars(draft: Draft) -> Iterator[tuple[Slot, Calendar]]:
    for slot in draft.of("calendar"):
        if isinstance(slot.entry, Calendar):
            yield slot, slot.entry


CALENDAR_CHECKS: tuple[Callable[[Draft], Iterator[Mistake]], ...] = (
    _some_time_is_working_time,
    _spans_of_a_day_are_apart,
    _a_day_is_off_or_on,
)
