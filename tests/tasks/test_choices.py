"""What people chose is kept: on their channel, in their language, not at night, once a day, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from tasks.by_hand import errands
from tasks.choices import NewChoice, choice_of, find_person, set_choice, unmute
from tasks.clock import clock_at, utc_now
from tasks.db import reading, transaction
from tasks.directory import actor
from tasks.errors import BadInput, UnknownId
from tasks.escalation import sweep_clocks
from tasks.hearers import FOR_DIGEST, hearers_of
from tasks.house import House, house
from tasks.models.choice_tables import ChoiceRow, Muted
from tasks.models.enums import MUST_BE_TOLD, Audience, Event, Urgency
from tasks.models.tables import Message, Resident
from tasks.muting import muted_addresses
from tasks.outbox import send_waiting
from tasks.reminders import gather_reminders
from tasks.retention import forget_residents
from tasks.rules.choices import IN_DIGEST, MAY_DECLINE, Choice, next_digest, waits_for_digest
from tasks.rules.merging import COVERS, covered_by, said_from, waits_for_more
from tasks.rules.notices import CARRIED, Notice
from tasks.rules.quiet import leave_nothing, loud_from, loud_to_all
from tasks.texts import EVENTS_EN

MONDAY = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
BY_MAIL = {"channel": "mail", "address": "jia@example.org"}
RESIDENT = (Audience.RESIDENT, "1")
NOBODY_THERE = {"RCPT": "550 5.1.1 no such user"}
Rows = Callable[..., list[Any]]
PlaceAt = Callable[..., str]
Do = Callable[..., None]

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture
def wired(
    database: House, settle: Callable[..., House], community: Callable[..., Path], mailbox: Any
) -> Callable[..., House]:
    """unit-power reads mail (or whatever `unit` says), and mail works."""

    def wire(*, unit: Any = None, minutes: int = 0, **changes: Any) -> House:
        mail = [{"channel": "mail", "address": "power@example.org"}, {"channel": "by-hand"}]
        handlers = {"units": {"unit-power": {"contacts": unit or mail}}}
        folder = community(
            {
                "handlers.yaml": handlers,
                "community.yaml": {"": {"merge_minutes": minutes}},
                **changes,
            }
        )
        return settle(config=folder, channels={"mail": mailbox.url})

    return wire


@pytest.fixture
def wants(database: House) -> Callable[..., None]:
    """Somebody chooses: wants(RESIDENT, quiet="22:00-07:00")."""

    def choose(whose: tuple[Audience, str], **values: Any) -> None:
        set_choice(*whose, NewChoice(**values), "staff-1")

    return choose


def told(rows: Rows, audience: str) -> list[tuple[str, str, str]]:
    """Event, state and code of all messages to an audience."""
    return [
        (one.event.value, one.state.value, one.code)
        for one in rows(Message)
        if one.audience == audience
    ]


def at(hours: float) -> Any:
    """So many hours after Monday 10:00."""
    return clock_at(MONDAY + timedelta(hours=hours))


# --- what may be chosen -----------------------------------------------------------------------------


def test_what_must_be_said_and_what_is_to_be_done_cannot_be_declined_or_put_into_a_digest() -> None:
    to_do = {Event.ORDER_ASSIGNED, Event.ORDER_CLAIMED, Event.HELP_ASKED, Event.ORDER_TAKEN_AWAY}
    for table in (MAY_DECLINE, IN_DIGEST):
        assert all((event, audience) in CARRIED for audience in table for event in table[audience])
        for audience, events in table.items():
            assert not events & MUST_BE_TOLD
            assert audience is Audience.RESIDENT or not events & to_do
    assert Event.RATING_REMINDER not in IN_DIGEST[Audience.RESIDENT]  # it has a link
    assert frozenset().union(*IN_DIGEST.values()) == set(EVENTS_EN)


def test_only_what_may_be_declined_is_taken_and_the_sentence_says_what_that_is(
    database: House, place_at: PlaceAt, wants: Callable[..., None]
) -> None:
    place_at("placed")
    with pytest.raises(BadInput, match="“order_done”不能不收；可以不收的有：.*有进展"):
        wants(RESIDENT, declined=["order_done"])
    with pytest.raises(BadInput, match="“order_assigned”不能不收；可以不收的有：.*快到期"):
        wants((Audience.HANDLER, "unit-power"), declined=["order_assigned"])
    assert choice_of(*RESIDENT)["declined"] == []
    wants(RESIDENT, declined=["有进展", "order_held"])
    wants(RESIDENT, quiet="22:00-07:00")  # what is not named stays
    assert choice_of(*RESIDENT)["declined"] == ["order_held", "order_progress"]
    wants(RESIDENT, declined=[])
    assert choice_of(*RESIDENT)["declined"] == []


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"quiet": "22-7"}, "要写成 22:00-07:00"),
        ({"quiet": "08:00-21:00"}, "合起来是一整天"),
        ({"digest_hour": "25"}, "0 到 23"),
        ({"digest_hour": "22"}, "22 点在安静时段 21:00-08:00 里"),
        ({"quiet": "12:00-14:00", "digest_hour": "13"}, "13 点在安静时段 12:00-14:00 里"),
        ({"language": "tlh"}, "可以选：zh-CN、en"),
        ({"channel": "mail"}, "没有这个渠道的联系方式，可以选：人工"),
        ({"channel": "by-hand", "declined": ["nonsense"]}, "“nonsense”不能不收"),
    ],
)
def test_what_cannot_be_chosen_is_refused_in_words_and_nothing_changes(
    database: House, wants: Callable[..., None], rows: Rows, typed: dict[str, Any], problem: str
) -> None:
    with pytest.raises(BadInput, match=problem):
        wants((Audience.MEMBER, "m-241"), **typed)
    with reading(database.database) as session:
        assert session.exec(select(ChoiceRow)).all() == []


def test_a_person_is_found_by_what_the_desk_knows_of_them(
    database: House, place_at: PlaceAt
) -> None:
    number = place_at("placed")
    place_at("placed", resident="居民丙")
    assert find_person(number.lower()) == RESIDENT
    assert find_person("居民甲 139-0000-0001") == RESIDENT
    assert find_person("供电所") == (Audience.HANDLER, "unit-power")
    assert find_person("m-001") == find_person("staff-1") == (Audience.MEMBER, "staff-1")
    with pytest.raises(BadInput, match="登记了 2 位居民（居民甲、居民丙）"):
        find_person("13900000001")
    with pytest.raises(UnknownId, match="居民"):
        find_person("13900000009")


# --- what comes of it -------------------------------------------------------------------------------


def test_a_declined_event_is_not_told_and_says_why_and_nobody_calls(
    database: House, place_at: PlaceAt, do: Do, wants: Callable[..., None], rows: Rows
) -> None:
    number = place_at("placed")
    wants(RESIDENT, declined=["order_accepted", "order_assigned"])
    do(number, "accept")
    do(number, "assign", to="unit-power")
    assert told(rows, "resident") == [
        ("order_placed", "queued", ""),  # nothing newer has been said
        ("order_accepted", "suppressed", "declined"),
        ("order_assigned", "suppressed", "declined"),
    ]
    calls = [one.text.subject for one in errands() if one.name == "居民甲"]
    assert calls == [f"已收到您的诉求（{number}）"]


def test_who_is_told_on_which_channel_and_in_which_language_as_they_chose(
    wired: Any, place_at: PlaceAt, wants: Callable[..., None], rows: Rows
) -> None:
    wired()
    wants((Audience.HANDLER, "unit-power"), channel="人工电话/转发", language="en")
    place_at("assigned")
    (message,) = [one for one in rows(Message) if one.audience == "handler"]
    assert (message.channel, message.locale) == ("by-hand", "en")
    wants((Audience.HANDLER, "unit-power"), channel="", language="")
    place_at("assigned")
    message = [one for one in rows(Message) if one.audience == "handler"][-1]
    assert (message.channel, message.locale) == ("mail", "zh-CN")


def test_a_resident_s_channel_and_language_stand_with_the_resident(
    wired: Any, place_at: PlaceAt, do: Do, wants: Callable[..., None], rows: Rows
) -> None:
    wired()
    number = place_at("placed")
    with pytest.raises(BadInput, match="邮箱"):
        wants(RESIDENT, channel="mail")
    wants(RESIDENT, channel="mail", address="jia@example.org", language="en")
    do(number, "accept")
    message = rows(Message)[-1]
    assert (message.channel, message.locale) == ("mail", "en")
    with reading(wired().database) as session:
        assert session.exec(select(ChoiceRow)).one().channel == ""


def on_sms(folder: Callable[..., Path]) -> Path:
    """Channels of the example, with webhook become one of short messages."""
    sms = {
        "sign": "示范社区",
        "templates": [
            {
                "event": "order_placed",
                "audience": "resident",
                "id": "S1",
                "text": "收到 ${number}",
            }
        ],
    }
    return folder({"channels.yaml": {"channels": {"webhook": {"kind": "sms", "sms": sms}}}})


def where(rows: Rows) -> list[tuple[str | None, str]]:
    return [(one.channel, one.address) for one in rows(Resident)]


def test_a_resident_who_changes_from_mail_to_short_messages_hears_them_on_the_phone(
    database: House, settle: Any, community: Any, place: Any, wants: Any, rows: Rows
) -> None:
    urls = {
        "webhook": "sms://a:b@127.0.0.1:9/send",
        "mail": "mailto://a:b@127.0.0.1:9?smtp=127.0.0.1&mode=insecure&from=x@example.org",
    }
    settle(config=on_sms(community), channels=urls)
    place(**BY_MAIL, phone="13900000001")
    for wrong in ("xyz", "jia@example.org"):
        with pytest.raises(BadInput, match="11 位手机号"):
            wants(RESIDENT, channel="webhook", address=wrong)
    assert where(rows) == [("mail", "jia@example.org")]
    wants(RESIDENT, channel="by-hand")
    wants(RESIDENT, channel="mail")
    assert where(rows) == [("mail", "jia@example.org")]  # and back, without typing it again
    wants(RESIDENT, channel="webhook")
    assert where(rows) == [("webhook", "")]
    place(phone="13900000001")
    newest = [one for one in rows(Message) if one.audience == "resident"][-1]
    assert (newest.channel, newest.code) == ("webhook", "")
    wants(RESIDENT, address="13900000002")
    wants(RESIDENT, quiet="22:00-07:00")
    assert where(rows) == [("webhook", "13900000002")]


def test_a_new_channel_with_an_order_leaves_another_kind_s_address_behind(
    database: House, settle: Any, community: Any, place: Any, rows: Rows
) -> None:
    settle(config=on_sms(community), channels={"webhook": "sms://a:b@127.0.0.1:9/send"})
    place(**BY_MAIL, phone="13900000001")
    place(channel="webhook", phone="13900000001")
    assert where(rows) == [("webhook", "")]
    place(phone="13900000001", channel="webhook", address="13900000002")
    place(phone="13900000001")
    assert where(rows) == [("webhook", "13900000002")]


# --- quiet hours ------------------------------------------------------------------------------------

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"


@pytest.mark.parametrize(
    ("moment", "quiets", "zone", "loud"),
    [
        ("2026-09-14T14:30", ["22:00-07:00"], SHANGHAI, "2026-09-14T23:00"),  # over midnight
        ("2026-09-14T22:30", ["22:00-07:00"], SHANGHAI, "2026-09-14T23:00"),  # after midnight
        ("2026-09-14T23:00", ["22:00-07:00"], SHANGHAI, "2026-09-14T23:00"),  # the end is outside
        ("2026-09-14T04:30", ["12:00-14:00"], SHANGHAI, "2026-09-14T06:00"),  # within a day
        ("2026-09-14T14:30", ["21:00-08:00", "08:00-10:00"], SHANGHAI, "2026-09-15T02:00"),
        ("2026-09-14T14:30", ["08:00-10:00", "21:00-08:00"], SHANGHAI, "2026-09-15T02:00"),
        ("2026-09-14T02:00", ["", "22:00-07:00"], SHANGHAI, "2026-09-14T02:00"),
        ("2026-03-28T22:00", ["22:00-07:00"], BERLIN, "2026-03-29T05:00"),  # an hour less
        ("2026-10-24T21:00", ["22:00-07:00"], BERLIN, "2026-10-25T06:00"),  # an hour more
        (
            "2026-03-29T00:30",
            ["22:00-02:30"],
            BERLIN,
            "2026-03-29T01:30",
        ),  # an end that is left out
        ("2026-10-25T01:10", ["22:00-02:30"], BERLIN, "2026-10-25T01:30"),  # the second 02:10
    ],
)
def test_the_first_moment_outside_of_all_quiet_hours(
    moment: str, quiets: list[str], zone: str, loud: str
) -> None:
    found = loud_to_all(datetime.fromisoformat(moment).replace(tzinfo=UTC), quiets, zone)
    assert found == datetime.fromisoformat(loud).replace(tzinfo=UTC)


def test_the_end_of_quiet_hours_is_never_before_the_moment() -> None:
    moment = datetime(2026, 10, 24, 18, 0, tzinfo=UTC)
    while moment < datetime(2026, 10, 25, 12, 0, tzinfo=UTC):
        assert loud_from(moment, "22:00-02:30", BERLIN) >= moment
        moment += timedelta(minutes=5)


def test_two_spans_that_are_the_whole_day() -> None:
    assert leave_nothing("08:00-21:00", "21:00-08:00")
    assert leave_nothing("07:00-22:00", "21:00-08:00")
    assert not leave_nothing("08:00-20:59", "21:00-08:00")
    assert not leave_nothing("22:00-07:00", "21:00-08:00")
    assert not leave_nothing("21:00-08:00", "21:00-08:00")


def test_nobody_is_woken_who_asked_for_quiet_also_when_it_is_sent_late(
    wired: Any,
    place_at: PlaceAt,
    do: Do,
    wants: Callable[..., None],
    mailbox: Any,
    rows: Rows,
) -> None:
    wired()
    number = place_at("placed", by="staff-1", **BY_MAIL)
    wants(RESIDENT, quiet="20:00-07:00")
    with at(10.5):  # 20:30: what was due at ten is sent only now
        assert send_waiting() == {}
        do(number, "accept")  # and what is written now is not due at all
        assert rows(Message)[-1].next_attempt_at == MONDAY + timedelta(hours=21)
    with at(21):
        assert send_waiting() == {"accepted": 1}
    assert told(rows, "resident") == [
        ("order_placed", "suppressed", "superseded"),
        ("order_accepted", "accepted", ""),
    ]


def test_what_is_urgent_is_told_at_night_too(
    wired: Any, place_at: PlaceAt, do: Do, wants: Callable[..., None], mailbox: Any
) -> None:
    wired()
    number = place_at("placed", by="staff-1", urgency="urgent", **BY_MAIL)
    wants(RESIDENT, quiet="20:00-07:00", digest_hour="9", declined=["order_held"])
    with at(10.5):
        do(number, "accept")
        assert send_waiting() == {"accepted": 2}


def test_those_who_sleep_do_not_keep_the_others_waiting(
    wired: Any, place_at: PlaceAt, wants: Callable[..., None], mailbox: Any
) -> None:
    wired()
    for guest in range(3):
        phone = f"1390000000{guest}"
        place_at(
            "placed", by="staff-1", channel="mail", address=f"g{guest}@example.org", phone=phone
        )
    wants(RESIDENT, quiet="09:00-11:00")
    wants((Audience.RESIDENT, "2"), quiet="09:00-11:00")
    assert send_waiting() == {"accepted": 1}
    assert [letter.to for letter in mailbox.letters] == [["g2@example.org"]]


# --- one message a day ------------------------------------------------------------------------------


def test_one_message_a_day_says_what_can_wait_and_the_rest_is_said_at_once(
    wired: Any, place_at: PlaceAt, do: Do, wants: Callable[..., None], mailbox: Any, rows: Rows
) -> None:
    wired()
    lamp, door, gate = (
        place_at("placed", by="staff-1", words=words, **BY_MAIL)
        for words in ("路灯", "单元门", "大门")
    )
    assert send_waiting() == {"accepted": 3}
    wants(RESIDENT, digest_hour="18")
    for number in (lamp, door, gate):
        do(number, "accept")
    do(lamp, "assign", to="desk")  # says all that the acceptance said
    do(gate, "decline", reason="不归社区", instead="找物业")
    assert send_waiting() == {"accepted": 1}
    assert gate in mailbox.letters[-1].subject
    with at(7.9):
        gather_reminders()
        assert send_waiting() == {}
    with at(8):
        assert gather_reminders() == (0, 1)
        assert gather_reminders() == (0, 0)
        assert send_waiting() == {"accepted": 1}
    assert mailbox.letters[-1].subject == "今日汇总：您的 2 件"
    assert f"{door}“单元门” 已受理\n{lamp}“路灯” 已派单\n" in mailbox.letters[-1].body
    assert len(mailbox.letters) == 5


def test_a_single_thing_of_the_day_is_said_in_full_at_the_hour(
    wired: Any, place_at: PlaceAt, do: Do, wants: Callable[..., None], mailbox: Any
) -> None:
    wired()
    number = place_at("placed", by="staff-1", **BY_MAIL)
    wants(RESIDENT, digest_hour="18")
    do(number, "accept")
    assert send_waiting() == {"accepted": 1}  # the receipt
    with at(8):
        assert gather_reminders() == (1, 0)
        assert send_waiting() == {"accepted": 1}
    assert mailbox.letters[-1].subject == f"您的诉求已受理（{number}）"


def test_who_wants_it_one_by_one_again_hears_at_once_what_waited(
    wired: Any, place_at: PlaceAt, do: Do, wants: Callable[..., None], rows: Rows
) -> None:
    wired()
    number = place_at("placed", by="staff-1", **BY_MAIL)
    send_waiting()
    wants(RESIDENT, digest_hour="18")
    do(number, "accept")
    wants(RESIDENT, digest_hour="12")
    with at(2):
        assert gather_reminders() == (1, 0)
    do(number, "assign", to="desk")
    wants(RESIDENT, digest_hour="")
    assert rows(Message)[-1].next_attempt_at == MONDAY
    assert send_waiting() == {"accepted": 1}


def test_a_unit_hears_once_a_day_what_is_due_and_at_once_what_it_gets(
    wired: Any, place_at: PlaceAt, wants: Callable[..., None], mailbox: Any, rows: Rows
) -> None:
    wired()
    wants((Audience.HANDLER, "unit-power"), digest_hour="18")
    first, second = place_at("assigned"), place_at("assigned")
    assert send_waiting() == {"accepted": 2}
    with at(24 + 0.5):  # the working day to take it is over, 10:30 on Tuesday
        sweep_clocks()
        gather_reminders()
        assert send_waiting() == {}
    with at(24 + 8):
        gather_reminders()
        assert send_waiting() == {"accepted": 1}
    letter = mailbox.letters[-1]
    assert letter.subject == "今日汇总：2 件"
    assert first in letter.body and second in letter.body
    assert "单位接单超期" in letter.body


def test_a_digest_by_hand_is_one_call_and_nothing_is_on_the_list_before_its_hour(
    database: House, place_at: PlaceAt, do: Do, wants: Callable[..., None]
) -> None:
    numbers = [place_at("placed", by="staff-1"), place_at("placed", by="staff-1")]
    wants(RESIDENT, digest_hour="18")
    for number in numbers:
        do(number, "accept")
    assert [one.text.subject[:3] for one in errands()] == ["已收到", "已收到"]
    with at(8):
        gather_reminders()
        assert errands()[-1].text.subject == "今日汇总：您的 2 件"
        assert len(errands()) == 3


def test_a_member_whose_id_is_a_resident_s_number_has_a_digest_of_their_own(
    database: House, place_at: PlaceAt, do: Do, wants: Callable[..., None], rows: Rows
) -> None:
    numbers = [place_at("placed", by="staff-1"), place_at("placed", by="staff-1")]
    wants(RESIDENT, digest_hour="18")
    for number in numbers:
        do(number, "accept")
    theirs = {"audience": Audience.MEMBER, "recipient": "1", "event": Event.ORDER_RATED}
    with transaction(house().database) as session:
        held = session.exec(select(Message).where(Message.code == FOR_DIGEST)).all()
        for audience in (Audience.MEMBER, Audience.LADDER):  # one person, so one digest
            values = {**held[0].model_dump(exclude={"id"}), **theirs, "audience": audience}
            session.add(Message(**{**values, "key": f"rated:{audience}"}))
    with at(8):
        assert gather_reminders() == (0, 2)
    digests = {one.audience: one for one in rows(Message) if one.event == Event.DIGEST}
    assert {audience: one.variables["count"] for audience, one in digests.items()} == {
        Audience.RESIDENT: 2,
        Audience.MEMBER: 1,
    }


def test_what_waits_for_a_digest_is_a_table_and_its_hour_is_the_next_one() -> None:
    evening = Choice(digest_hour=18)
    for audience, events in IN_DIGEST.items():
        assert all(waits_for_digest(evening, audience, one, Urgency.NORMAL) for one in events)
        assert not any(waits_for_digest(evening, audience, one, Urgency.URGENT) for one in events)
        assert not any(waits_for_digest(Choice(), audience, one, Urgency.GREEN) for one in events)
    assert not waits_for_digest(evening, Audience.GROUPS, Event.WISH_OPEN, Urgency.NORMAL)
    hour = timedelta(hours=1)
    assert next_digest(MONDAY, 18, SHANGHAI) == MONDAY + 8 * hour
    assert next_digest(MONDAY + 8 * hour, 18, SHANGHAI) == MONDAY + 32 * hour
    saturday = datetime(2026, 10, 24, 16, 30, tzinfo=UTC)  # 18:30 in Berlin, summer time ends
    assert next_digest(saturday, 18, BERLIN) == datetime(2026, 10, 25, 17, 0, tzinfo=UTC)


# --- merged within minutes --------------------------------------------------------------------------


def test_accepted_and_assigned_within_minutes_is_one_message(
    wired: Any, place_at: PlaceAt, do: Do, mailbox: Any, rows: Rows
) -> None:
    wired(minutes=3)
    number = place_at("placed", by="staff-1", **BY_MAIL)
    assert send_waiting() == {"accepted": 1}  # the receipt waits for nothing
    do(number, "accept")
    assert send_waiting() == {}
    with at(2 / 60):
        do(number, "assign", to="unit-power")
        assert send_waiting() == {}
    with at(5 / 60):
        assert send_waiting() == {"accepted": 2}
    assert told(rows, "resident") == [
        ("order_placed", "accepted", ""),
        ("order_accepted", "suppressed", "superseded"),
        ("order_assigned", "accepted", ""),
    ]


def test_a_slip_put_right_within_minutes_rings_at_the_right_unit_alone(
    wired: Any, place_at: PlaceAt, do: Do, mailbox: Any, rows: Rows
) -> None:
    wired(minutes=3)
    number = place_at("assigned")
    do(number, "reassign", to="officers-grid-3", reason="选错了")
    do(number, "reassign", to="unit-power", reason="还是它")
    with at(1):
        send_waiting()
    (letter,) = mailbox.letters
    assert letter.subject == f"请接单：诉求 {number}"


def test_what_has_gone_or_says_something_of_its_own_is_not_taken_back(
    wired: Any, place_at: PlaceAt, do: Do, mailbox: Any, rows: Rows
) -> None:
    wired(minutes=3)
    number = place_at("claimed", by="staff-1", **BY_MAIL)
    with at(0.1):
        send_waiting()
        do(number, "report", by="m-241", reason="材料已到", tell_resident=True)
        do(number, "report", by="m-241", reason="明天装", tell_resident=True)
    with at(0.2):
        assert send_waiting() == {"accepted": 2}
        do(number, "report", by="m-241", reason="快好了", tell_resident=True)
        do(number, "finish", by="m-241", reason="换了灯泡")
        assert send_waiting() == {"accepted": 1}  # done waits for nothing, and says it all
    assert [code for event, _, code in told(rows, "resident") if event == "order_progress"] == [
        *("", ""),
        "superseded",
    ]


def test_what_is_declined_supersedes_nothing_that_is_wanted(
    wired: Any, place_at: PlaceAt, do: Do, wants: Callable[..., None], rows: Rows
) -> None:
    wired(minutes=3)
    number = place_at("placed", by="staff-1", **BY_MAIL)
    wants(RESIDENT, declined=["order_assigned"])
    do(number, "accept")
    do(number, "assign", to="unit-power")
    assert told(rows, "resident")[1:] == [
        ("order_accepted", "queued", ""),
        ("order_assigned", "suppressed", "declined"),
    ]


def test_which_event_says_as_much_as_which_is_a_table() -> None:
    for audience, covers in COVERS.items():
        for event, earlier in covers.items():
            assert all((one, audience) in CARRIED for one in {event, *earlier})
            assert covered_by(audience, event) == earlier
            assert Event.ORDER_DONE not in earlier  # nothing takes back the link to rate
    assert covered_by(Audience.RESIDENT, Event.ORDER_PROGRESS) == frozenset()
    assert covered_by(Audience.DONOR, Event.MONEY_SPENT) == frozenset()
    assert not any(
        waits_for_more(audience, event) for event in MUST_BE_TOLD for audience in Audience
    )
    about = (MONDAY, Audience.RESIDENT, Event.ORDER_ACCEPTED)
    assert said_from(*about, Urgency.NORMAL, 3) == MONDAY + timedelta(minutes=3)
    assert said_from(*about, Urgency.NORMAL, 0) == said_from(*about, Urgency.URGENT, 3) == MONDAY


# --- heard once -------------------------------------------------------------------------------------

MAIL = [{"channel": "mail", "address": "norbu@example.org"}]
BAD = {"grade": "unsatisfied", "solved": False, "reason": "还是不亮"}


def test_who_is_staff_holds_the_rung_and_reads_the_desk_s_mail_hears_once(
    wired: Any, place_at: PlaceAt, do: Do, rows: Rows
) -> None:
    """staff-1 is m-001 too; both have one address, and the desk's messages go there as well."""
    wired(
        **{
            "people.yaml": {"staff": {"staff-1": {"contacts": MAIL}}},
            "community.yaml": {"": {"desk_contacts": MAIL}},
        }
    )
    number = place_at("done", grid=None)
    for _ in range(2):
        do(number, "rate", by="resident", **BAD)
        do(number, "claim", by="unit-power", to="m-241")
        do(number, "finish", by="m-241", reason="又修了")
    do(number, "rate", by="resident", **BAD)
    unsatisfied = [one for one in rows(Message) if one.event is Event.ORDER_UNSATISFIED]
    assert sorted((one.audience.value, one.recipient, one.code) for one in unsatisfied) == [
        ("coordinators", "coordinators", "hears_once"),
        ("ladder", "m-004", ""),
        ("ladder", "staff-1", ""),
    ]


