"""Messages that may not have arrived: a person's word ends them, sends them again or has them told by a call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tasks.arrivals import call_instead, mark_received, send_again, undelivered
from tasks.by_hand import errands, mark_told
from tasks.clock import clock_at
from tasks.db import transaction
from tasks.errors import DiandanError, MessageStands, UnknownId, UnknownMessage
from tasks.house import House, house
from tasks.models.enums import MessageState
from tasks.models.tables import Message, MessageStep
from tasks.muting import muted_addresses
from tasks.outbox import send_waiting
from tasks.queue import anything_due

Rows = Callable[..., list[Any]]
Settle = Callable[..., House]
Stand = Callable[..., int]
BY_MAIL = {"channel": "mail", "address": "jia@example.org", "resident": "居民甲"}

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture
def wired(database: House, settle: Settle, mailbox: Any) -> House:
    """There is a server for mail."""
    return settle(database=database.settings.database, channels={"mail": mailbox.url})


@pytest.fixture
def stand(wired: House, place: Callable[..., str], rows: Rows) -> Stand:
    """A message to a resident that stands like this; gives its id."""

    def put(state: MessageState, **values: Any) -> int:
        place(**BY_MAIL)
        id = max(row.id for row in rows(Message) if row.audience == "resident")
        with transaction(house().database) as session:
            message = session.get(Message, id)
            assert message is not None
            for name, value in {"state": state, **values}.items():
                setattr(message, name, value)
        return int(id)

    return put


def of(rows: Rows, id: int) -> Message:
    (found,) = (row for row in rows(Message) if row.id == id)
    assert isinstance(found, Message)
    return found


def given_up(stand: Stand, **values: Any) -> int:
    """One that a refusal has put on the list of calls."""
    refused = {"code": "smtp_550", "reason": "mail: smtp_550", "attempts": 1}
    id = stand(MessageState.QUEUED, channel="by-hand", **refused, **values)
    with transaction(house().database) as session:
        message = session.get(Message, id)
        assert message is not None
        step = {"message_id": id, "at": message.created_at, "attempt": 1, "channel": "mail"}
        session.add(MessageStep(**step, state=MessageState.REFUSED, code="smtp_550"))
    return id


def test_what_nobody_knows_to_have_arrived_is_listed_with_why(stand: Stand) -> None:
    stand(MessageState.ACCEPTED)
    doubtful = stand(MessageState.UNKNOWN, code="timeout")
    failed = stand(MessageState.FAILED, code="http_503", attempts=1)
    refused = given_up(stand)
    stand(MessageState.QUEUED, channel="by-hand")  # a call to make, and nothing went wrong
    assert [(one.id, one.name, one.why) for one in undelivered()] == [
        (doubtful, "居民甲", "对方没有回应"),
        (failed, "居民甲", "渠道报错（HTTP 503）"),
        (refused, "居民甲", "邮件被退（代码 550）"),
    ]


def test_what_was_received_is_over(stand: Stand, rows: Rows) -> None:
    ids = [stand(MessageState.UNKNOWN, code="timeout"), given_up(stand)]
    assert mark_received(ids, "格桑卓玛") == 2
    for id in ids:
        told = of(rows, id)
        assert (told.state, told.code) == (MessageState.DELIVERED, "told_by:staff-2/received")
        assert told.ended_at is not None
    assert undelivered() == []
    assert errands() == []


def test_what_is_sent_again_goes_out_on_its_own_channel(
    stand: Stand, rows: Rows, mailbox: Any
) -> None:
    ids = [stand(MessageState.UNKNOWN, code="timeout"), given_up(stand)]
    assert not anything_due()
    assert send_again(ids, "staff-1") == 2
    assert [of(rows, id).code for id in ids] == ["again_by:staff-1"] * 2
    assert send_waiting() == {"accepted": 2}
    assert len(mailbox.letters) == 2
    assert [of(rows, id).state for id in ids] == [MessageState.ACCEPTED] * 2
    steps = [(row.code, row.state.value) for row in rows(MessageStep) if row.message_id == ids[0]]
    assert steps == [("again_by:staff-1", "queued"), ("", "accepted")]


def test_what_is_called_about_is_ticked_off_with_the_other_calls(stand: Stand, rows: Rows) -> None:
    failed = stand(MessageState.FAILED, code="http_503", attempts=1)
    others = [stand(MessageState.UNKNOWN, code="timeout"), given_up(stand)]
    assert call_instead([failed, *others], "staff-1") == 3
    assert not anything_due()
    assert [(one.id, one.doubtful) for one in errands()] == [
        (failed, False),
        (others[0], True),
        (others[1], False),
    ]
    assert of(rows, failed).reason == "mail: http_503"
    assert mark_told([failed, *others], "staff-1") == 3
    assert undelivered() == []


def test_who_has_it_sent_again_has_the_address_tried_again(
    wired: House, place: Callable[..., str], rows: Rows, mailbox: Any
) -> None:
    mailbox.replies = {"RCPT": "550 5.1.1 no such user"}
    for _ in range(2):
        place(**BY_MAIL)
        send_waiting()
    by_reason = {row.reason: row.id for row in rows(Message) if row.audience == "resident"}
    assert set(by_reason) == {"mail: smtp_550", "mail: muted"}
    assert send_again(list(by_reason.values()), "staff-1") == 2
    assert muted_addresses() == []
    mailbox.replies = {}
    assert send_waiting() == {"accepted": 2}


def test_what_a_person_finds_worth_saying_is_said_however_late(
    stand: Stand, rows: Rows, mailbox: Any, monday: datetime
) -> None:
    too_late = {"expires_at": monday + timedelta(days=1)}
    again = stand(MessageState.UNKNOWN, code="timeout", **too_late)
    failed = stand(MessageState.FAILED, code="http_503", attempts=1, **too_late)
    listed = given_up(stand, **too_late)
    with clock_at(monday + timedelta(days=2)):
        send_again([again], "staff-1")
        call_instead([failed, listed], "staff-1")
        assert send_waiting() == {"accepted": 1}
        assert [one.id for one in errands()] == [failed, listed]
    assert of(rows, again).state is MessageState.ACCEPTED


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"state": MessageState.DELIVERED}, "已经告知对方了。"),
        ({"state": MessageState.ACCEPTED}, "已经发出去了。"),
        ({"state": MessageState.SUPPRESSED}, "这条不必发。"),
        ({"state": MessageState.SENDING}, "正在发送"),
        ({"state": MessageState.QUEUED}, "还在等着发送。"),
        ({"state": MessageState.QUEUED, "channel": "by-hand"}, "这条要人打电话或转发"),
    ],
)
@pytest.mark.parametrize("deed", [mark_received, send_again, call_instead])
def test_what_stands_otherwise_is_left_alone(
    stand: Stand, rows: Rows, deed: Callable[..., int], values: dict[str, Any], why: str
) -> None:
    good, bad = stand(MessageState.UNKNOWN, code="timeout"), stand(**values)
    with pytest.raises(MessageStands, match=why):
        deed([good, bad], "staff-1")
    assert of(rows, bad).state is values["state"]
    assert of(rows, good).state is MessageState.UNKNOWN  # all of them, or none


def test_what_has_no_channel_to_go_out_on_is_for_a_call(
    stand: Stand, settle: Settle, rows: Rows
) -> None:
    never_sent = stand(MessageState.QUEUED, channel="by-hand", reason="没有联系方式")
    with pytest.raises(MessageStands, match="它没有自己的渠道，请打电话。"):
        send_again([never_sent], "staff-1")
    of_old = stand(MessageState.UNKNOWN, channel="fax")
    with pytest.raises(MessageStands, match="社区已经没有“fax”这个渠道"):
        send_again([of_old], "staff-1")
    doubtful = stand(MessageState.UNKNOWN)
    settle(database=house().settings.database, channels={})
    with pytest.raises(MessageStands, match="渠道“电子邮件”还没有设置"):
        send_again([doubtful], "staff-1")
    assert of(rows, doubtful).state is MessageState.UNKNOWN


def test_nobody_and_nothing_is_made_up(stand: Stand) -> None:
    id = stand(MessageState.UNKNOWN)
    with pytest.raises(UnknownId, match="没有操作人“谁”"):
        mark_received([id], "谁")
    with pytest.raises(UnknownMessage, match="没有编号为 9999 的消息"):
        mark_received([9999], "staff-1")


def test_of_two_who_decide_at_once_one_wins_and_the_other_reads_so(
    stand: Stand, rows: Rows
) -> None:
    id = stand(MessageState.UNKNOWN, code="timeout")
    start, won, refused = threading.Barrier(2), list[str](), list[str]()

    def decide(deed: Callable[..., int], who: str) -> None:
        start.wait()
        try:
            deed([id], who)
            won.append(who)
        except DiandanError as error:
            refused.append(str(error))

    people = [
        threading.Thread(target=decide, args=(mark_received, "staff-1")),
        threading.Thread(target=decide, args=(send_again, "staff-2")),
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert (len(won), len(refused)) == (1, 1)
    code = {"staff-1": "told_by:staff-1/received", "staff-2": "again_by:staff-2"}[won[0]]
    assert of(rows, id).code == code
