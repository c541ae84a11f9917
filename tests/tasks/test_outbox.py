"""Messages leave the house once, over real servers on loopback; what fails ends in a person's hands."""

from __future__ import annotations

import logging
import shutil
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from config.catalog import ChannelKind
from tasks import channels, leases, outbox
from tasks.by_hand import errands, mark_told
from tasks.channels import Outcome, robots
from tasks.clock import clock_at
from tasks.db import reading, transaction
from tasks.errors import BadInput
from tasks.escalation import sweep_clocks
from tasks.house import House, house
from tasks.lapses import give_up_leases
from tasks.leases import Letter, hand_back, lease
from tasks.models.enums import MessageState
from tasks.models.tables import Message, MessageStep, Provider
from tasks.outbox import send_waiting
from tasks.queue import anything_due
from tasks.reminders import gather_reminders
from tasks.rendering import TEMPLATES, Text
from tasks.resting import resting

MONDAY = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
Rows = Callable[..., list[Any]]
PlaceAt = Callable[..., str]
Place = Callable[..., str]
Settle = Callable[..., House]
Do = Callable[..., None]
BY_MAIL = {"channel": "mail", "address": "jia@example.org"}

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture
def wired(
    sqlite_house: House, settle: Settle, community: Callable[..., Path], hook: Any, mailbox: Any
) -> House:
    """unit-power listens on a webhook, the desk in a WeCom group, who wants to by mail."""
    unit = {"contacts": [{"channel": "webhook", "address": "power-7"}]}
    return settle(
        config=community({"handlers.yaml": {"units": {"unit-power": unit}}}),
        channels={
            "mail": mailbox.url,
            "webhook": f"json://{hook.host}/hook/secret-path",
            "wecom_desk": f"wecomrobot://{hook.host}/robot-key-1234?secure=no",
        },
    )