def test_a_unit_and_its_member_with_one_address_are_one_letter(
    wired: Any, place_at: PlaceAt, do: Do, rows: Rows, mailbox: Any
) -> None:
    wired(unit=MAIL, **{"people.yaml": {"members": {"m-241": {"contacts": MAIL}}}})
    number = place_at("claimed")
    with at(1):
        send_waiting()
        mailbox.letters.clear()
        do(number, "withdraw", by="resident")
        assert send_waiting() == {"accepted": 1}
    assert told(rows, "member")[-1] == ("order_withdrawn", "suppressed", "hears_once")


def test_two_members_without_an_address_are_both_told_through_their_unit(
    wired: Any, place_at: PlaceAt, do: Do, rows: Rows
) -> None:
    wired()
    number = place_at("taken")
    do(number, "claim", by="staff-1", to="m-241", helpers=["m-242", "m-243"])
    asked = [one for one in rows(Message) if one.event is Event.HELP_ASKED]
    assert [(one.recipient, one.code) for one in asked] == [("m-242", ""), ("m-243", "")]


def test_nobody_hears_of_their_own_deed_in_a_second_role(
    wired: Any, place_at: PlaceAt, do: Do, rows: Rows
) -> None:
    """m-241 gives the order back; at their own address nobody else reads what is sent to the unit."""
    wired(unit=MAIL, **{"people.yaml": {"members": {"m-241": {"contacts": MAIL}}}})
    number = place_at("claimed")
    before = len(rows(Message))
    do(number, "release", by="m-241", reason="出差")
    assert len(rows(Message)) == before


