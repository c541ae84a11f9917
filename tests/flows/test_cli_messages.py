"""Messages on the command line: found, looked into, marked, read before they are sent."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.by_hand import mark_told
from tasks.db import transaction
from tasks.house import house
from tasks.models.enums import MessageState
from tasks.models.tables import Message

Command = Callable[..., Any]
MONDAY = ("--at", "2026-09-14T10:00")
PHONE = "13900000678"


@pytest.fixture
def lamp(command: Command) -> Callable[..., str]:
    """Places an order about a lamp in a new database, and gives its number."""
    command("init", "--purpose", "test")

    def place(*options: str, words: str = "三号院门口的路灯不亮") -> str:
        given = ("place", "--kind", "appeal", "--grid", "grid-3", "--words", words, *options)
        return str(command(*MONDAY, *given).json["number"])

    return place


@pytest.fixture
def wired(mailbox: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """There is a server for mail."""
    monkeypatch.setenv("DIANDAN_CHANNELS__MAIL", mailbox.url)
    return mailbox


def ids(command: Command, *filters: str) -> list[int]:
    return [one["id"] for one in command(*MONDAY, "messages", *filters, "--json").json]


def test_messages_are_found_by_what_they_are_about(
    command: Command, lamp: Callable[..., str]
) -> None:
    first = lamp("--resident", "居民甲", "--phone", PHONE)
    second = lamp("--resident", "居民乙", "--phone", PHONE, words="水管漏水")
    assert ids(command) == [1, 2, 3, 4]
    assert ids(command, "--order", second) == [3, 4]
    assert ids(command, "--order", first, "--audience", "resident") == [1]
    assert ids(command, "--channel", "人工电话/转发", "--state", "queued") == [1, 3]
    assert ids(command, "--event", "order_accepted") == []
    assert ids(command, "--since", "2026-09-14") == [1, 2, 3, 4]
    assert ids(command, "--since", "2026-09-15") == []


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (("--order", "A-2026-0099"), "没有编号为“A-2026-0099”的订单"),
        (
            ("--channel", "fax"),
            "没有渠道“fax”，可用的有：人工电话/转发（by-hand）、电子邮件（mail）、",
        ),
        (("--since", "gestern"), "“--since”不对：要写成年-月-日，例如 2026-09-14。"),
        (("--event", "order_lost"), "'order_lost' is not one of 'order_placed', "),
    ],
)
def test_a_filter_that_fits_nothing_there_is_says_what_there_is(
    command: Command, lamp: Callable[..., str], filters: tuple[str, ...], said: str
) -> None:
    lamp()
    refused = command(*MONDAY, "messages", *filters)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.error


def test_nobodys_phone_or_address_is_shown(command: Command, lamp: Callable[..., str]) -> None:
    words = f"路灯不亮，请打 {PHONE} 或写信到 tashi@example.org"
    number = lamp("--resident", "居民甲", "--phone", PHONE, words=words)
    command(*MONDAY, "act", number, "accept", "--by", "staff-1")
    command(*MONDAY, "act", number, "assign", "--to", "unit-power", "--by", "staff-1")
    everything = [command(*MONDAY, "messages", *how).out for how in ((), ("--json",))]
    everything += [command(*MONDAY, "message", str(id)).out for id in ids(command)]
    for shown in everything:
        assert PHONE not in shown
        assert "tashi@example.org" not in shown
    assert "请打 *******678 或写信到 t**i@***e.org" in command(*MONDAY, "message", "1").out


LINK = "https://diandan.example.org/r/A-2026-0001.1."
STEPS = (
    ("accept", "--set", "category=street-light"),
    ("assign", "--to", "unit-power"),
    ("take",),
    ("claim", "--to", "m-241"),
    ("finish", "--reason", "换了灯头"),
)


def asked_to_rate(command: Command, number: str) -> tuple[str, str]:
    """The id of the message that asks for a rating, once all is done, and how `order` shows its link."""
    for action, *more in STEPS:
        command(*MONDAY, "act", number, action, "--by", "staff-1", *more)
    (asking,) = command(*MONDAY, "messages", "--event", "order_done", "--json").json
    return str(asking["id"]), link_in(command(*MONDAY, "order", number, "--json").out)


def link_in(shown: str) -> str:
    """What stands behind the part of the rating link that everybody may know."""
    return shown.partition(LINK)[2].partition("\n")[0].partition("\\n")[0].strip()


def test_a_rating_link_is_shown_only_while_somebody_has_to_pass_it_on(
    command: Command, lamp: Callable[..., str]
) -> None:
    id, link = asked_to_rate(command, lamp("--resident", "居民甲", "--phone", PHONE))
    assert len(link) == 22
    assert link_in(command(*MONDAY, "message", id).out) == link
    assert mark_told([int(id)], "staff-1") == 1
    for shown in (("message", id), ("messages", "--json"), ("order", "A-2026-0001", "--json")):
        assert link_in(command(*MONDAY, *shown).out) == "•••"


def test_a_rating_link_that_a_channel_carries_is_never_shown(
    command: Command, lamp: Callable[..., str], wired: Any
) -> None:
    number = lamp("--resident", "居民甲", "--channel", "mail", "--address", "jia@example.org")
    id, link = asked_to_rate(command, number)
    assert link == "•••"
    command(*MONDAY, "send")
    assert link_in(command(*MONDAY, "message", id).out) == "•••"
    assert len(link_in(wired.letters[-1].body)) == 22


def test_one_message_is_shown_with_its_whole_life(
    command: Command, lamp: Callable[..., str], wired: Any
) -> None:
    number = lamp("--resident", "居民甲", "--channel", "mail", "--address", "jia@example.org")
    assert command(*MONDAY, "send").out == "accepted 1\n"
    shown = command(*MONDAY, "message", "1").out
    for part in (
        *("消息：1", f"订单：{number}", "什么事：已收到", "告诉谁：居民 居民甲"),
        *("渠道：电子邮件", "状态：已交给渠道", "发过几次：1"),
        "已收到您的诉求“三号院门口的路灯不亮”",
    ):
        assert part in shown
    assert "jia@example.org" not in shown
    life = command(*MONDAY, "message", "1", "--json").json
    assert (life["name"], life["state"], life["next_attempt_at"]) == ("居民甲", "accepted", None)
    ((step,),) = [life["steps"]]
    assert (step["attempt"], step["channel"], step["state"]) == (1, "mail", "accepted")


def test_why_it_did_not_arrive_and_when_it_is_tried_again_is_said_in_words(
    command: Command, lamp: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIANDAN_CHANNELS__MAIL", "mailto://nobody@127.0.0.1:9?smtp=127.0.0.1")
    lamp("--resident", "居民甲", "--channel", "mail", "--address", "jia@example.org")
    monkeypatch.delenv("DIANDAN_CHANNELS__MAIL")
    command(*MONDAY, "send")
    shown = command(*MONDAY, "message", "1").out
    assert "原因：渠道还没有设置" in shown
    assert "渠道：人工电话/转发" in shown


def test_a_message_that_there_is_none_of_is_an_error(
    command: Command, lamp: Callable[..., str]
) -> None:
    refused = command(*MONDAY, "message", "7")
    assert (refused.code, refused.out) == (2, "")
    assert refused.error == "没有编号为 7 的消息，请用 diandan messages 核对。\n"


# --- beside a running installation ------------------------------------------------------------------


def in_doubt(id: int) -> None:
    with transaction(house().database) as session:
        message = session.get(Message, id)
        assert message is not None
        message.state, message.code = MessageState.UNKNOWN, "timeout"


def test_what_is_to_be_sent_again_is_on_its_way_at_once(
    command: Command, lamp: Callable[..., str], wired: Any, prefect: Any, running: Any
) -> None:
    lamp("--channel", "mail", "--address", "jia@example.org")
    in_doubt(1)
    running()
    assert command("mark", "1", "--send-again", "--by", "staff-1").code == 0
    assert [run.name for run in prefect.runs.values()] == ["发消息"]
    assert "没有要管的消息。等着发的 1 条。" in prefect.artifacts["messages"].data


def test_what_was_received_leaves_the_pages_at_once(
    command: Command, lamp: Callable[..., str], wired: Any, prefect: Any, running: Any
) -> None:
    lamp("--channel", "mail", "--address", "jia@example.org")
    in_doubt(1)
    running()
    assert command("mark", "1", "--received", "--by", "staff-1").code == 0
    assert list(prefect.runs) == []
    assert "没有要管的消息。" in prefect.artifacts["messages"].data
    assert "消息**" not in prefect.artifacts["todo"].data


def test_what_was_marked_stands_although_the_installation_cannot_be_told(
    command: Command,
    lamp: Callable[..., str],
    wired: Any,
    running: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone() -> None:
        raise ConnectionError

    lamp("--channel", "mail", "--address", "jia@example.org")
    in_doubt(1)
    running()
    monkeypatch.setattr("flows.asking.AsyncClientContext.get_or_create", gone)
    said = command("mark", "1", "--send-again", "--by", "staff-1")
    assert (said.code, said.out) == (0, "已排队，再发一次 1 条。\n")
    assert said.error == "已记下；十分钟内会发出去、会更新待办（ConnectionError）。\n"


# --- a person's word --------------------------------------------------------------------------------


def test_what_was_refused_is_sent_again_or_said_to_have_arrived(
    command: Command, lamp: Callable[..., str], wired: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_mail = ("--resident", "居民甲", "--channel", "mail", "--address", "jia@example.org")
    lamp(*by_mail)
    lamp(*by_mail)
    monkeypatch.delenv("DIANDAN_CHANNELS__MAIL")
    command(*MONDAY, "send")
    monkeypatch.setenv("DIANDAN_CHANNELS__MAIL", wired.url)
    again = command(*MONDAY, "mark", "1", "--send-again", "--by", "staff-1")
    assert again.out == "已排队，再发一次 1 条。\n"
    assert command(*MONDAY, "send").out == "accepted 1\n"
    assert "洛桑罗布要再发一次" in command(*MONDAY, "message", "1").out
    received = command(*MONDAY, "mark", "3", "--received", "--by", "洛桑罗布")
    assert received.out == "已记下，对方收到了 1 条。\n"
    assert "原因：洛桑罗布已告知（对方说收到了）" in command(*MONDAY, "message", "3").out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("1", "--received", "--by", "staff-1"), "消息 1 不能“对方收到了”：这条要人打电话或转发"),
        (("2", "--send-again", "--by", "staff-1"), "消息 2 不能“再发一次”：这条不必发。"),
        (("1", "--by", "staff-1"), "--received 和 --send-again 要选一个"),
        (("1", "--received", "--send-again", "--by", "staff-1"), "只能选一个"),
        (("9", "--received", "--by", "staff-1"), "没有编号为 9 的消息"),
    ],
)
def test_what_cannot_be_marked_says_why(
    command: Command, lamp: Callable[..., str], options: tuple[str, ...], said: str
) -> None:
    lamp("--resident", "居民甲", "--phone", PHONE)
    refused = command(*MONDAY, "mark", *options)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.error


# --- before anybody is written to -------------------------------------------------------------------


def test_every_message_of_an_event_is_read_before_it_is_sent(command: Command) -> None:
    shown = command("preview", "order_assigned").out
    head, resident, handler = shown.split("—— ")
    assert head == ""
    assert handler.startswith("承办方（handler）——\n请接单：诉求 A-2026-0012\n\n")
    assert "地点：第三网格，三号院东门" in handler
    assert resident.startswith("居民（resident）——\n您的诉求已安排办理")
    assert command("preview", "已派单").out == shown  # by its name too


def test_one_message_is_read_in_its_language_and_frame(command: Command) -> None:
    how = ("--locale", "en", "--channel", "电子邮件", "--audience", "resident")
    shown = command("preview", "order_done", *how).out
    assert shown.count("——") == 2
    assert "The street light at the gate is out" in shown
    assert "https://diandan.example.org/r/3vT9-kQ" in shown.splitlines()
    assert "Example Community" in shown
    robot = command("preview", "order_done", "--channel", "wecom_robot").out
    assert "\n【" in robot


def test_whoever_writes_templates_reads_what_each_is_given(command: Command) -> None:
    def given(event: str) -> dict[str, list[str]]:
        how = ("--audience", "resident", "--variables")
        table = command("preview", event, *how).out.split("模板可以用")[1]
        return {line.split()[0]: line.split()[1:] for line in table.splitlines()[1:]}

    assert given("order_done")["link"] == ["文字", "评价链接，不能评价时为空"]
    assert given("order_done")["round"] == ["整数", "第几轮办理"]
    assert "link" not in given("order_placed")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("order_lost",), "“EVENT”不对：没有“order_lost”，可以写：order_placed（已收到）、"),
        (("order_done", "--locale", "fr"), "没有“fr”，可以写：zh-CN、en。"),
        (("order_done", "--channel", "fax"), "没有“fax”，可以写：by_hand、mail（电子邮件）、"),
        (("order_done", "--audience", "donor"), "没有“donor”，可以写：resident（居民）。"),
    ],
)
def test_what_there_is_no_preview_of_is_said_with_what_there_is(
    command: Command, options: tuple[str, ...], said: str
) -> None:
    refused = command("preview", *options)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.error


def test_a_communitys_own_words_are_previewed_and_checked(
    command: Command, community: Callable[..., Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(community({}), tmp_path / "ours"))
    words = folder / "templates" / "zh-CN" / "order_done" / "resident.j2"
    words.parent.mkdir(parents=True)
    block = "{% block subject %}办好了{% endblock %}{% block text %}{{ number }} 办好了！"
    words.write_text(block + "{% endblock %}", encoding="utf-8")
    here = ("--config", str(folder))
    assert "办好了\n\nA-2026-0012 办好了！\n" in command(*here, "preview", "order_done").out
    assert command(*here, "check").code == 0
    words.write_text(block, encoding="utf-8")
    refused = command(*here, "check")
    assert (refused.code, refused.out) == (2, "")
    first, second = refused.error.splitlines()
    assert first == "自己写的模板有 1 处要改："
    assert second.startswith("templates/zh-CN/order_done/resident.j2：第 1 行写法不对")


# --- short messages ---------------------------------------------------------------------------------


@pytest.fixture
def with_sms(community: Callable[..., Path]) -> tuple[str, str]:
    """The options for a community whose residents can be written to by a gateway of short messages."""
    done = "您的${kind}已受理，编号 ${number}。"
    sms = {
        "sign": "示范社区",
        "templates": [
            {"event": "order_accepted", "audience": "resident", "id": "SMS_1", "text": done}
        ],
    }
    channel = {"name": "短信", "kind": "sms", "sms": sms}
    return ("--config", str(community({"channels.yaml": {"channels": {"webhook": channel}}})))


def test_it_is_read_what_a_short_message_says_and_costs(
    command: Command, with_sms: tuple[str, str]
) -> None:
    shown = command(*with_sms, "preview", "order_accepted", "--channel", "sms").out
    assert shown.endswith("【示范社区】您的诉求已受理，编号 A-2026-0012。\n\n（按 1 条短信计费）\n")
    other = command(*with_sms, "preview", "order_done", "--channel", "短信").out
    assert "（没有这条消息的短信模板，会走别的渠道）" in other
    assert "短信" not in command(*with_sms, "preview", "order_done").out
    assert command(*with_sms, "check").code == 0


def test_a_short_message_shows_its_parts_and_why_it_went_another_way(
    command: Command,
    with_sms: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    hook: Any,
) -> None:
    monkeypatch.setenv("DIANDAN_CHANNELS__WEBHOOK", f"sms://{hook.host}/send?secure=no")
    hook.fine = (200, '{"code": "isv.AMOUNT_NOT_ENOUGH"}')
    command("init", "--purpose", "test")
    given = ("--kind", "appeal", "--grid", "grid-3", "--words", "路灯不亮", "--phone", PHONE)
    number = command(*with_sms, *MONDAY, "place", *given, "--channel", "短信").json["number"]
    command(*with_sms, *MONDAY, "act", number, "accept", "--by", "staff-1")
    waiting = ("messages", "--event", "order_accepted", "--json")
    (id,) = (m["id"] for m in command(*with_sms, *MONDAY, *waiting).json)
    shown = command(*with_sms, *MONDAY, "message", str(id)).out
    assert "短信：按 1 条短信计费" in shown
    assert f"【示范社区】您的诉求已受理，编号 {number}。" in shown
    command(*with_sms, *MONDAY, "send")
    shown = command(*with_sms, *MONDAY, "message", str(id)).out
    assert "短信余额不足" in shown and "渠道：人工电话/转发" in shown
    assert "短信：" not in shown


def test_a_template_without_values_is_a_mistake(
    command: Command, community: Callable[..., Path]
) -> None:
    bad = {"event": "order_done", "audience": "resident", "id": "SMS_1", "text": "${nickname} 好"}
    sms = {"kind": "sms", "sms": {"sign": "社区", "templates": [bad]}}
    folder = community({"channels.yaml": {"channels": {"webhook": sms}}})
    refused = command("--config", str(folder), "check")
    assert (refused.code, refused.out) == (2, "")
    assert "短信模板 SMS_1：没有 nickname 这个值" in refused.error
