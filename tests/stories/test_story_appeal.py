"""The life of an appeal, told by the messages that arrive: the resident's by mail, the unit's on its webhook."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks.by_hand import errands
from tasks.clock import clock_at
from tasks.errors import UsedLink
from tasks.house import House
from tasks.models.enums import Grade, Status
from tasks.models.inputs import Rate
from tasks.models.tables import History, Message, Order
from tasks.outbox import send_waiting
from tasks.rating import rate_by_link

Do = Callable[..., None]
UNSATISFIED = Rate(grade=Grade.UNSATISFIED, solved=False, reason="晚上还是不亮")
SATISFIED = Rate(grade=Grade.SATISFIED, solved=True)


class Post:
    """What the post brought since one last looked."""

    def __init__(self, hook: Any, mailbox: Any) -> None:
        self._hook, self._mailbox = hook, mailbox

    def bring(self) -> tuple[list[str], list[str], list[str]]:
        """Bodies to the resident, to the unit, to the desk; all of them left the house."""
        assert set(send_waiting()) <= {"accepted"}
        letters = [letter.body for letter in self._mailbox.letters]
        posts = [post.json for post in self._hook.received]
        self._mailbox.letters.clear()
        self._hook.received.clear()
        to_unit = [post["message"] for post in posts if "message" in post]
        to_desk = [post["text"]["content"] for post in posts if "text" in post]
        return letters, to_unit, to_desk


@pytest.fixture
def post(
    sqlite_house: House,
    settle: Callable[..., House],
    community: Callable[..., Path],
    hook: Any,
    mailbox: Any,
) -> Post:
    unit = {"contacts": [{"channel": "webhook", "address": "power"}]}
    settle(
        config=community({"handlers.yaml": {"units": {"unit-power": unit}}}),
        channels={
            "mail": mailbox.url,
            "webhook": f"json://{hook.host}/hook",
            "wecom_desk": f"wecomrobot://{hook.host}/key?secure=no",
        },
    )
    return Post(hook, mailbox)


def link_in(letter: str) -> str:
    return next(line for line in letter.splitlines() if line.startswith("https://"))


def letter(*lines: str) -> str:
    """A letter in Chinese, in its frame."""
    return "\n".join(("您好！", "", *lines, "", "示范社区", "社区电话：0893-0000000"))


def mail(*lines: str) -> str:
    """A letter in English, in its frame."""
    end = ("", "Example Community", "Phone of the community desk: 0893-0000000")
    return "\n".join(("Hello,", "", *lines, *end))


def test_a_dark_lamp_is_repaired_in_the_second_round(
    post: Post,
    monday: datetime,
    place: Callable[..., str],
    do: Do,
    submit: Callable[..., None],
    look: Callable[[str], Order],
    rows: Callable[..., list[Any]],
) -> None:
    # --- Monday: the resident places it on the portal, and hears that it has arrived
    number = place(channel="mail", address="jia@example.org", place="三号院东门")
    assert number == "A-2026-0001"
    assert post.bring() == (
        [
            letter(
                "示范社区已收到您的诉求“三号院门口的路灯不亮”，编号 A-2026-0001。",
                "我们会尽快受理，有进展就告诉您。",
                "想补充或询问，请打社区电话 0893-0000000，报编号就行。",
            )
        ],
        [],
        [
            "【新诉求请受理（A-2026-0001）】\n"
            "新诉求 A-2026-0001，请受理（第三网格）。\n"
            "“三号院门口的路灯不亮”（三号院东门）"
        ],
    )

    # --- the desk accepts it and assigns it, in one form: one letter, one call to the unit
    submit(number, ("accept", {}), ("assign", {"to": "unit-power"}))
    assert post.bring() == (
        [
            letter(
                "您的诉求“三号院门口的路灯不亮”（编号 A-2026-0001）已交给供电所办理。",
                "计划最晚9月17日办好。",
                "有事请打社区电话 0893-0000000，报编号就行。",
            )
        ],
        [
            "示范社区有一件诉求请您办理，编号 A-2026-0001。\n"
            "事由：“三号院门口的路灯不亮”\n"
            "地点：第三网格，三号院东门\n"
            "期限：9月17日 10:00 前办好\n"
            "接单还是退单，请打 0893-0000000 告诉社区服务台，谢谢您。"
        ],
        [],
    )

    # --- the unit takes it and gives it to a member, who reads whom to call
    do(number, "take", by="unit-power")
    do(number, "claim", by="unit-power", to="m-241")
    assert post.bring() == (
        [],
        [
            "谢谢您认领诉求 A-2026-0001。\n"
            "事由：“三号院门口的路灯不亮”\n"
            "地点：第三网格，三号院东门\n"
            "期限：9月17日 10:00 前办好\n"
            "居民：居民甲，13900000001（只为办这件事用，请勿外传）\n"
            "请先给居民打个电话。联系上了、有进展、办好了，都请打 0893-0000000 告诉社区服务台。"
        ],
        [],
    )

    # --- Tuesday: called, reported, finished
    with clock_at(monday + timedelta(days=1)):
        do(number, "contact", by="m-241", reason="电话约好下午去看")
        do(number, "report", by="m-241", reason="灯头坏了，明天换", tell_resident=True)
        assert post.bring() == (
            [
                letter(
                    "您的诉求“三号院门口的路灯不亮”（编号 A-2026-0001）有新进展。",
                    "灯头坏了，明天换",
                    "有事请打社区电话 0893-0000000，报编号就行。",
                )
            ],
            [],
            [],
        )
        do(number, "finish", by="m-241", reason="换了灯头")
        (first_letter,), to_unit, to_desk = post.bring()
        link = link_in(first_letter)
        assert (to_unit, to_desk) == ([], [])
        assert link.startswith("https://diandan.example.org/r/A-2026-0001.1.")
        assert first_letter == letter(
            "您的诉求“三号院门口的路灯不亮”（编号 A-2026-0001）办好了。",
            "办理情况：换了灯头",
            "问题解决了没有、您满意不满意，请点开下面的链接评价：",
            link,
            "也可以打 0893-0000000 告诉社区服务台一个数：1 满意 / 2 基本满意 / 3 不满意。谢谢您！",
        )

    # --- Wednesday: it is dark again; the resident says so, and the second round begins
    with clock_at(monday + timedelta(days=2)):
        rate_by_link(link, UNSATISFIED)
        assert (look(number).status, look(number).round) == (Status.TAKEN, 2)
        assert post.bring() == (
            [
                letter(
                    "您的诉求“三号院门口的路灯不亮”（编号 A-2026-0001）没能一次办好，请您谅解。"
                    "我们重新办理，这是第 2 轮，有进展就告诉您。",
                    "计划最晚9月20日办好。",
                    "有事请打社区电话 0893-0000000，报编号就行。",
                )
            ],
            [
                "您办的诉求 A-2026-0001“三号院门口的路灯不亮”，居民评价：不满意，问题还没解决。\n"
                "留言：晚上还是不亮\n"
                "您辛苦了。下一步怎么办，社区会和您商量。",
                "诉求 A-2026-0001“三号院门口的路灯不亮”要重新办理（第 2 轮），请您再安排人。\n"
                "原因：居民评价：不满意，未解决。晚上还是不亮\n"
                "地点：第三网格，三号院东门\n"
                "期限：9月20日 10:00 前办好\n"
                "安排好了或有困难，请打 0893-0000000 告诉社区服务台，谢谢您。",
            ],
            [],
        )

    # --- Thursday: a colleague renews the cable; the resident is content with a link of its own
    with clock_at(monday + timedelta(days=3)):
        do(number, "claim", by="m-242", to="m-242")
        do(number, "finish", by="m-242", reason="换了电缆")
        (second_letter,), to_unit, _to_desk = post.bring()
        assert to_unit == []  # who claims it knows
        second_link = link_in(second_letter)
        assert second_link != link
        with pytest.raises(UsedLink):
            rate_by_link(link, SATISFIED)
        rate_by_link(second_link, SATISFIED)
        assert post.bring() == (
            [],
            [
                "您办的诉求 A-2026-0001“三号院门口的路灯不亮”，居民评价：满意，问题已解决。\n"
                "这次得 10 分。\n"
                "您辛苦了，谢谢您！"
            ],
            [],
        )
    assert look(number).status is Status.CLOSED
    assert [(row.action.value, row.actor) for row in rows(History)] == [
        ("place", "resident"),
        ("accept", "staff-1"),
        ("assign", "staff-1"),
        ("take", "unit-power"),
        ("claim", "unit-power"),
        ("contact", "m-241"),
        ("report", "m-241"),
        ("finish", "m-241"),
        ("rate", "resident"),
        ("reopen", "system"),
        ("claim", "m-242"),
        ("finish", "m-242"),
        ("rate", "resident"),
    ]
    assert {message.state.value for message in rows(Message)} == {"accepted"}
    assert errands() == []


def test_an_english_resident_reads_every_letter_in_english(
    post: Post,
    monday: datetime,
    place: Callable[..., str],
    do: Do,
    submit: Callable[..., None],
    look: Callable[[str], Order],
) -> None:
    number = place(
        words="The street light at gate 3 is dark",
        category="street-light",
        channel="mail",
        address="one@example.org",
        language="en",
    )
    lamp = "Your request “The street light at gate 3 is dark” (number A-2026-0001)"
    call = "If you have questions, please call 0893-0000000 and give the number."
    assert post.bring()[0] == [
        mail(
            "Example Community has received your request “The street light at gate 3 is dark”. "
            "Its number is A-2026-0001.",
            "We will look at it soon and let you know how it goes on.",
            "To add something or to ask, please call 0893-0000000 and give the number.",
        )
    ]
    submit(number, ("accept", {}), ("assign", {"to": "unit-power"}))
    to_resident, to_unit, _to_desk = post.bring()
    assert to_resident == [
        mail(f"{lamp} is now with 供电所.", "We plan to have it done by 17 September.", call)
    ]
    assert to_unit[0].startswith("示范社区有一件诉求请您办理")  # the unit reads Chinese

    do(number, "hold", reason="waiting for the pole", date="2026-10-09")
    assert post.bring()[0] == [
        mail(
            "We cannot go on with your request “The street light at gate 3 is dark” "
            "(number A-2026-0001) just now and ask for your patience. "
            "We continue on 9 October.",
            "Reason: waiting for the pole",
            call,
        )
    ]
    submit(number, ("resume", {}), ("take", {}), ("claim", {"to": "m-241"}))
    do(number, "finish", by="m-241", reason="new pole")
    (done,) = post.bring()[0]
    assert done == mail(
        f"{lamp} is done.",
        "What was done: new pole",
        "Is it solved, and are you satisfied? Please open this link to rate it:",
        link_in(done),
        "Or give the community desk (0893-0000000) a number: "
        "1 satisfied / 2 basically satisfied / 3 not satisfied. Thank you!",
    )
    rate_by_link(link_in(done), SATISFIED)
    assert look(number).status is Status.CLOSED
    assert post.bring()[0] == []