@pytest.mark.parametrize("who", ["m-001", "staff-1"])
def test_who_acts_as_the_member_that_they_are_does_not_hear_of_it_on_the_ladder(
    database: House, place_at: PlaceAt, look: Callable[[str], Any], who: str
) -> None:
    """staff-1 and m-004 hold the committee's rung; m-001 is staff-1."""
    order = look(place_at("placed", grid=None))
    climbed = Notice(Event.ORDER_ESCALATED, Audience.LADDER)
    with reading(database.database) as session:
        heard = hearers_of(session, order, [climbed], actor(session, who), utc_now())
    assert [one.route.recipient for one in heard] == ["m-004"]


# --- addresses that are none ------------------------------------------------------------------------


def test_an_address_that_is_none_takes_nothing_for_sixty_days(
    wired: Any, place_at: PlaceAt, mailbox: Any, rows: Rows
) -> None:
    wired()
    mailbox.replies = dict(NOBODY_THERE)
    place_at("placed", by="staff-1", **BY_MAIL)
    assert send_waiting() == {"refused": 1}
    assert [(one.name, one.channel) for one in muted_addresses()] == [("居民甲", "mail")]
    mailbox.replies.clear()
    with at(60 * 24 - 1):
        place_at("placed", by="staff-1", **BY_MAIL)
        assert send_waiting() == {}  # in somebody's hands at once, without an attempt
        assert told(rows, "resident")[-1] == ("order_placed", "queued", "muted")
        assert len(errands()) == 2
    with at(61 * 24):
        assert muted_addresses() == []
        place_at("placed", by="staff-1", **BY_MAIL)
        assert send_waiting() == {"accepted": 1}
    (kept,) = muted_rows()
    assert "jia" not in kept.model_dump_json()


