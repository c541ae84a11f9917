"""Short messages: an approved template, this message's values, and a gateway's answers told apart."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.catalog import CatalogError, ChannelKind, load_catalog
from tasks.channels import KNOWS_DOUBLES, Outcome, send, sms
from tasks.errors import BadInput, BadTemplates
from tasks.house import House, house
from tasks.models.enums import MessageState
from tasks.models.tables import Message
from tasks.outbox import send_waiting
from tasks.preview import previews
from tasks.rendering import Short, Text
from tasks.short_messages import check_short_messages

ACCEPTED, FAILED, REFUSED, UNKNOWN = (
    *(MessageState.ACCEPTED, MessageState.FAILED, MessageState.REFUSED),
    MessageState.UNKNOWN,
)
Rows = Callable[..., list[Any]]
Community = Callable[..., Path]
PHONE = "13900000001"
SHORT = Text("您的诉求办好了", "【示范社区】办好了", Short("示范社区", "SMS_1", {"number": "A-1"}))
DONE = {
    "event": "order_done",
    "audience": "resident",
    "id": "SMS_1002",
    "text": "您的${kind}（${number}）办好了：${reason}，请评价：${link}",
}
ACCEPTED_ORDER = {
    "event": "order_accepted",
    "audience": "resident",
    "id": "SMS_1001",
    "text": "您的${kind}已受理，编号 ${number}，${deadline}前办好。",
}

pytestmark = pytest.mark.usefixtures("monday")


def with_sms(*templates: dict[str, str], **more: Any) -> dict[str, Any]:
    """The example community, whose webhook is a gateway of short messages."""
    sms = {"sign": "示范社区", "templates": list(templates), **more}
    return {"channels.yaml": {"channels": {"webhook": {"name": "短信", "kind": "sms", "sms": sms}}}}


def tell(hook: Any, phone: str = PHONE, text: Text = SHORT) -> Outcome:
    url = f"sms://me:pass@{hook.host}/v1/send?secure=no"
    return send(ChannelKind.SMS, url, phone, text, "order_done:7")


def test_a_gateway_is_told_template_and_values_and_no_text(hook: Any) -> None:
    hook.fine = (200, '{"code": "OK"}')
    assert tell(hook) == Outcome(ACCEPTED)
    (post,) = hook.received
    assert post.path == "/v1/send"
    assert post.headers["Authorization"] == "Basic " + base64.b64encode(b"me:pass").decode()
    assert post.json == {
        "phone": PHONE,
        "sign": "示范社区",
        "template": "SMS_1",
        "params": {"number": "A-1"},
        "out_id": "order_done:7",
    }


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, '{"code": "OK"}'), Outcome(ACCEPTED)),
        ((200, '{"Code": "Ok", "Message": "send success"}'), Outcome(ACCEPTED)),
        # This phone has had enough; another may be written to.
        ((200, '{"code": "isv.BUSINESS_LIMIT_CONTROL"}'), Outcome(FAILED, "too_many", 3600.0)),
        (
            (200, '{"code": "LimitExceeded.PhoneNumberDailyLimit"}'),
            Outcome(FAILED, "too_many", 3600.0),
        ),
        (
            (200, '{"code": "isv.DAY_LIMIT_CONTROL"}'),
            Outcome(FAILED, "sms_limit", 3600.0, True),
        ),
        ((200, '{"code": "InternalError.Timeout"}'), Outcome(FAILED, "provider_busy", None, True)),
        (
            (200, '{"code": "isv.MOBILE_NUMBER_ILLEGAL"}'),
            Outcome(REFUSED, "bad_phone", bad_address=True),
        ),
        (
            (200, '{"code": "FailedOperation.PhoneNumberInBlacklist"}'),
            Outcome(REFUSED, "phone_blocked", bad_address=True),
        ),
        ((200, '{"code": "isv.SMS_TEMPLATE_ILLEGAL"}'), Outcome(REFUSED, "bad_sms_template")),
        # Nobody waits for money: the message goes another way, and the gateway rests.
        ((200, '{"code": "isv.AMOUNT_NOT_ENOUGH"}'), Outcome(REFUSED, "no_money", None, True)),
        ((403, '{"code": "SignatureDoesNotMatch"}'), Outcome(REFUSED, "not_allowed", None, True)),
        ((200, '{"code": "isv.NEWS"}'), Outcome(REFUSED, "errcode_isv.NEWS")),
        ((200, "<html>"), Outcome(UNKNOWN, "nonsense")),
        ((400, "no"), Outcome(REFUSED, "http_400")),
        ((429, '{"code": "OK"}', {"Retry-After": "7"}), Outcome(FAILED, "http_429", 7.0, True)),
        ((503, '{"code": "isv.NEWS"}'), Outcome(FAILED, "http_503", None, True)),
        ((302, '{"code": "OK"}'), Outcome(REFUSED, "http_302")),
        # It may have been sent, and nobody there would know it again.
        ("reset", Outcome(UNKNOWN, "connection_lost", None, True)),
        ("hang", Outcome(UNKNOWN, "timeout", None, True)),
    ],
)
def test_a_gateway_s_answers_are_told_apart(
    hook: Any, monkeypatch: pytest.MonkeyPatch, answer: Any, expected: Outcome
) -> None:
    monkeypatch.setattr(sms, "TIMEOUT", 0.3)
    hook.answers = [answer]
    assert tell(hook) == expected
    assert len(hook.received) == 1
    assert ChannelKind.SMS not in KNOWS_DOUBLES


@pytest.mark.parametrize(
    "phone", ["", "0893-0000000", "+8613900000001", "12900000001", "1390000000", f"{PHONE},{PHONE}"]
)
def test_only_a_mainland_mobile_is_written_to(hook: Any, phone: str) -> None:
    assert tell(hook, phone) == Outcome(REFUSED, "no_address")
    assert hook.received == []


def test_what_no_template_was_approved_for_is_not_sent_as_text(hook: Any) -> None:
    assert tell(hook, text=Text("题", "文")) == Outcome(REFUSED, "no_sms_template")
    assert hook.received == []


# --- from an order to a phone -----------------------------------------------------------------------


def test_a_resident_is_written_to_by_template_and_otherwise_called(
    database: House,
    settle: Callable[..., House],
    community: Community,
    hook: Any,
    place_at: Callable[..., str],
    rows: Rows,
) -> None:
    hook.fine = (200, '{"code": "OK"}')
    settle(
        config=community(with_sms(DONE, ACCEPTED_ORDER)),
        channels={"webhook": f"sms://{hook.host}/send?secure=no"},
        channel_secrets={"webhook": "shared"},
    )
    place_at("done", channel="webhook", phone=PHONE)
    send_waiting()
    posts = {post.json["template"]: post for post in hook.received}
    assert set(posts) == {"SMS_1001", "SMS_1002"}
    first = posts["SMS_1001"].json
    assert first["phone"] == PHONE
    assert first["params"]["kind"] == "诉求"
    assert first["params"]["number"] == "A-2026-0001"
    assert first["params"]["deadline"].startswith("9月")  # in the words of the local clock
    link = posts["SMS_1002"].json["params"]["link"]
    assert link.startswith("https://") and "…" not in link
    assert all(post.headers["X-Diandan-Signature"] for post in hook.received)
    told = {m.event.value: m for m in rows(Message) if m.audience.value == "resident"}
    assert told["order_done"].state is ACCEPTED
    assert told["order_assigned"].channel == "by-hand"  # no template for it: a person says it


@pytest.mark.parametrize(
    ("kind", "values", "problem"),
    [
        ("sms", {"phone": "0893-4820000"}, "短信要写一个 11 位手机号。"),
        ("sms", {"phone": PHONE, "address": "jia"}, "短信要写一个 11 位手机号。"),
        ("wecom_app", {"phone": PHONE}, "要写居民在企业微信里的账号（userid）。"),
    ],
)
def test_a_channel_that_cannot_reach_a_resident_is_refused_at_the_desk(
    sqlite_house: House,
    settle: Callable[..., House],
    community: Community,
    place: Callable[..., str],
    kind: str,
    values: dict[str, str],
    problem: str,
) -> None:
    wecom = {"channels.yaml": {"channels": {"webhook": {"kind": "wecom_app"}}}}
    settle(config=community(with_sms(DONE) if kind == "sms" else wecom))
    with pytest.raises(BadInput, match=problem):
        place(channel="webhook", **values)


def test_a_value_is_one_line_within_its_limit_and_a_link_is_never_cut(
    sqlite_house: House, settle: Callable[..., House], community: Community
) -> None:
    settle(config=community(with_sms(DONE, longest=6)))
    (shown,) = previews("order_done", channel="sms", audience="resident")
    assert shown.text.short is not None
    assert shown.text.short.params == {
        "kind": "诉求",
        "number": "A-2026-0012",
        "reason": "灯杆要换，…",
        "link": "https://diandan.example.org/r/3vT9-kQ",
    }
    assert shown.text.body == (
        "【示范社区】您的诉求（A-2026-0012）办好了：灯杆要换，…，"
        "请评价：https://diandan.example.org/r/3vT9-kQ"
    )
    assert shown.sms_parts == 2  # 74 signs with the signature


def test_a_gateway_s_template_of_the_reader_s_language_comes_first(
    sqlite_house: House, settle: Callable[..., House], community: Community
) -> None:
    english = {**DONE, "locale": "en", "id": "SMS_9", "text": "Your ${kind} ${number} is done."}
    settle(config=community(with_sms(DONE, english)))
    (shown,) = previews("order_done", locale="en", channel="短信", audience="resident")
    assert shown.text.body == "【示范社区】Your request A-2026-0012 is done."
    (other,) = previews("order_done", channel="by_hand", audience="resident")
    assert other.text.short is None and other.sms_parts == 0


# --- before anybody is written to -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"text": "${nickname} 好"}, "没有 nickname 这个值，可以用：community、"),
        ({"text": "${lines}"}, "没有 lines 这个值"),
        ({"audience": "donor"}, "没有 order_done/donor 这种消息，order_done 可以告诉：resident。"),
        ({"event": "order_lost"}, "没有 order_lost/resident 这种消息"),
    ],
)
def test_a_template_that_nothing_would_be_sent_by_is_named(
    sqlite_house: House,
    settle: Callable[..., House],
    community: Community,
    changes: dict[str, str],
    problem: str,
) -> None:
    settle(config=community(with_sms({**DONE, **changes})))
    with pytest.raises(BadTemplates) as caught:
        check_short_messages(house().description)
    (line,) = caught.value.lines
    assert line.startswith("channels.yaml 渠道“短信”的短信模板 SMS_1002：")
    assert problem in line


def test_what_is_right_is_not_spoken_of(
    sqlite_house: House, settle: Callable[..., House], community: Community
) -> None:
    settle(config=community(with_sms(DONE, ACCEPTED_ORDER)))
    check_short_messages(house().description)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"channels.yaml": {"channels": {"webhook": {"kind": "sms"}}}},
            "没有写短信签名和模板",
        ),
        (
            {"channels.yaml": {"channels": {"webhook": {"sms": {"sign": "示范"}}}}},
            "不该有 sms",
        ),
        (with_sms(DONE, dict(DONE)), "给 order_done/resident 写了两个模板"),
        (
            {
                **with_sms(DONE),
                "people.yaml": {"staff": {"staff-1": {"contacts": [{"channel": "webhook"}]}}},
            },
            '的渠道 "webhook" 没有写手机号',
        ),
        (
            {
                **with_sms(DONE),
                "people.yaml": {
                    "staff": {
                        "staff-1": {"contacts": [{"channel": "webhook", "address": "0893-1"}]}
                    }
                },
            },
            '的手机号 "0893-1" 发不了短信',
        ),
        (
            {
                "channels.yaml": {"channels": {"webhook": {"kind": "wecom_app"}}},
                "people.yaml": {"staff": {"staff-1": {"contacts": [{"channel": "webhook"}]}}},
            },
            '的渠道 "webhook" 没有写企业微信账号',
        ),
    ],
)
def test_a_slip_in_the_channels_is_named(
    community: Community, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        load_catalog(community(changes))
    (mistake,) = caught.value.mistakes
    assert problem in mistake.problem and mistake.remedy