@pytest.fixture(autouse=True)
def even_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts come exactly when their wait is over."""
    monkeypatch.setattr(leases, "JITTER", 0)


def state_of(rows: Rows, audience: str) -> tuple[str, str, str]:
    """Channel, state and code of the newest message to an audience."""
    message = [message for message in rows(Message) if message.audience == audience][-1]
    return message.channel, message.state.value, message.code


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def templates_without(tmp_path: Path) -> Callable[[str], Path]:
    """A copy of the templates in which one is missing."""

    def copy(missing: str) -> Path:
        folder = Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))
        (folder / "zh-CN" / missing).unlink()
        return folder

    return copy


# --- what arrives ---------------------------------------------------------------------------------


def test_a_webhook_gets_the_text_the_recipient_and_a_key(
    wired: House, place_at: PlaceAt, hook: Any
) -> None:
    number = place_at("assigned", by="staff-1", place="三号院东门")
    assert send_waiting() == {"accepted": 1}
    (post,) = hook.received
    assert post.path == "/hook/secret-path"
    assert post.headers["X-Idempotency-Key"] == f"order_assigned:{number}:v3:handler:unit-power"
    assert (post.json["recipient"], post.json["title"]) == ("power-7", f"请接单：诉求 {number}")
    assert post.json["message"] == (
        f"示范社区有一件诉求请您办理，编号 {number}。\n"
        "事由：“三号院门口的路灯不亮”\n"
        "地点：第三网格，三号院东门\n"
        "期限：9月17日 10:00 前办好\n"
        "接单还是退单，请打 0893-0000000 告诉社区服务台，谢谢您。"
    )


def test_a_message_is_sent_once(
    wired: House, place: Place, hook: Any, mailbox: Any, rows: Rows
) -> None:
    place(**BY_MAIL)
    assert anything_due()
    assert send_waiting() == {"accepted": 2}  # the resident and the desk
    assert send_waiting() == {}
    assert not anything_due()
    assert (len(mailbox.letters), len(hook.received)) == (1, 1)
    assert state_of(rows, "resident") == ("mail", "accepted", "")
    assert rows(Message)[0].attempts == 1


def test_only_so_many_are_sent_at_a_time(wired: House, place: Place, hook: Any) -> None:
    for _ in range(3):
        place()
    assert send_waiting(most=2) == {"accepted": 2}
    assert send_waiting() == {"accepted": 1}


def test_what_is_for_hands_is_not_sent(wired: House, place: Place, rows: Rows) -> None:
    place(by="staff-1")
    assert not anything_due()
    assert send_waiting() == {}
    assert state_of(rows, "resident") == ("by-hand", "queued", "")


def test_the_address_is_the_one_of_today_and_stands_in_no_message(
    wired: House, place: Place, mailbox: Any, rows: Rows
) -> None:
    place(**BY_MAIL)
    place(**{**BY_MAIL, "address": "neu@example.org"})  # the same resident has moved
    send_waiting()
    assert [letter.to for letter in mailbox.letters] == [["neu@example.org"]] * 2
    stored = "\n".join(message.model_dump_json() for message in rows(Message))
    for private in (
        *("jia@example.org", "neu@example.org", "13900000001", "居民甲"),
        *("power-7", "robot-key-1234", "secret-path", "127.0.0.1"),
    ):
        assert private not in stored


def test_neither_addresses_nor_keys_nor_words_are_logged(
    wired: House, place_at: PlaceAt, hook: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hook.answers = [(500, ""), (200, '{"errcode": 40058}')]
    place_at("assigned", **BY_MAIL)
    send_waiting()
    assert len(hook.received) == 2
    for private in (
        "robot-key-1234",
        "secret-path",
        "jia@example.org",
        "power-7",
        "路灯",
        "居民甲",
    ):
        assert private not in caplog.text


# --- the WeCom robot's own codes --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, '{"errcode": 0, "errmsg": "ok"}'), ("wecom-desk", "accepted", "")),
        ((200, '{"errcode": 45009}'), ("wecom-desk", "failed", "errcode_45009")),  # too many
        ((200, '{"errcode": -1}'), ("wecom-desk", "failed", "errcode_-1")),  # busy
        ((200, '{"errcode": 40058}'), ("by-hand", "queued", "errcode_40058")),  # bad message
        ((200, '{"errcode": 93000}'), ("by-hand", "queued", "errcode_93000")),  # no such robot
        ((500, "oh"), ("wecom-desk", "failed", "http_500")),
        ((404, ""), ("by-hand", "queued", "http_404")),
        ((200, "<html>hello</html>"), ("wecom-desk", "unknown", "nonsense")),
        ((200, ""), ("wecom-desk", "unknown", "nonsense")),
        ((200, "[]"), ("wecom-desk", "unknown", "nonsense")),
        ((200, '{"errmsg": "ok"}'), ("wecom-desk", "unknown", "nonsense")),
        ((200, '{"errcode": null}'), ("wecom-desk", "unknown", "nonsense")),
        ((200, '{"errcode": {"a": 1}}'), ("wecom-desk", "unknown", "nonsense")),
        ((200, '{"errcode": "none"}'), ("wecom-desk", "unknown", "nonsense")),
    ],
)
def test_the_robot_s_answer_decides_and_not_the_http_status(
    wired: House,
    place: Place,
    hook: Any,
    rows: Rows,
    answer: tuple[int, str],
    expected: tuple[str, str, str],
) -> None:
    hook.answers = [answer]
    place()
    send_waiting()
    assert len(hook.received) == 1
    assert state_of(rows, "coordinators") == expected


def test_the_robot_is_told_in_one_text_under_its_key(wired: House, place: Place, hook: Any) -> None:
    number = place()
    send_waiting()
    (post,) = hook.received
    assert post.path == "/cgi-bin/webhook/send?key=robot-key-1234"
    assert post.json == {
        "msgtype": "text",
        "text": {
            "content": f"【新诉求请受理（{number}）】\n"
            f"新诉求 {number}，请受理（第三网格）。\n“三号院门口的路灯不亮”"
        },
    }


def test_a_refused_message_is_handed_to_a_person_with_the_reason(
    wired: House, place: Place, hook: Any
) -> None:
    hook.answers = [(200, '{"errcode": 40058}')]
    number = place(by="resident", resident="", phone="")
    send_waiting()
    (errand,) = errands()
    assert (errand.number, errand.name) == (number, "社区干部")
    assert errand.note == "wecom-desk: errcode_40058"
    assert not errand.doubtful
    assert send_waiting() == {}


def test_a_silent_robot_leaves_a_doubt_that_a_person_settles(
    wired: House,
    place: Place,
    hook: Any,
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(robots, "TIMEOUT", 0.2)
    hook.answers = ["hang"]
    place(resident="", phone="")
    assert send_waiting() == {"unknown": 1}
    assert state_of(rows, "coordinators") == ("wecom-desk", "unknown", "timeout")
    (errand,) = errands()
    assert errand.doubtful
    with clock_at(MONDAY + timedelta(days=1)):
        assert send_waiting() == {}  # never a second time by itself
        assert mark_told([errand.id], "staff-2") == 1
    assert errands() == []


def test_a_robot_that_is_not_there_is_tried_again(
    wired: House, settle: Settle, place: Place, rows: Rows, free_port: int
) -> None:
    settle(channels={"wecom_desk": f"wecomrobot://127.0.0.1:{free_port}/key?secure=no"})
    place()
    send_waiting()
    assert state_of(rows, "coordinators") == ("wecom-desk", "failed", "no_connection")


# --- trying again -------------------------------------------------------------------------------------


def test_a_failing_webhook_is_tried_again_after_growing_waits_and_then_given_to_a_person(
    wired: House, place_at: PlaceAt, hook: Any, rows: Rows
) -> None:
    hook.fine = (503, "later")
    now = MONDAY
    place_at("assigned", by="staff-1")
    assert send_waiting() == {"failed": 1}
    for minutes in (1, 5, 15, 60, 240, 720):
        with clock_at(now + timedelta(minutes=minutes, seconds=-1)):
            assert send_waiting() == {}, f"before its {minutes} minutes"
        now += timedelta(minutes=minutes)
        with clock_at(now):
            assert send_waiting() == {"failed": 1}
    assert len(hook.received) == 7
    assert len({post.headers["X-Idempotency-Key"] for post in hook.received}) == 1
    assert state_of(rows, "handler")[:2] == ("by-hand", "queued")
    (errand,) = [errand for errand in errands() if errand.audience == "handler"]
    assert (errand.name, errand.phone) == ("供电所", "0893-0000053")
    assert errand.note == "webhook: http_503"
    with clock_at(now + timedelta(days=9)):
        assert send_waiting() == {}


def test_a_webhook_that_recovers_gets_it_and_nobody_is_bothered(
    wired: House, place_at: PlaceAt, hook: Any, rows: Rows
) -> None:
    hook.answers = [(500, "")]
    place_at("assigned", by="staff-1")
    send_waiting()
    with clock_at(MONDAY + timedelta(minutes=1)):
        assert send_waiting() == {"accepted": 1}
    assert state_of(rows, "handler") == ("webhook", "accepted", "")
    assert [errand.audience for errand in errands()] == ["resident"]


def test_a_hanging_channel_does_not_stop_the_others(
    wired: House,
    settle: Settle,
    place_at: PlaceAt,
    hook: Any,
    mailbox: Any,
    rows: Rows,
) -> None:
    settle(channels={"webhook": f"json://{hook.host}/hook?rto=0.2&cto=0.2", "mail": mailbox.url})
    hook.answers = ["hang"]
    place_at("assigned", by="staff-1")  # the webhook is first in the queue
    place_at("placed", by="staff-1", **BY_MAIL)
    assert send_waiting() == {"failed": 1, "accepted": 1}
    assert len(mailbox.letters) == 1
    assert state_of(rows, "handler")[:2] == ("webhook", "failed")  # its key makes twice harmless


def test_a_plugin_that_breaks_does_not_stop_the_others(
    wired: House, place_at: PlaceAt, mailbox: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(plugin: Any, _given: Any) -> Outcome:
        raise ZeroDivisionError(plugin.url())

    monkeypatch.setattr(channels.webhook, "post", explode)
    place_at("assigned", by="staff-1")
    place_at("placed", by="staff-1", **BY_MAIL)
    assert send_waiting() == {"unknown": 1, "accepted": 1}
    assert state_of(rows, "handler") == ("webhook", "unknown", "ZeroDivisionError")


def test_a_template_that_broke_meanwhile_does_not_stop_the_others(
    wired: House,
    place_at: PlaceAt,
    mailbox: Any,
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
    templates_without: Callable[[str], Path],
) -> None:
    place_at("assigned", by="staff-1")
    place_at("placed", by="staff-1", **BY_MAIL)
    with monkeypatch.context() as patch:  # until somebody has put the template back
        folder = templates_without("order_assigned/handler.j2")
        patch.setattr("tasks.rendering.TEMPLATES", folder)
        assert send_waiting() == {"failed": 1, "accepted": 1}
    assert state_of(rows, "handler") == ("webhook", "failed", "bad_template")
    assert len(mailbox.letters) == 1
    with clock_at(MONDAY + timedelta(minutes=1)):
        assert send_waiting() == {"accepted": 1}


@pytest.mark.parametrize(
    ("url", "note"),
    [
        (None, "webhook: channel_not_set_up"),  # taken out of the settings meanwhile
        ("nonsense://", "webhook: bad_channel_url"),
    ],
)
def test_a_channel_that_is_set_up_wrongly_hands_over_at_once(
    wired: House, settle: Settle, place_at: PlaceAt, url: str | None, note: str
) -> None:
    place_at("assigned", by="staff-1")
    settle(channels={"webhook": url} if url else {})
    assert send_waiting() == {"refused": 1}
    assert [one.note for one in errands() if one.audience == "handler"] == [note]


# --- addresses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "13900000001",
        "not an address",
        "a@example.org, b@example.org",  # one message, one recipient
        "a@example.org;b@example.org",
        "a@example.org%2Cb@example.org",
        "a@example.org&cc=b@example.org&smtp=evil.example.org",
        "甲 <a@example.org>",
        "@example.org",
        "",
    ],
)
def test_a_mail_address_that_is_none_is_refused_at_the_desk(
    wired: House, place: Place, rows: Rows, address: str
) -> None:
    with pytest.raises(BadInput, match="渠道地址（address）.*邮箱"):
        place(channel="mail", address=address)
    assert rows(Message) == []


def test_a_recipient_s_address_is_a_value_and_sets_no_header(
    wired: House, place: Place, hook: Any
) -> None:
    place(channel="webhook", address="x&+X-Evil=1&rto=99#", by="staff-1")
    send_waiting()
    (post,) = hook.received
    assert post.json["recipient"] == "x&+X-Evil=1&rto=99#"
    assert "X-Evil" not in post.headers


def test_a_member_of_the_configuration_without_a_real_mail_address_is_called(
    wired: House,
    settle: Settle,
    community: Callable[..., Path],
    place_at: PlaceAt,
    rows: Rows,
) -> None:
    unit = {"contacts": [{"channel": "mail", "address": "供电所值班室"}]}
    settle(config=community({"handlers.yaml": {"units": {"unit-power": unit}}}))
    place_at("assigned", by="staff-1")
    assert send_waiting() == {"refused": 1}
    assert state_of(rows, "handler") == ("by-hand", "queued", "no_address")


# --- senders that die, senders that race ----------------------------------------------------------------


class Killed(BaseException):
    """Stands for the end of the process."""


def die_after_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "write_down", die)
        with pytest.raises(Killed):
            send_waiting()


def test_a_webhook_whose_sender_died_is_sent_again_under_the_same_key(
    wired: House, place_at: PlaceAt, hook: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_at("assigned", by="staff-1")
    die_after_sending(monkeypatch)
    assert state_of(rows, "handler")[:2] == ("webhook", "sending")
    assert send_waiting() == {}  # perhaps it is only slow
    with clock_at(MONDAY + timedelta(minutes=2)):
        assert send_waiting() == {}
    with clock_at(MONDAY + timedelta(minutes=2, seconds=1)):
        assert send_waiting() == {"accepted": 1}
    keys = [post.headers["X-Idempotency-Key"] for post in hook.received]
    assert keys == ["order_assigned:A-2026-0001:v3:handler:unit-power"] * 2


def test_a_mail_whose_sender_died_is_not_sent_again_but_asked_about(
    wired: House, place: Place, mailbox: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(by="staff-1", **BY_MAIL)
    die_after_sending(monkeypatch)
    with clock_at(MONDAY + timedelta(minutes=3)):
        assert send_waiting() == {}
        assert state_of(rows, "resident") == ("mail", "unknown", "sender_died")
        (errand,) = errands()
        assert send_waiting() == {}
    assert [(step.attempt, step.state, step.code) for step in rows(MessageStep)] == [
        (1, "unknown", "sender_died")  # once in its life, however often somebody looks
    ]
    assert (errand.name, errand.phone, errand.doubtful) == ("居民甲", "13900000001", True)
    assert len(mailbox.letters) == 1


def test_a_slow_sender_does_not_overwrite_what_the_next_one_achieved(
    wired: House, place_at: PlaceAt, hook: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_at("assigned", by="staff-1")
    send = outbox._send

    def slowly(letter: Any) -> Outcome:
        with monkeypatch.context() as patch, clock_at(MONDAY + timedelta(minutes=3)):
            patch.setattr(outbox, "_send", send)
            assert send_waiting() == {"accepted": 1}
        return Outcome(MessageState.FAILED, "too late")

    monkeypatch.setattr(outbox, "_send", slowly)
    send_waiting()
    assert state_of(rows, "handler") == ("webhook", "accepted", "")


def test_a_slow_sender_does_not_answer_for_the_next_one_that_is_still_at_it(
    wired: House, place_at: PlaceAt, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_at("assigned", by="staff-1")
    write_down = outbox.write_down
    slow: list[Any] = []

    def send_slowly(letter: Any) -> Outcome:
        slow.append(letter)
        with clock_at(MONDAY + timedelta(minutes=3)):
            if len(slow) == 1:
                send_waiting()
            else:  # the slow one comes back just now, while the next one is sending
                write_down([(slow[0], Outcome(MessageState.REFUSED, "late"))])
        return Outcome(MessageState.ACCEPTED)

    monkeypatch.setattr(outbox, "_send", send_slowly)
    send_waiting()
    assert state_of(rows, "handler") == ("webhook", "accepted", "")
    assert rows(Message)[-1].attempts == 2


def test_a_slow_sender_does_not_undo_what_a_person_has_ticked_off(
    wired: House, place: Place, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(by="staff-1", **BY_MAIL)

    def send_slowly(_letter: Any) -> Outcome:
        with clock_at(MONDAY + timedelta(minutes=3)):
            assert send_waiting() == {}  # gives the lease up: nobody knows whether it arrived
            assert mark_told([errands()[0].id], "staff-2") == 1
        return Outcome(MessageState.FAILED)

    monkeypatch.setattr(outbox, "_send", send_slowly)
    send_waiting()
    assert state_of(rows, "resident") == ("mail", "delivered", "told_by:staff-2")


def test_a_robot_gets_no_more_than_its_provider_takes_in_a_minute(
    wired: House, place: Place, hook: Any
) -> None:
    for _ in range(25):
        place()
    assert send_waiting() == {"accepted": 20}
    with clock_at(MONDAY + timedelta(seconds=59)):
        assert send_waiting() == {}
    with clock_at(MONDAY + timedelta(seconds=61)):
        assert send_waiting() == {"accepted": 5}


def test_every_attempt_stands_in_the_life_of_a_message(
    wired: House, place_at: PlaceAt, hook: Any, rows: Rows
) -> None:
    hook.answers = [(503, "later")]
    place_at("assigned", by="staff-1")
    send_waiting()
    with clock_at(MONDAY + timedelta(minutes=1)):
        send_waiting()
    steps = [(one.attempt, one.channel, one.state.value) for one in rows(MessageStep)]
    assert steps == [(1, "webhook", "failed"), (2, "webhook", "accepted")]
    assert rows(MessageStep)[1].at == MONDAY + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("attempts", "asked", "least", "most"),
    [
        (1, None, 60, 72),
        (2, None, 300, 360),
        (6, None, 43_200, 51_840),
        (1, 3600, 3600, 3600),  # the provider asks for more than we would wait
        (3, 5, 900, 1080),  # and for less
    ],
)
def test_waits_grow_a_little_unevenly_and_are_never_less_than_the_provider_asks(
    monkeypatch: pytest.MonkeyPatch, attempts: int, asked: float | None, least: int, most: int
) -> None:
    monkeypatch.setattr(leases, "JITTER", 0.2)
    letter = Letter(1, attempts, "webhook", ChannelKind.WEBHOOK, "x", None, "key")
    outcome = Outcome(MessageState.FAILED, "http_503", retry_after=asked)
    waits = {leases._wait(letter, outcome).total_seconds() for _ in range(50)}
    assert least <= min(waits) and max(waits) <= most
    assert asked == 3600 or len(waits) > 1


def test_the_rest_of_a_lease_is_handed_back_when_its_endpoint_is_slow(
    wired: House, place: Place, hook: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PATIENCE", 0)
    for guest in range(3):
        place(channel="webhook", address="x", phone=f"139000000{guest:02}", by="staff-1")
    assert send_waiting(most=2) == {"accepted": 2}
    waiting = [one for one in rows(Message) if one.channel == "webhook" and one.ended_at is None]
    assert [(one.state.value, one.attempts) for one in waiting] == [("queued", 0)]


def test_who_is_late_hands_back_nothing_that_another_sender_has_by_now(
    wired: House, place: Place, rows: Rows
) -> None:
    place(channel="webhook", address="x", by="staff-1")
    slow = lease("webhook", 1)
    with clock_at(MONDAY + timedelta(minutes=3)):
        give_up_leases()
        following = lease("webhook", 1)
        hand_back(slow)
        assert lease("webhook", 1) == []  # the following one is sending it
        hand_back(following)
        assert [one.attempts for one in lease("webhook", 1)] == [2]


def test_a_channel_that_hangs_holds_up_no_other_for_longer_than_they_need(
    wired: House, settle: Settle, place: Place, hook: Any, mailbox: Any
) -> None:
    settle(channels={"webhook": f"json://{hook.host}/hook?rto=9&cto=9", "mail": mailbox.url})
    hook.answers = ["hang"]
    place(channel="webhook", address="x", by="staff-1")
    place(phone="13900000002", by="staff-1", **BY_MAIL)
    sender = threading.Thread(target=send_waiting)
    sender.start()
    assert mailbox.came.wait(8)  # while the webhook hangs
    assert sender.is_alive()
    hook.is_over.set()
    sender.join()


def test_what_one_channel_refuses_goes_out_on_the_next_and_each_is_tried_once(
    sqlite_house: House,
    settle: Settle,
    community: Callable[..., Path],
    place_at: PlaceAt,
    hook: Any,
    mailbox: Any,
    rows: Rows,
) -> None:
    ways = [
        {"channel": "wecom-desk"},
        {"channel": "mail", "address": "power@example.org"},
        {"channel": "by-hand"},
    ]
    settle(
        config=community({"handlers.yaml": {"units": {"unit-power": {"contacts": ways}}}}),
        channels={
            "mail": mailbox.url,
            "wecom_desk": f"wecomrobot://{hook.host}/key?secure=no",
        },
    )
    hook.fine = (200, '{"errcode": 93000}')  # no such robot
    place_at("assigned", by="staff-1")
    assert send_waiting() == {"refused": 1, "accepted": 1}
    assert state_of(rows, "handler") == ("mail", "accepted", "")
    assert rows(Message)[-1].reason == "wecom-desk: errcode_93000"
    (letter,) = mailbox.letters
    assert letter.to == ["power@example.org"]


DOWN = Outcome(MessageState.FAILED, "no_connection", is_down=True)
FINE = Outcome(MessageState.ACCEPTED)


def test_a_provider_that_is_down_rests_for_growing_spells_and_works_on_when_it_is_back(
    database: House, settle: Settle, place: Place, hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(channels={"webhook": f"json://{hook.host}/hook"})
    for guest in range(30):
        place(channel="webhook", address="x", phone=f"139000000{guest:02}", by="staff-1")
    tries: list[str] = []

    def send(letter: Any) -> Outcome:
        tries.append(letter.key)
        return DOWN if len(tries) <= 5 else FINE

    monkeypatch.setattr(outbox, "_send", send)
    assert send_waiting() == {"failed": 3}
    assert send_waiting() == {}  # and the other messages have lost no attempt
    assert resting(MONDAY) == {"webhook": MONDAY + timedelta(minutes=1)}
    now = MONDAY
    for minutes, said in ((1, {"failed": 1}), (2, {"failed": 1})):
        now += timedelta(minutes=minutes)
        with clock_at(now):
            assert send_waiting() == said
    with clock_at(now + timedelta(minutes=4)):
        assert send_waiting() == {"accepted": 30}
        assert resting(now + timedelta(minutes=4)) == {}


def test_what_waits_too_long_for_a_provider_that_rests_goes_another_way(
    wired: House, place_at: PlaceAt, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_send", lambda _letter: DOWN)
    monkeypatch.setattr("tasks.resting.FIRST_REST", timedelta(days=2))
    monkeypatch.setattr("tasks.resting.LONGEST_REST", timedelta(days=2))
    for _ in range(4):
        place_at("assigned", by="staff-1")
    send_waiting()
    with clock_at(MONDAY + timedelta(hours=11)):
        send_waiting()
        assert state_of(rows, "handler")[:2] == ("webhook", "queued")
    with clock_at(MONDAY + timedelta(hours=13)):
        send_waiting()
    assert state_of(rows, "handler")[:2] == ("by-hand", "queued")
    assert {one.note for one in errands() if one.audience == "handler"} == {
        "webhook: provider_rests"
    }


def test_what_waits_for_two_providers_that_rest_ends_in_somebodys_hands(
    wired: House,
    settle: Settle,
    community: Callable[..., Path],
    place_at: PlaceAt,
    rows: Rows,
    mailbox: Any,
    hook: Any,
) -> None:
    ways = [{"channel": "webhook", "address": "p"}, {"channel": "mail", "address": "p@example.org"}]
    settle(
        config=community({"handlers.yaml": {"units": {"unit-power": {"contacts": ways}}}}),
        channels={"webhook": f"json://{hook.host}/hook", "mail": mailbox.url},
    )
    place_at("assigned", by="staff-1")
    for hours in (13, 26, 39):
        with clock_at(MONDAY + timedelta(hours=hours)):
            with transaction(house().database) as session:
                for channel in ("webhook", "mail"):
                    until = MONDAY + timedelta(hours=hours, minutes=5)
                    session.merge(Provider(channel=channel, failures=9, rests_until=until))
            assert send_waiting() == {}
    assert state_of(rows, "handler") == ("by-hand", "queued", "provider_rests")


def test_two_senders_at_once_send_each_message_once(
    database: House, settle: Settle, place: Place, hook: Any, rows: Rows
) -> None:
    settle(channels={"webhook": f"json://{hook.host}/hook"})
    for guest in range(12):
        place(channel="webhook", address="x", phone=f"139000000{guest:02}", by="staff-1")
    start = threading.Barrier(2)
    counts: list[dict[str, int]] = []

    def send_all() -> None:
        start.wait()
        counts.append(send_waiting())

    senders = [threading.Thread(target=send_all) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sum(count.get("accepted", 0) for count in counts) == 12
    keys = [post.headers["X-Idempotency-Key"] for post in hook.received]
    assert (len(keys), len(set(keys))) == (12, 12)
    assert {message.state.value for message in rows(Message)} == {"accepted"}


def test_a_message_is_sent_with_no_transaction_open(
    wired: House, place_at: PlaceAt, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_at("assigned", by="staff-1")
    placed_meanwhile: list[str] = []

    def send(*_: object) -> Outcome:
        placed_meanwhile.append(place())  # would wait for half a minute, then fail
        return Outcome(MessageState.ACCEPTED)

    monkeypatch.setattr(outbox, "send", send)
    assert send_waiting(most=1) == {"accepted": 1}
    assert len(placed_meanwhile) == 1


def test_words_arrive_as_they_were_written(
    wired: House, place: Place, mailbox: Any, rows: Rows
) -> None:
    words = "<b>灯</b> {{ 7*7 }} :smile: \\n %s ལམ 🏮 'DROP TABLE orders;--"
    place(words=words, by="staff-1", **BY_MAIL)
    send_waiting()
    (letter,) = mailbox.letters
    assert f"“{words}”" in letter.body


def test_send_gives_outcomes_for_whatever_it_is_handed() -> None:
    text = Text("题", "文")
    for url in ("", "no url", "json://", "mailto://", "wecomrobot://"):
        outcome = channels.send(ChannelKind.APPRISE, url, "", text, "key")
        assert outcome.state in (MessageState.REFUSED, MessageState.FAILED), url


def test_nothing_in_the_messages_table_is_longer_than_its_column(
    wired: House, place: Place, hook: Any
) -> None:
    hook.answers = [(200, '{"errcode": ' + "9" * 60 + "}")]
    place()
    send_waiting()
    with reading(wired.database) as session:
        assert all(len(m.reason) <= 500 for m in session.exec(select(Message)))


# --- at night -------------------------------------------------------------------------------------


def at_night(local: str) -> Any:
    """A clock that stands at "14 21:30" of September 2026 in Shanghai."""
    moment = datetime.fromisoformat(f"2026-09-{local}+08:00")
    return clock_at(moment)


@pytest.mark.parametrize(
    ("urgency", "late", "early"), [("normal", [], ["power-7"]), ("urgent", ["power-7"], [])]
)
def test_a_reminder_that_failed_in_the_evening_is_tried_again_in_the_morning(
    wired: House, place_at: PlaceAt, hook: Any, urgency: str, late: list[str], early: list[str]
) -> None:
    place_at("assigned", urgency=urgency)
    send_waiting()
    with clock_at(datetime(2026, 9, 15, 12, 50, tzinfo=UTC)):  # 20:50: it is overdue since 10:00
        sweep_clocks()
        gather_reminders()
        hook.answers = [(500, "down")]
        send_waiting()
    hook.received.clear()
    with at_night("15 21:30"):
        send_waiting()
        assert [post.json["recipient"] for post in hook.received] == late
        assert not anything_due()
    hook.received.clear()
    with at_night("16 07:59"):
        send_waiting()
    assert hook.received == []
    with at_night("16 08:00"):
        send_waiting()
    assert [post.json["recipient"] for post in hook.received] == early


def test_what_somebody_waits_for_is_sent_at_night_too(
    wired: House, place_at: PlaceAt, hook: Any
) -> None:
    with at_night("14 23:00"):
        place_at("assigned")
        send_waiting()
    assert "power-7" in [post.json.get("recipient") for post in hook.received]