def muted_rows() -> list[Muted]:
    with reading(house().database) as session:
        return list(session.exec(select(Muted)))


def test_another_address_and_a_person_lift_the_muting(
    wired: Any, place_at: PlaceAt, mailbox: Any
) -> None:
    wired()
    mailbox.replies = dict(NOBODY_THERE)
    place_at("placed", by="staff-1", **BY_MAIL)
    send_waiting()
    mailbox.replies.clear()
    place_at("placed", by="staff-1", **{**BY_MAIL, "address": "neu@example.org"})
    assert send_waiting() == {"accepted": 1}
    assert muted_addresses() == []
    place_at("placed", by="staff-1", **BY_MAIL)  # back to the old one
    assert send_waiting() == {}
    assert choice_of(*RESIDENT)["muted"] == ["mail"]
    assert unmute(*RESIDENT, "staff-1") == 1
    place_at("placed", by="staff-1", **BY_MAIL)
    assert send_waiting() == {"accepted": 1}


def test_a_household_s_muted_address_is_seen_and_lifted_by_whoever_still_has_it(
    wired: Any, place_at: PlaceAt, mailbox: Any, wants: Callable[..., None]
) -> None:
    wired()
    mailbox.replies = dict(NOBODY_THERE)
    place_at("placed", by="staff-1", **BY_MAIL)
    send_waiting()
    mailbox.replies.clear()
    home = {**BY_MAIL, "address": "JIA@example.org"}
    other = place_at("placed", by="staff-1", resident="居民乙", phone="13900000002", **home)
    assert send_waiting() == {}
    second = (Audience.RESIDENT, "2")
    assert choice_of(*RESIDENT)["muted"] == choice_of(*second)["muted"] == ["mail"]
    assert [one.name for one in muted_addresses()] == ["居民甲"]
    wants(RESIDENT, address="neu@example.org")
    assert choice_of(*RESIDENT)["muted"] == []
    assert [(one.name, one.number) for one in muted_addresses()] == [("居民乙", other)]
    assert unmute(*second, "staff-1", ["webhook"]) == 0
    assert unmute(*second, "staff-1", ["mail"]) == 1
    assert muted_addresses() == []
    place_at("placed", by="staff-1", resident="居民乙", phone="13900000002", **home)
    assert send_waiting() == {"accepted": 1}


