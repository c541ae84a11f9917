"""向群众发声: whom it reaches, each once; what stays literal; what is stopped; what nobody is called about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from sqlmodel import select

from tasks import broadcasts
from tasks.arrivals import undelivered
from tasks.brief import standing
from tasks.broadcast_preview import Draft, preview_broadcast
from tasks.broadcasts import broadcasts_json, call_off, send_broadcast
from tasks.by_hand import count_errands, errands, mark_told
from tasks.choices import NewChoice, set_choice
from tasks.clock import clock_at
from tasks.db import transaction
from tasks.errors import BadInput, BroadcastOver, UnknownBroadcast, UnknownId
from tasks.house import House, house
from tasks.lapses import end_expired
from tasks.models.broadcast_tables import Broadcast
from tasks.models.enums import Audience, MessageState
from tasks.models.tables import Member, Message, Resident
from tasks.muting import lift, mute
from tasks.outbox import send_waiting
from tasks.requests import broadcast_for
from tasks.retention import forget_residents
from tasks.views import life_of_message, messages_json

Rows = Callable[..., list[Any]]
MONDAY = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
NIGHT = datetime(2026, 9, 14, 14, 0, tzinfo=UTC)  # 22:00 in Shanghai
MORNING = datetime(2026, 9, 15, 0, 0, tzinfo=UTC)
NEARBY = ["第三网格商户群", "第三网格房东群", "第三网格居民群"]

pytestmark = pytest.mark.usefixtures("monday")


def say(**changes: Any) -> Any:
    """What a coordinator wants to say to grid 3, unless the test says otherwise."""
    typed = {"to": "grid:3", "title": "停水通知", "text": "九月十五日停水，请存水。", **changes}
    return broadcast_for(typed)


def send(*, by: str = "staff-1", form: str | None = None, **changes: Any) -> Any:
    return send_broadcast(say(**changes), by, form)


def preview(**changes: Any) -> Draft:
    return preview_broadcast(say(**changes))


@pytest.fixture
def post(database: House, settle: Callable[..., House], mailbox: Any) -> Any:
    """There is a server for mail."""
    settle(database=database.database, channels={"mail": mailbox.url})
    return mailbox


@pytest.fixture
def lives(place: Callable[..., str]) -> Callable[..., None]:
    """A resident with an order in grid 3, on mail unless the test says otherwise."""

    def live(name: str, **values: Any) -> None:
        on_mail = {"channel": "mail", "address": f"{name}@example.org", "phone": ""}
        place(resident=name, **{**on_mail, **values})

    return live


@pytest.fixture
def of_it(rows: Rows) -> Callable[[], list[Message]]:
    """The messages that are of a broadcast."""
    return lambda: [row for row in rows(Message) if row.broadcast_id]


# --- whom it reaches --------------------------------------------------------------------------------


def test_everybody_is_reached_once_and_whoever_is_not_is_counted(
    post: Any, lives: Callable[..., None], of_it: Callable[[], list[Message]]
) -> None:
    lives("jia")
    lives("yi", address="JIA@example.org")  # of the same household
    lives("bing", channel=None, address="", phone="13900000003")
    lives("ding", consent=False)
    lives("wu", grid="grid-1")
    lives("ji", channel=None, address="")
    sent = send()
    assert dict(sent.reach.channels) == {"mail": 1}
    assert sent.reach.groups == NEARBY
    assert (sent.reach.phone_only, sent.reach.no_contact) == (1, 1)
    assert (sent.reach.declined, sent.reach.shared) == (1, 1)
    assert preview().reach == sent.reach
    assert [(m.audience.value, m.recipient, m.channel) for m in of_it()] == [
        ("resident", "1", "mail"),
        *(("groups", id, "by-hand") for id in ("merchants-3", "landlords-3")),
        *(("groups", id, "by-hand") for id in ("residents-3",)),
    ]
    assert {m.key for m in of_it()} >= {"broadcast:1:resident:1", "broadcast:1:groups:residents-3"}


def test_who_wants_no_broadcasts_hears_only_what_is_urgent(
    post: Any, lives: Callable[..., None]
) -> None:
    lives("jia")
    set_choice(Audience.RESIDENT, "1", NewChoice(declined=["broadcast"]), "staff-1")
    reach = send().reach
    assert (dict(reach.channels), reach.declined) == ({}, 1)
    assert dict(send(urgent=True, title="山洪").reach.channels) == {"mail": 1}
    set_choice(Audience.HANDLER, "unit-power", NewChoice(declined=["broadcast"]), "staff-1")
    assert (send(to="units").reach.calls, send(to="units", urgent=True).reach.calls) == (22, 23)


def test_groups_get_a_text_to_copy_each_and_nobody_is_called(
    post: Any, lives: Callable[..., None]
) -> None:
    lives("bing", channel=None, address="", phone="13900000003")
    known = count_errands()
    send()
    told = errands()[known:]
    assert [(one.number, one.name, one.phone) for one in told] == [
        ("群众发声", name, "") for name in NEARBY
    ]
    text = "【停水通知】\n九月十五日停水，请存水。\n\n示范社区，电话 0893-0000000"
    assert {one.public_text for one in told} == {text}
    assert mark_told([one.id for one in told], "staff-1") == 3
    assert broadcasts_json()[0]["delivered"] == 3


@pytest.mark.parametrize(
    ("to", "groups", "calls"),
    [
        ("group:residents-3", 1, 0),
        ("group:第三网格居民群", 1, 0),
        ("grid:第三网格", 3, 0),
        ("grid:grid-3", 3, 0),
        ("all", 20, 0),
        ("units", 0, 23),
    ],
)
def test_a_target_is_a_grid_a_group_or_all_of_a_kind(
    sqlite_house: House, to: str, groups: int, calls: int
) -> None:
    reach = preview(to=to).reach
    assert (len(reach.groups), reach.calls) == (groups, calls)


def test_members_on_a_channel_hear_it_once_and_no_other_member_is_called(
    sqlite_house: House,
    settle: Callable[..., House],
    community: Callable[..., Path],
    of_it: Callable[[], list[Message]],
) -> None:
    members = {
        id: {"contacts": [{"channel": "mail", "address": "one@example.org"}]}
        for id in ("m-241", "m-242")
    }
    folder = community({"people.yaml": {"members": members}})
    settle(config=folder, channels={"mail": "mailto://a@127.0.0.1:9"})
    sent = send(to="members")
    assert [(m.audience.value, m.recipient) for m in of_it()] == [("member", "m-241")]
    assert sent.reach.shared == 1
    assert (sent.reach.phone_only, sent.reach.no_contact) == (34, 243)
    assert not [one for one in errands() if one.number == "群众发声"]


def test_a_group_with_a_robot_is_told_by_it_and_by_a_person_when_it_refuses(
    database: House, settle: Callable[..., House], community: Callable[..., Path], hook: Any
) -> None:
    groups = {"residents-3": {"contacts": [{"channel": "wecom-desk"}]}}
    folder = community({"chat_groups.yaml": {"chat_groups": groups}})
    robot = f"wecomrobot://{hook.host}/KEY?secure=no"
    settle(config=folder, database=database.database, channels={"wecom-desk": robot})
    send(to="group:residents-3")
    assert count_errands() == 0
    hook.answers = [(200, '{"errcode": 93000, "errmsg": "invalid webhook url"}')]
    send_waiting()
    assert hook.received[0].json["text"]["content"].startswith("【停水通知】\n九月十五日停水")
    (one,) = errands()
    assert (one.name, one.note) == ("第三网格居民群", "wecom-desk: errcode_93000")


def test_a_target_that_reaches_nobody_is_refused_and_nothing_is_stored(
    database: House, rows: Rows
) -> None:
    for look in (preview, send):
        with pytest.raises(BadInput, match="“党员”现在没有人收得到"):
            look(to="members")
    assert rows(Broadcast) == rows(Message) == []


def test_english_readers_read_english_where_it_was_written(
    post: Any, lives: Callable[..., None]
) -> None:
    lives("jia")
    lives("smith", language="en")
    send()
    send(title_en="No water", text_en="Please store water.")
    send_waiting()
    said = [(one.to[0], one.subject) for one in post.letters if "编号" not in one.body]
    assert ("smith@example.org", "停水通知") in said
    assert ("smith@example.org", "No water") in said
    assert ("jia@example.org", "No water") not in said
    with pytest.raises(BadInput, match="英文标题和英文内容要都写"):
        preview(title_en="No water")


def test_english_words_are_looked_at_also_while_nobody_reads_them(sqlite_house: House) -> None:
    assert [one.locale for one in preview().readings] == ["zh-CN"]
    chinese, english = preview(title_en="No water", text_en="Please store water.").readings
    assert (chinese.locale, english.locale) == ("zh-CN", "en")
    assert "Please store water." in english.text.body


def test_a_day_that_has_passed_is_no_slip_that_sends_at_once(sqlite_house: House) -> None:
    with pytest.raises(BadInput, match="已经过去了"):
        preview(not_before="2020-01-01T09:00+08:00")
    assert preview(not_before="2026-09-14T09:30+08:00").not_before == MONDAY  # half an hour ago


# --- what is refused, and what stays as it was written ------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"text": ""}, "“内容（text）”没有填"),
        ({"text": " \r\n "}, "“内容（text）”没有填"),
        ({"text": "水" * 100_000}, "“内容（text）”不对：太长了，最多 1000 个字。"),
        ({"text": "水" * 1001}, "太长了，最多 1000 个字。"),
        ({"title": ""}, "“标题（title）”没有填"),
        ({"title": "水" * 61}, "太长了，最多 60 个字。"),
        ({"text_en": "w" * 1001, "title_en": "w"}, "太长了，最多 1000 个字。"),
        ({"to": "everybody"}, "可以写：all、members、units、grid:编号、group:编号。"),
        ({"to": "grid:"}, "可以写：all"),
        ({"to": "all:3"}, "可以写：all"),
        ({"to": "grid:grid-33"}, "没有网格“grid-33”，是否想写“grid-3"),
        ({"to": "group:nobody"}, "没有群“nobody”"),
        ({"last_day": "2026-09-13"}, "最早 09-14 10:00 才发"),
        ({"last_day": "2029-09-13"}, "离现在一年多了"),
        ({"not_before": "2062-09-15T09:00+08:00"}, "离现在一年多了"),
    ],
)
def test_what_cannot_be_said_is_told_in_a_sentence(
    sqlite_house: House, typed: dict[str, Any], sentence: str, rows: Rows
) -> None:
    with pytest.raises((BadInput, UnknownId)) as caught:
        send(**typed)
    assert sentence in str(caught.value)
    assert rows(Broadcast) == []


def test_only_staff_speaks_to_the_people(sqlite_house: House, rows: Rows) -> None:
    with pytest.raises(BadInput, match="要由社区干部来做"):
        send(by="unit-power")
    with pytest.raises(UnknownId):
        send(by="nobody")
    assert rows(Broadcast) == []


STRANGE = "{{ 7*7 }} <script>alert(1)</script> [link](http://x) 电话 13900000009"


def test_words_stay_words_in_a_letter_and_never_become_a_header(
    post: Any, lives: Callable[..., None]
) -> None:
    lives("jia")
    send(title="停水\r\nBcc: all@example.org {{ 7*7 }}", text=f"{STRANGE}\r\n.\r\nQUIT")
    send_waiting()
    letter = post.letters[-1]
    assert letter.subject == "停水 Bcc: all@example.org {{ 7*7 }}"
    assert letter.to == ["jia@example.org"]
    assert "Bcc" not in letter.headers
    assert f"{STRANGE}\n.\nQUIT" in letter.body
    assert letter.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu"])
def test_a_robot_gets_plain_text_and_calls_nobody(
    sqlite_house: House,
    settle: Callable[..., House],
    community: Callable[..., Path],
    hook: Any,
    kind: str,
) -> None:
    channel = {"kind": f"{kind}_robot"}
    groups = {"residents-3": {"contacts": [{"channel": "wecom-desk"}]}}
    changes = {
        "chat_groups.yaml": {"chat_groups": groups},
        "channels.yaml": {"channels": {"wecom-desk": channel}},
    }
    hook.fine = (200, '{"errcode": 0, "code": 0}')
    robot = f"{kind}robot://{hook.host}/KEY?secure=no"
    settle(config=community(changes), channels={"wecom-desk": robot})
    send(to="group:residents-3", text=f'{STRANGE} <at user_id="all">所有人</at>')
    send_waiting()
    sent = hook.received[0].json
    assert (sent.get("msgtype") or sent.get("msg_type")) == "text"
    said = (sent.get("text") or sent["content"]).get("content") or sent["content"]["text"]
    assert STRANGE in said
    assert ('<at user_id="all">' in said) is (kind != "feishu")  # there it would call everybody


def test_the_preview_shows_what_each_kind_of_channel_leaves_of_it(
    sqlite_house: House, settle: Callable[..., House], community: Callable[..., Path]
) -> None:
    groups = {
        "residents-3": {"contacts": [{"channel": "wecom-desk"}]},
    }
    changes = {
        "chat_groups.yaml": {"chat_groups": groups},
    }
    settle(config=community(changes), channels={"wecom-desk": "wecomrobot://127.0.0.1:9/K"})
    found = {one.kind.value: one for one in preview(text="水" * 1000).readings}
    assert set(found) == {"wecom_robot", "by_hand"}
    assert found["wecom_robot"].is_cut
    assert found["wecom_robot"].text.body.endswith("…")
    assert len(found["wecom_robot"].text.body.encode()) <= 2048
    assert "水" * 1000 in found["by_hand"].text.body


def test_short_messages_are_counted_and_go_only_where_there_is_a_template_for_them(
    sqlite_house: House,
    settle: Callable[..., House],
    community: Callable[..., Path],
    lives: Callable[..., None],
) -> None:
    template = {
        "event": "broadcast",
        "audience": "resident",
        "id": "1",
        "text": "${title}：${said}",
    }

    def with_templates(*templates: dict[str, str]) -> dict[str, Any]:
        sms = {"sign": "示范社区", "templates": list(templates), "longest": 100}
        return {"channels.yaml": {"channels": {"webhook": {"kind": "sms", "sms": sms}}}}

    url = {"webhook": "sms://a:b@127.0.0.1:9/send"}
    settle(config=community(with_templates(template)), channels=url)
    lives("jia", channel="webhook", address="", phone="13900000001")
    found = {one.kind.value: one for one in preview(text="水" * 80).readings}
    assert found["sms"].text.body == f"【示范社区】停水通知：{'水' * 80}"
    assert (found["sms"].parts, found["by_hand"].parts) == (2, 0)  # 91 letters, 67 in each
    settle(config=community(with_templates()), channels=url)
    assert preview().reach.phone_only == 1


# --- when ---------------------------------------------------------------------------------------------


def test_at_night_only_what_is_urgent_is_said(
    post: Any, lives: Callable[..., None], of_it: Callable[[], list[Message]]
) -> None:
    lives("jia")
    known = len(post.letters)
    with clock_at(NIGHT):
        assert send().not_before == MORNING
        assert send(urgent=True, title="山洪").not_before == NIGHT
        assert [one.name for one in errands() if "山洪" in one.public_text] == NEARBY
        assert not [one for one in errands() if "停水通知" in one.public_text]
        send_waiting()
    assert [one.subject for one in post.letters[known:] if "编号" not in one.body] == ["山洪"]
    with clock_at(MORNING):
        send_waiting()
        assert [one.name for one in errands() if "停水通知" in one.public_text] == NEARBY
    assert post.letters[-1].subject == "停水通知"


def test_what_is_not_worth_saying_any_more_is_not_said(
    post: Any, lives: Callable[..., None], rows: Rows
) -> None:
    lives("jia")
    send(last_day="2026-09-15")
    letters = len(post.letters)
    with clock_at(MONDAY + timedelta(days=2)):
        send_waiting()
        assert not [one for one in errands() if one.number == "群众发声"]
        assert broadcasts_json()[0]["expired"] == 4
    assert "停水通知" not in [one.subject for one in post.letters[letters:]]
    assert {m.code for m in rows(Message) if m.broadcast_id} == {"expired"}


def test_it_can_be_said_later(post: Any, lives: Callable[..., None]) -> None:
    lives("jia")
    later = "2026-09-20T09:00+08:00"
    assert send(not_before=later).not_before == datetime(2026, 9, 20, 1, tzinfo=UTC)
    send_waiting()
    assert "停水通知" not in [one.subject for one in post.letters]
    with clock_at(datetime(2026, 9, 20, 1, 0, tzinfo=UTC)):
        send_waiting()
    assert post.letters[-1].subject == "停水通知"


# --- calling it off -----------------------------------------------------------------------------------


def test_what_has_not_gone_is_stopped_and_what_has_gone_is_counted(
    post: Any, lives: Callable[..., None], of_it: Callable[[], list[Message]]
) -> None:
    lives("jia")
    send()
    send_waiting()
    off = call_off(1, "staff-2")
    assert (off.stopped, off.gone) == (3, 1)
    assert Counter((m.state.value, m.code) for m in of_it()) == {
        ("accepted", ""): 1,
        ("suppressed", "called_off"): 3,
    }
    (listed,) = broadcasts_json()
    assert (listed["called_off_by"], listed["accepted"], listed["waits"]) == ("staff-2", 1, 0)
    assert life_of_message(of_it()[-1].id or 0)["code"] == "called_off"
    with pytest.raises(BroadcastOver, match="09-14 10:00 已经撤回过"):
        call_off(1, "staff-1")


def test_a_text_that_was_being_forwarded_when_it_was_called_off_can_be_ticked(
    database: House,
) -> None:
    send()
    forwarded = [one.id for one in errands()]
    call_off(1, "staff-1")
    assert mark_told(forwarded[:1], "staff-2") == 1
    assert errands() == []


def test_a_message_in_a_senders_hands_is_stopped_when_it_comes_back(
    post: Any, lives: Callable[..., None], of_it: Callable[[], list[Message]]
) -> None:
    lives("jia")
    send()
    letter = of_it()[0].id
    with transaction(house().database) as session:
        message = session.get_one(Message, letter)
        message.state, message.leased_until = MessageState.SENDING, MONDAY
    assert call_off(1, "staff-1").gone == 1
    assert end_expired() == 0
    with transaction(house().database) as session:
        session.get_one(Message, letter).state = MessageState.FAILED
    assert end_expired() == 1
    (listed,) = broadcasts_json()
    assert (listed["suppressed"], listed["expired"], listed["waits"]) == (3, 1, 0)


@pytest.mark.parametrize("id", [0, -1, 2, 10**12])
def test_nothing_is_called_off_that_was_never_said(database: House, id: int) -> None:
    send()
    with pytest.raises(UnknownBroadcast):
        call_off(id, "staff-1")


def test_what_has_gone_cannot_be_called_off(database: House) -> None:
    send()
    mark_told([one.id for one in errands()], "staff-1")
    with pytest.raises(BroadcastOver, match="没有还没发的"):
        call_off(1, "staff-1")
    with pytest.raises(BadInput, match="撤回要由社区干部来做"):
        call_off(1, "unit-power")


# --- once ---------------------------------------------------------------------------------------------


def test_one_form_says_it_once(database: House, rows: Rows) -> None:
    first = send(form="a-run")
    again = send(form="a-run")
    assert again == first
    assert send(form="another-run").id != first.id
    assert len(rows(Broadcast)) == 2
    assert len(rows(Message)) == 6


def test_who_has_a_muted_address_is_not_counted_as_reached(
    post: Any, lives: Callable[..., None], of_it: Callable[[], list[Message]]
) -> None:
    lives("jia", phone="13900000001")
    lives("yi")
    lives("bing")
    post.replies["RCPT"] = "550 no such user"
    send_waiting()
    post.replies.clear()
    with transaction(house().database) as session:
        lift(session, Audience.RESIDENT, "3")
    sent = send()
    assert dict(sent.reach.channels) == {"mail": 1}
    assert (sent.reach.phone_only, sent.reach.no_contact) == (1, 1)
    assert preview().reach == sent.reach
    assert [one.recipient for one in of_it() if one.audience == "resident"] == ["3"]


@pytest.fixture
def on_sms(
    database: House, settle: Callable[..., House], community: Callable[..., Path], mailbox: Any
) -> Callable[..., None]:
    """Short messages without a template for broadcasts: unit-power and m-241 have these ways."""

    def wire(*ways: str) -> None:
        template = {"event": "order_placed", "audience": "resident", "id": "S", "text": "收到"}
        sms = {"sign": "示范社区", "templates": [template]}
        known = {"webhook": "13900000241", "mail": "b@example.org"}
        contacts = [{"channel": way, "address": known[way]} for way in ways]
        folder = community(
            {
                "channels.yaml": {"channels": {"webhook": {"kind": "sms", "sms": sms}}},
                "handlers.yaml": {"units": {"unit-power": {"contacts": contacts}}},
                "people.yaml": {"members": {"m-241": {"contacts": contacts}}},
            }
        )
        urls = {"webhook": "sms://a:b@127.0.0.1:9/send", "mail": mailbox.url}
        settle(config=folder, database=database.database, channels=urls)
        with transaction(house().database) as session:
            for member in session.exec(select(Member)):
                member.verified = member.id == "m-241"

    return wire


def test_short_messages_without_a_template_reach_no_member_and_a_unit_is_called(
    on_sms: Callable[..., None], of_it: Callable[[], list[Message]]
) -> None:
    on_sms("webhook")
    with pytest.raises(BadInput, match="没有人收得到"):
        send(to="members")
    units = send(to="units").reach
    assert (dict(units.channels), units) == ({}, preview(to="units").reach)
    assert [one.channel for one in of_it() if one.recipient == "unit-power"] == ["by-hand"]


def test_who_has_another_way_hears_it_there(
    on_sms: Callable[..., None], mailbox: Any, of_it: Callable[[], list[Message]]
) -> None:
    on_sms("webhook", "mail")
    assert dict(send(to="members").reach.channels) == {"mail": 1}
    assert dict(send(to="units").reach.channels) == {"mail": 1}
    assert send_waiting() == {"accepted": 2}
    with transaction(house().database) as session:
        mute(session, of_it()[0], "b@example.org", "smtp_550")
    with pytest.raises(BadInput, match="没有人收得到"):
        send(to="members")
    assert dict(send(to="units").reach.channels) == {}


# --- what becomes of it -------------------------------------------------------------------------------


def test_residents_it_did_not_reach_are_on_no_list_of_calls(
    post: Any, lives: Callable[..., None], of_it: Callable[[], list[Message]]
) -> None:
    lives("jia")
    send_waiting()
    send()
    post.replies["RCPT"] = "550 no such user"
    send_waiting()
    (refused,) = [m for m in of_it() if m.audience.value == "resident"]
    assert (refused.channel, refused.state.value) == ("mail", "refused")
    assert (refused.code, refused.ended_at) == ("smtp_550", MONDAY)
    with transaction(house().database) as session:
        session.get_one(Message, refused.id).state = MessageState.UNKNOWN
    assert [one.name for one in errands()] == NEARBY
    assert undelivered() == []
    assert standing().figures["failed"] == 0
    assert broadcasts_json()[0]["unknown"] == 1


def test_an_order_s_own_message_does_not_wait_behind_what_is_said_to_many(
    post: Any, lives: Callable[..., None]
) -> None:
    lives("jia")
    lives("yi")
    send_waiting()
    send()
    lives("bing")
    letters = len(post.letters)
    send_waiting()
    assert [one.to[0] for one in post.letters[letters:]] == [
        *("bing@example.org", "jia@example.org", "yi@example.org"),
    ]


def test_a_resident_who_is_forgotten_hears_nothing(
    post: Any, lives: Callable[..., None], do: Callable[..., None], rows: Rows
) -> None:
    lives("jia")
    do("A-2026-0001", "decline", reason="不归社区", instead="找县供电公司")
    with clock_at(MONDAY + timedelta(days=400)):
        send(last_day="2027-10-30")
        forget_residents()
        assert rows(Resident)[0].anonymised_at is not None
        (message,) = [m for m in rows(Message) if m.broadcast_id and m.recipient == "1"]
        assert (message.state.value, message.code) == ("suppressed", "forgotten")
        assert len(messages_json()) == len(rows(Message))
        assert preview().reach.channels == Counter()


def test_thousands_are_written_in_batches(
    post: Any, of_it: Callable[[], list[Message]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts, "BATCH", 200)
    people = [
        {
            "name": "",
            "phone": "",
            "language": "zh-CN",
            "channel": "mail",
            "address": f"r{n}@example.org",
            "consent": True,
        }
        for n in range(1, 1203)
    ]
    with transaction(house().database) as session:
        session.execute(insert(Resident), people)
    sent = send(to="all")
    assert sent.reach.channels["mail"] == 1202
    assert len({m.recipient for m in of_it()}) == 1222
    assert preview(to="all").reach == sent.reach
