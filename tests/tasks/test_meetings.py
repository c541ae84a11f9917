"""The joint meeting: what comes onto its agenda, what a decision does, and what is decided only once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tasks.agenda import meeting_json
from tasks.clock import clock_at
from tasks.errors import AlreadyDecided, BadInput, DiandanError, MatterMoot, UnknownMatter
from tasks.escalation import sweep_clocks
from tasks.house import House
from tasks.meetings import (
    decide_matter,
    end_meeting,
    give_task,
    newest_meeting,
    prepare_meeting,
)
from tasks.models.enums import Decision, MatterKind, MeetingKind, Status
from tasks.models.tables import Order
from tasks.requests import task_for

Do = Callable[..., None]
Look = Callable[[str], Order]
PLAN = {"to": "unit-housing", "date": "2026-12-15", "yuan": "500", "reason": "修活动室"}


@pytest.fixture
def referred(place_at: Callable[..., str], do: Do) -> Callable[..., str]:
    """An appeal that the front line could not settle."""

    def refer(status: str = "claimed", **values: Any) -> str:
        number = place_at(status, **values)
        do(number, "refer", reason="要几家一起办")
        return number

    return refer


@pytest.fixture
def wish(place: Callable[..., str], do: Do) -> Callable[[], str]:
    """A big wish that waits for the meeting."""

    def refer() -> str:
        number = place(kind="big_wish", words="想有个活动室")
        do(number, "accept")
        do(number, "refer", reason="要筹款")
        return number

    return refer


def agenda() -> list[tuple[str, str | None]]:
    meeting = prepare_meeting()
    if meeting is None:
        return []
    return [(one["kind"], one["order"]) for one in meeting_json(meeting)["matters"]]


def matter_about(number: str) -> int:
    meeting = newest_meeting()
    assert meeting is not None
    return next(
        one["id"]
        for one in meeting_json(meeting)["matters"]
        if one["order"] == number and one["decision"] is None
    )


def decide(number: str, decision: Decision, **typed: Any) -> None:
    decide_matter(matter_about(number), decision, typed, "staff-1")


# --- the agenda -------------------------------------------------------------------------------------


def test_everything_that_nobody_else_can_settle_is_on_the_agenda_by_its_kind(
    database: House,
    monday: Any,
    place_at: Callable[..., str],
    referred: Callable[..., str],
    wish: Callable[[], str],
    do: Do,
) -> None:
    asked = place_at("claimed")
    do(asked, "ask_extension", by="unit-power", reason="等零件", date="2026-12-01")
    idea, failed = wish(), wish()
    do(failed, "open_funding", **{**PLAN, "date": "2026-09-20"})
    stuck = place_at("taken")
    sent = referred()
    with clock_at(monday + timedelta(days=30)):
        sweep_clocks()
        do(failed, "fail_funding", by="system")
        place_at("claimed")  # nobody's trouble
        assert agenda() == [
            ("referred", sent),
            ("big_wish", idea),
            ("under_target", failed),
            ("raised", stuck),
            ("extension", asked),
        ]


def test_an_agenda_grows_with_what_comes_and_drops_what_was_settled_elsewhere(
    database: House, monday: Any, referred: Callable[..., str], do: Do
) -> None:
    assert (prepare_meeting(), newest_meeting()) == (None, None)
    first = referred()
    assert agenda() == agenda() == [("referred", first)]
    second = referred()
    do(first, "send_back", reason="已经谈好")
    assert agenda() == [("referred", second)]
    do(first, "refer", reason="又谈崩了")
    assert agenda() == [("referred", second), ("referred", first)]


# --- decisions --------------------------------------------------------------------------------------


def test_a_decision_is_carried_out_and_stands_in_the_minutes(
    database: House, monday: Any, referred: Callable[..., str], look: Look
) -> None:
    number, other = referred(), referred()
    agenda()
    decide(
        number,
        Decision.APPOINT,
        to="住房建设所",
        date="2026-10-15",
        helpers="供电所",
        yuan="1200.50",
        reason="先修危房",
    )
    order = look(number)
    assert (order.status, order.handler) == (Status.ASSIGNED, "unit-housing")
    decide(other, Decision.SEND_BACK)
    assert look(other).status is Status.CLAIMED
    minutes = meeting_json(newest_meeting() or 0)
    assert minutes["ended_at"] is not None  # by the last decision
    made = minutes["matters"][0]
    assert {
        name: made[name] for name in ("decision", "to", "helpers", "date", "fen", "reason")
    } == {
        "decision": "appoint",
        "to": "unit-housing",
        "helpers": "供电所",
        "date": "2026-10-15",
        "fen": 120_050,
        "reason": "先修危房",
    }


def test_a_big_wish_goes_from_the_meeting_to_its_funding_or_is_refused(
    database: House, monday: Any, wish: Callable[[], str], look: Look
) -> None:
    number, other = wish(), wish()
    agenda()
    decide(number, Decision.OPEN_FUNDING, to="unit-housing", date="2026-12-15", yuan="500")
    assert (look(number).status, look(number).target) == (Status.FUNDING, 50_000)
    decide(other, Decision.REFUSE, reason="没有地方")
    assert look(other).status is Status.DECLINED


@pytest.mark.parametrize("status", ["placed", "assigned", "claimed"])
def test_what_has_only_climbed_is_referred_and_decided_in_one_breath(
    database: House,
    monday: Any,
    place_at: Callable[..., str],
    look: Look,
    status: str,
) -> None:
    number = place_at(status)
    with clock_at(monday + timedelta(days=60)):
        sweep_clocks()
        assert agenda() == [("raised", number)]
        decide(number, Decision.APPOINT, to="unit-housing")
        assert (look(number).status, look(number).handler) == (Status.ASSIGNED, "unit-housing")
        assert agenda() == [("raised", number)]  # of the next meeting: it is still up there


@pytest.mark.parametrize(
    ("decision", "day"), [(Decision.APPROVE, "2026-12-01"), (Decision.REFUSE, "2026-09-17")]
)
def test_the_meeting_decides_on_an_extension(
    database: House,
    monday: Any,
    place_at: Callable[..., str],
    do: Do,
    look: Look,
    decision: Decision,
    day: str,
) -> None:
    number = place_at("claimed")
    do(number, "ask_extension", by="unit-power", reason="等零件", date="2026-12-01")
    agenda()
    decide(number, decision)
    order = look(number)
    assert order.due_at is not None
    assert (order.asked_due_at, order.due_at.date().isoformat()) == (None, day)


# --- what is refused --------------------------------------------------------------------------------


def test_a_matter_is_decided_once_however_many_try(
    database: House, referred: Callable[..., str], look: Look
) -> None:
    number = referred()
    agenda()
    matter = matter_about(number)

    def appoint(to: str) -> str:
        try:
            decide_matter(matter, Decision.APPOINT, {"to": to}, "staff-1")
        except AlreadyDecided as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(4) as people:
        said = sorted(people.map(appoint, ["unit-housing", "unit-water", "unit-bank", "unit-post"]))
    assert said == ["", *[f"议题 {matter}（{number}）已经决定过：指派牵头单位。"] * 3]
    assert look(number).status is Status.ASSIGNED


def test_a_matter_that_was_settled_meanwhile_is_told_so_and_nothing_is_written(
    database: House, monday: Any, referred: Callable[..., str], do: Do, look: Look
) -> None:
    number = referred()
    agenda()
    matter = matter_about(number)
    do(number, "withdraw", by="resident")
    with pytest.raises(MatterMoot) as caught:
        decide_matter(matter, Decision.APPOINT, {"to": "unit-housing"}, "staff-1")
    assert str(caught.value) == f"议题 {matter}（{number}）不用再议了：{number} 现在是“撤单”。"
    assert look(number).status is Status.WITHDRAWN


@pytest.mark.parametrize(
    ("decision", "typed", "sentence"),
    [
        ("approve", {}, "对“提交会议的订单”可以：指派牵头单位（appoint）、退回一线（send_back）、"),
        (
            "open_funding",
            {},
            "“决定”不对：只有提交会议的大心愿才能“开始筹集”；对“提交会议的订单”可以：",
        ),
        ("appoint", {}, "“承办方（to）”没有填"),
        ("appoint", {"to": "nobody"}, "没有承办方“nobody”"),
        ("appoint", {"to": "unit-housing", "date": "2026-09-14"}, "日期要在今天（2026-09-14）之后"),
        ("appoint", {"to": "unit-housing", "date": "soon"}, "要写成年-月-日"),
        ("appoint", {"to": "unit-housing", "yuan": "0"}, "金额要大于 0"),
        ("send_back", {"yuan": "5"}, "“退回一线”没有这一项"),
    ],
)
def test_a_decision_that_is_not_right_changes_nothing(
    sqlite_house: House,
    monday: Any,
    referred: Callable[..., str],
    look: Look,
    decision: str,
    typed: dict[str, Any],
    sentence: str,
) -> None:
    number = referred()
    agenda()
    with pytest.raises(DiandanError) as caught:
        decide_matter(matter_about(number), Decision(decision), typed, "staff-1")
    assert sentence in str(caught.value)
    assert look(number).status is Status.IN_MEETING
    assert agenda() == [("referred", number)]


def test_a_matter_that_there_is_not_is_named(sqlite_house: House) -> None:
    with pytest.raises(UnknownMatter, match="没有编号为 7 的议题，请核对编号。"):
        decide_matter(7, Decision.APPROVE, {}, "staff-1")


# --- tasks ------------------------------------------------------------------------------------------


def test_what_a_meeting_gave_to_do_is_asked_after_until_it_is_done(
    database: House, monday: Any, referred: Callable[..., str]
) -> None:
    number = referred()
    agenda()
    decide(number, Decision.SEND_BACK)
    meeting = newest_meeting() or 0
    words = "三号院的电缆要全部换掉"
    give_task(meeting, task_for({"kind": "key_task", "words": words, "to": "供电所"}), "staff-1")
    for decision in (Decision.GO_ON, Decision.DONE):
        following = prepare_meeting()
        assert following is not None
        assert following > meeting
        (matter,) = meeting_json(following)["matters"]
        assert (matter["kind"], matter["words"]) == (MatterKind.FOLLOW_UP, words)
        decide_matter(matter["id"], decision, {}, "staff-2")
        meeting = following
    assert prepare_meeting() is None
    with pytest.raises(BadInput, match="没有编号为 99 的会议。"):
        give_task(99, task_for({"kind": "problem", "words": "没有路灯"}), "staff-1")


def test_a_matter_that_was_dropped_is_not_decided_behind_the_agenda(
    database: House, monday: Any, referred: Callable[..., str], do: Do, look: Look
) -> None:
    number = referred()
    agenda()
    old = matter_about(number)
    do(number, "send_back", reason="已经谈好")
    prepare_meeting()
    do(number, "refer", reason="又谈崩了")
    agenda()
    with pytest.raises(MatterMoot, match="在新的议程上"):
        decide_matter(old, Decision.APPOINT, {"to": "unit-housing"}, "staff-1")
    assert look(number).status is Status.IN_MEETING
    assert matter_about(number) != old


def test_the_last_two_decisions_at_once_end_the_meeting(
    database: House, referred: Callable[..., str]
) -> None:
    numbers = [referred(), referred()]
    agenda()
    matters = [matter_about(number) for number in numbers]
    with ThreadPoolExecutor(2) as people:
        list(
            people.map(
                lambda matter: decide_matter(matter, Decision.SEND_BACK, {}, "staff-1"), matters
            )
        )
    assert meeting_json(newest_meeting() or 0)["ended_at"] is not None


def test_two_who_prepare_at_once_prepare_one_meeting(
    database: House, referred: Callable[..., str]
) -> None:
    referred()
    with ThreadPoolExecutor(4) as people:
        meetings = set(people.map(lambda _turn: prepare_meeting(), range(4)))
    assert len(meetings) == 1
    assert len(meeting_json(meetings.pop() or 0)["matters"]) == 1


# --- what is put off --------------------------------------------------------------------------------


def test_what_is_put_off_is_written_down_and_told_at_the_next_meeting(
    database: House, monday: Any, referred: Callable[..., str], look: Look
) -> None:
    number = referred()
    agenda()
    put_off = matter_about(number)
    decide(number, Decision.PUT_OFF, reason="等设计图")
    assert look(number).status is Status.IN_MEETING
    first = newest_meeting() or 0
    (matter,) = meeting_json(first)["matters"]
    assert (matter["decision_name"], matter["reason"]) == ("以后再议", "等设计图")
    assert (matter["decided_by"], matter["decided_at"]) == ("洛桑罗布", monday.isoformat())
    end_meeting(first)
    with clock_at(monday + timedelta(days=30)):
        following = prepare_meeting() or 0
        assert following != first
        (again,) = meeting_json(following)["matters"]
        assert again["put_off"] == {"day": "2026-09-14", "reason": "等设计图", "by": "洛桑罗布"}
        with pytest.raises(AlreadyDecided, match="已经决定过：以后再议。"):
            decide_matter(put_off, Decision.SEND_BACK, {}, "staff-1")
        decide(number, Decision.SEND_BACK)
        assert look(number).status is Status.CLAIMED


def test_what_was_decided_since_it_was_put_off_is_not_told_as_put_off(
    sqlite_house: House, monday: Any, referred: Callable[..., str], do: Do
) -> None:
    number = referred()
    agenda()
    decide(number, Decision.PUT_OFF)
    end_meeting(newest_meeting() or 0)
    agenda()
    decide(number, Decision.SEND_BACK)
    do(number, "refer", reason="又谈崩了")
    (matter,) = meeting_json(prepare_meeting() or 0)["matters"]
    assert (matter["order"], matter["put_off"]) == (number, None)


def test_who_takes_up_again_what_the_same_meeting_put_off_has_it_once_on_the_agenda(
    sqlite_house: House, monday: Any, referred: Callable[..., str]
) -> None:
    number, other = referred(), referred()
    agenda()
    decide(number, Decision.PUT_OFF, reason="人没到齐")
    assert agenda() == [("referred", other), ("referred", number)]
    assert meeting_json(newest_meeting() or 0)["matters"][1]["put_off"]["reason"] == "人没到齐"
    decide(other, Decision.SEND_BACK)
    assert meeting_json(newest_meeting() or 0)["ended_at"] is None
    decide(number, Decision.SEND_BACK)
    assert meeting_json(newest_meeting() or 0)["ended_at"] is not None


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"yuan": "5"}, "“金额（元）（yuan）”不对：“以后再议”没有这一项，可以填：reason。"),
        ({"to": "unit-housing"}, "“对象（to）”不对：“以后再议”没有这一项，可以填：reason。"),
        ({"date": "2026-12-01"}, "“日期（date）”不对：“以后再议”没有这一项，可以填：reason。"),
        ({"helpers": "供电所"}, "“协办（helpers）”不对：“以后再议”没有这一项，可以填：reason。"),
        ({"reason": "x" * 2001}, "“说明（reason）”不对：太长了，最多 2000 个字。"),
    ],
)
def test_to_put_off_takes_a_reason_and_no_more(
    sqlite_house: House,
    referred: Callable[..., str],
    typed: dict[str, Any],
    sentence: str,
) -> None:
    number = referred()
    agenda()
    with pytest.raises(BadInput) as caught:
        decide(number, Decision.PUT_OFF, **typed)
    assert str(caught.value) == sentence
    assert agenda() == [("referred", number)]


def test_a_task_that_is_put_off_is_asked_after_until_it_is_done_and_then_never_again(
    database: House, monday: Any
) -> None:
    meeting = prepare_meeting(MeetingKind.WEEKLY) or 0
    give_task(meeting, task_for({"kind": "key_task", "words": "换电缆"}), "staff-1")
    end_meeting(meeting)
    for decision in (Decision.PUT_OFF, Decision.PUT_OFF, Decision.DONE):
        meeting = prepare_meeting(MeetingKind.WEEKLY) or 0
        (matter,) = meeting_json(meeting)["matters"]
        assert matter["words"] == "换电缆"
        decide_matter(matter["id"], decision, {}, "staff-1")
        end_meeting(meeting)
    assert meeting_json(prepare_meeting(MeetingKind.WEEKLY) or 0)["matters"] == []