def test_a_unit_that_reads_a_resident_s_muted_address_is_named(
    wired: Any, mailbox: Any, place_at: PlaceAt, wants: Callable[..., None]
) -> None:
    wired()
    mailbox.replies = dict(NOBODY_THERE)
    place_at("placed", by="staff-1", channel="mail", address="power@example.org")
    send_waiting()
    wants(RESIDENT, address="neu@example.org")
    assert [(one.audience.value, one.name) for one in muted_addresses()] == [("handler", "供电所")]
    assert choice_of(Audience.HANDLER, "unit-power")["muted"] == ["mail"]
    assert unmute(Audience.HANDLER, "unit-power", "staff-1") == 1


def test_what_is_muted_takes_the_next_way_of_its_recipient(
    wired: Any, place_at: PlaceAt, mailbox: Any, hook: Any, settle: Any, rows: Rows
) -> None:
    ways = [
        {"channel": "mail", "address": "power@example.org"},
        {"channel": "webhook", "address": "p"},
    ]
    wired(unit=ways)
    settle(channels={"mail": mailbox.url, "webhook": f"json://{hook.host}/hook"})
    mailbox.replies = dict(NOBODY_THERE)
    place_at("assigned", by="staff-1")
    assert send_waiting() == {"refused": 1, "accepted": 1}
    place_at("assigned", by="staff-1")
    assert send_waiting() == {"accepted": 1}
    assert len(hook.received) == 2
    (one,) = muted_addresses()
    assert (one.audience, one.person, one.name) == ("handler", "unit-power", "供电所")


