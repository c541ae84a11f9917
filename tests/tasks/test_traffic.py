"""How messages went in the last day: counted by channel, and timed from when each might first go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tasks.by_hand import errands, mark_told
from tasks.clock import clock_at
from tasks.db import transaction
from tasks.house import House, house
from tasks.models.enums import Audience, Event, MessageState
from tasks.models.tables import Message, MessageStep
from tasks.rules.spans import span_in_words
from tasks.traffic import Traffic, traffic

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
Write = Callable[..., None]


@pytest.fixture
def write(database: House, monday: datetime) -> Write:
    """Writes a message that might go at a moment, with what came of its attempts, each so long after that."""

    def write_one(
        *attempts: tuple[timedelta, str],
        channel: str = "mail",
        due: datetime = monday - HOUR,
        written: datetime | None = None,
        state: str = "",
        next_at: datetime | None = None,
    ) -> None:
        with transaction(house().database) as session:
            message = Message(
                key=f"{write_one.count}",  # type: ignore[attr-defined]
                event=Event.ORDER_PLACED,
                audience=Audience.RESIDENT,
                recipient="1",
                channel=channel,
                locale="zh-CN",
                state=MessageState(state or (attempts[-1][1] if attempts else "queued")),
                created_at=written or due,
                next_attempt_at=next_at or due,
            )
            write_one.count += 1  # type: ignore[attr-defined]
            session.add(message)
            session.flush()
            for number, (later, outcome) in enumerate(attempts, start=1):
                session.add(
                    MessageStep(
                        message_id=message.id,
                        at=due + later,
                        attempt=number,
                        channel=channel,
                        state=MessageState(outcome),
                    )
                )

    write_one.count = 0  # type: ignore[attr-defined]
    return write_one


def test_where_nothing_happened_nothing_is_said(database: House) -> None:
    assert traffic() == ()


def test_what_came_of_attempts_is_counted_by_channel(write: Write, monday: datetime) -> None:
    for _ in range(3):
        write((3 * SECOND, "accepted"))
    write((SECOND, "failed"), (MINUTE, "accepted"), next_at=monday - HOUR + MINUTE)
    write((SECOND, "refused"))
    write((SECOND, "unknown"))
    write((SECOND, "failed"), next_at=monday + HOUR)
    write((SECOND, "accepted"), channel="webhook")
    mail, webhook = traffic()
    counts = (mail.name, mail.sent, mail.failed, mail.refused, mail.unknown, mail.waiting)
    assert counts == ("电子邮件", 4, 2, 1, 1, 1)
    assert webhook == Traffic("对接系统", sent=1, half=1.0, most=1.0)


def test_only_the_last_day_counts(write: Write, monday: datetime) -> None:
    write((-SECOND, "accepted"), due=monday - 24 * HOUR)
    assert traffic() == ()
    write((timedelta(), "accepted"), due=monday - 24 * HOUR)
    assert [one.sent for one in traffic()] == [1]


def test_what_waits_is_what_should_have_gone_or_is_tried_again(
    write: Write, monday: datetime
) -> None:
    write(due=monday + SECOND)  # of the morning: nobody waits for it yet
    assert traffic() == ()
    write(due=monday)
    write(state="sending")
    write(state="failed", next_at=monday + HOUR)
    write(channel="by-hand")  # a call to make is counted elsewhere
    (mail,) = traffic()
    assert mail == Traffic("电子邮件", waiting=3)


def test_half_and_95_of_100_are_nearest_ranks(write: Write) -> None:
    for seconds in range(1, 101):
        write((seconds * SECOND, "accepted"))
    (mail,) = traffic()
    assert (mail.half, mail.most) == (50, 95)
    write((101 * SECOND, "accepted"))
    (mail,) = traffic()
    assert (mail.half, mail.most) == (51, 96)


def test_the_night_is_not_counted_and_fractions_of_a_second_are(
    write: Write, monday: datetime
) -> None:
    evening, morning = monday - 12 * HOUR, monday - 2 * HOUR
    write((timedelta(seconds=2.25), "accepted"), due=morning, written=evening)
    (mail,) = traffic()
    assert (mail.half, mail.most) == (2.25, 2.25)


def test_what_was_tried_again_took_all_of_its_attempts(write: Write, monday: datetime) -> None:
    retried = ((SECOND, "failed"), (MINUTE, "failed"), (HOUR, "accepted"))
    write(*retried, due=monday - 2 * HOUR, next_at=monday - HOUR)
    (mail,) = traffic()
    assert (
        mail.half == (HOUR - SECOND).total_seconds()
    )  # the first attempt is the first that is known


def test_calls_are_no_channel_s_figures(
    database: House, monday: datetime, place: Callable[..., str]
) -> None:
    place()
    assert mark_told([one.id for one in errands()], "staff-1") == 1
    with clock_at(monday + MINUTE):
        assert traffic() == ()


@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [
        (0, "1 秒", "1 second"),
        (2.4, "3 秒", "3 seconds"),
        (89, "89 秒", "89 seconds"),
        (90, "2 分钟", "2 minutes"),
        (3_600, "60 分钟", "60 minutes"),
        (5_400, "2 小时", "2 hours"),
        (86_400, "24 小时", "24 hours"),
        (129_600, "2 天", "2 days"),
    ],
)
def test_spans_are_said_so_that_they_are_not_too_short(
    seconds: float, chinese: str, english: str
) -> None:
    assert span_in_words(seconds) == chinese
    assert span_in_words(seconds, "en") == english