def test_who_is_muted_on_every_way_is_called(
    wired: Any,
    place_at: PlaceAt,
    mailbox: Any,
    settle: Any,
    community: Callable[..., Path],
) -> None:
    second = {"channels.yaml": {"channels": {"webhook": {"kind": "mail"}}}}
    ways = [
        {"channel": "mail", "address": "power@example.org"},
        {"channel": "webhook", "address": "lines@example.org"},
    ]
    units = {"handlers.yaml": {"units": {"unit-power": {"contacts": ways}}}}
    wired()
    settle(
        config=community({**second, **units}),
        channels={"mail": mailbox.url, "webhook": mailbox.url},
    )
    mailbox.replies = dict(NOBODY_THERE)
    place_at("assigned", by="staff-1")
    assert send_waiting() == {"refused": 2}
    place_at("assigned", by="staff-1")  # now nobody tries, and it does not go round and round
    for _ in range(3):
        assert send_waiting() == {}
    calls = [one for one in errands() if one.audience is Audience.HANDLER]
    assert [one.name for one in calls] == ["供电所", "供电所"]


@pytest.mark.parametrize(
    "replies",
    [
        {"RCPT": "550 5.7.1 relaying denied"},  # what we are, not who they are
        {"MAIL": "550 5.1.8 bad sender"},
        {"DATA": "550 looks like spam"},
        {"RCPT": "451 try again"},
        {"RCPT": "552 mailbox full"},
    ],
)
def test_other_troubles_mute_nobody(
    wired: Any, place_at: PlaceAt, mailbox: Any, replies: dict[str, str]
) -> None:
    wired()
    mailbox.replies = replies
    place_at("placed", by="staff-1", **BY_MAIL)
    send_waiting()
    assert muted_rows() == []


def test_who_is_forgotten_takes_their_choices_along(
    wired: Any, place_at: PlaceAt, do: Do, wants: Callable[..., None], mailbox: Any
) -> None:
    wired()
    mailbox.replies = dict(NOBODY_THERE)
    number = place_at("placed", by="staff-1", **BY_MAIL)
    send_waiting()
    wants(RESIDENT, quiet="22:00-07:00")
    wants((Audience.MEMBER, "m-241"), quiet="22:00-07:00")
    do(number, "withdraw", by="staff-1", reason="不要了")
    with at(400 * 24):
        forget_residents()
    with reading(house().database) as session:
        assert [one.person for one in session.exec(select(ChoiceRow))] == ["m-241"]
        assert session.exec(select(Muted)).all() == []
