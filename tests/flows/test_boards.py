"""The lists that coordinators keep open: what waits, by deadline, and whom to call, without a phone in sight."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from flows import boards
from flows.boards import (
    BY_HAND,
    MESSAGES,
    NIGHT,
    TODO,
    WEEK,
    find_board,
    lay_out_reports,
    rewrite_boards,
    write_board,
)
from tasks import own_templates
from tasks.by_hand import errands, mark_told
from tasks.clock import clock_at
from tasks.db import transaction
from tasks.escalation import sweep_clocks
from tasks.house import House, house
from tasks.models.enums import MessageState
from tasks.models.tables import Message
from tasks.waiting import FEW, FIRST, OF_A_STAGE

PHONE = "13900000001"


@pytest.fixture
def todo(prefect: Any, wait: Callable[..., Any]) -> Callable[[], str]:
    """The list of what waits, rewritten."""
    return lambda: _board(prefect, wait, TODO)


@pytest.fixture
def by_hand(prefect: Any, wait: Callable[..., Any]) -> Callable[[], str]:
    """The list of calls to make, rewritten."""
    return lambda: _board(prefect, wait, BY_HAND)


def _board(prefect: Any, wait: Callable[..., Any], key: str) -> str:
    wait(rewrite_boards(prefect))
    return str(prefect.artifacts[key].data)


def table(markdown: str) -> list[list[str]]:
    """The cells of a list's table as they are shown, without its head."""
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    assert "<script" not in html
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)[1:]
    return [
        [re.sub(r"</?[a-z][^>]*>", "", cell) for cell in re.findall(r"<td>(.*?)</td>", row)]
        for row in rows
    ]


def test_the_nearest_deadline_stands_first_and_what_is_late_is_marked(
    todo: Callable[[], str], monday: Any, place: Callable[..., str], place_at: Callable[..., str]
) -> None:
    with clock_at(monday - timedelta(days=4)):
        late = place(category="street-light")  # two hours to accept it
    claimed = place_at("claimed")  # 24 hours to speak with the resident
    with clock_at(monday + timedelta(hours=1)):
        standard = place(words="路面塌了", category="roads")
    urgent = place(urgency="urgent")
    board = todo()
    shown = table(board)
    assert [(row[-1], row[2]) for row in shown] == [
        (late, "09-10 12:00 已超期"),
        (urgent, "09-14 12:00"),
        (standard, "09-14 13:00"),
        (claimed, "09-15 10:00"),
    ]
    assert "**09-10 12:00 已超期**" in board
    assert shown[0] == [
        *("（稍候）", "待受理", "09-10 12:00 已超期", "三号院门口的路灯不亮"),
        *("供电照明", "第三网格", "–", late),
    ]
    assert shown[1][1] == "待受理 紧急"
    assert shown[3][4:7] == ["供电照明", "第三网格", "供电所 · 边巴德吉"]


def test_a_line_leads_to_the_form(
    todo: Callable[[], str], desk: Any, open_order: Callable[..., str]
) -> None:
    number = open_order()
    link = f"[填表](http://127.0.0.1:4200/v2/runs/flow-run/{desk.id(number)})"
    assert link in todo()


def test_words_of_residents_break_nothing(
    todo: Callable[[], str], place: Callable[..., str]
) -> None:
    place(words="| 灯 |\n<script>[点](https://evil.example)")
    place(words="路" * 100)
    shown = {row[-1]: row[3] for row in table(todo())}
    assert shown["A-2026-0001"] == "| 灯 | &lt;script&gt;[点](https…"
    assert shown["A-2026-0002"] == "路" * 23 + "…"


def test_nobody_s_name_or_phone_is_on_either_list_as_a_number(
    todo: Callable[[], str], by_hand: Callable[[], str], place_at: Callable[..., str]
) -> None:
    place_at("claimed", resident="王小明", phone=PHONE)
    waiting, calls = todo(), by_hand()
    assert "王小明" not in waiting
    assert PHONE not in waiting + calls
    assert "王小明" in calls  # to know whom to call
    assert "电话见表" in calls  # where the member reads it; it stands in the form of 已告知


def test_phones_and_addresses_that_somebody_wrote_are_on_neither_list(
    todo: Callable[[], str], by_hand: Callable[[], str], place: Callable[..., str]
) -> None:
    place(words=f"请打{PHONE}，路灯不亮", place=f"问{PHONE}", phone=PHONE)
    place(words="请写到 zhaxi@mail.example.org，桥边的路灯不亮")
    shown = todo() + by_hand()
    assert PHONE not in shown and "zhaxi@mail" not in shown
    assert "，路灯不亮" in shown and "，桥边的路灯不亮" in shown


def test_nothing_to_do_is_said(todo: Callable[[], str], by_hand: Callable[[], str]) -> None:
    assert "没有等着办的事。" in todo()
    assert "没有要告知的人。" in by_hand()


def test_a_list_is_written_once_and_then_rewritten_in_place(
    prefect: Any, todo: Callable[[], str], place: Callable[..., str], wait: Callable[..., Any]
) -> None:
    assert wait(find_board(prefect, TODO)) is None
    todo()
    first = wait(find_board(prefect, TODO))
    place()
    assert "# 待办 1 件" in todo()
    again = wait(find_board(prefect, TODO))
    assert (again.id, again.description) == (first.id, "待办")
    assert set(prefect.artifacts) == {TODO, BY_HAND, MESSAGES}


def test_the_reports_have_a_page_before_the_first_and_keep_what_was_written(
    prefect: Any, wait: Callable[..., Any]
) -> None:
    wait(lay_out_reports(prefect))
    assert "还没有写过" in prefect.artifacts[NIGHT].data
    assert "还没有写过" in prefect.artifacts[WEEK].data
    wait(write_board(prefect, NIGHT, "夜报", "# 夜报 11-02"))
    wait(lay_out_reports(prefect))
    assert prefect.artifacts[NIGHT].data == "# 夜报 11-02"


def test_a_slip_in_the_community_stands_above_all_else(
    todo: Callable[[], str], settle: Callable[..., House], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(house().settings.config, tmp_path / "slipped"))
    kept = Path(shutil.copytree(folder, tmp_path / "kept"))
    calendar = folder / "calendar.yaml"
    text = calendar.read_text(encoding="utf-8")
    calendar.write_text(text.replace("country: CN", "country: CM"), encoding="utf-8")
    settle(config=folder, last_good=kept)
    shown = todo()
    assert shown.startswith("# 配置有错\n\ncalendar.yaml:")
    assert "改好以前，照改之前的配置办。" in shown
    assert "# 待办 0 件" in shown


def test_a_slip_in_the_community_s_own_words_is_told_until_it_is_mended(
    todo: Callable[[], str],
    settle: Callable[..., House],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = Path(shutil.copytree(house().settings.config, tmp_path / "own"))
    settle(config=folder, database=house().settings.database)
    file = folder / "templates/zh-CN/order_placed/resident.j2"
    file.parent.mkdir(parents=True)
    tried = []
    check = own_templates._check
    monkeypatch.setattr(
        own_templates, "_check", lambda *given: (tried.append(given), check(*given))
    )

    def say(text: str) -> None:
        file.write_text(
            f"{{% block subject %}}甲{{% endblock %}}{{% block text %}}{text}{{% endblock %}}",
            encoding="utf-8",
        )

    say("收到了")
    assert todo().startswith("# 待办")
    say("{{ nmuber }} 收到了")
    for _ in range(3):
        shown = todo()
        assert shown.startswith(
            "# 自己写的消息模板有错\n\ntemplates/zh-CN/order\\_placed/resident.j2"
        )
        assert "用了没有给出的值（nmuber）" in shown
        assert "改好以前，发出去的是原来的文字。\n\n# 待办" in shown
    say("{{ number }} 收到了")
    assert todo().startswith("# 待办")
    assert len(tried) == 3  # once for each of its texts, not at every look
    file.unlink()
    assert todo().startswith("# 待办")


def test_of_many_the_most_urgent_the_oldest_and_each_stage_stand_there_and_the_rest_is_linked(
    todo: Callable[[], str], monday: Any, place: Callable[..., str], place_at: Callable[..., str]
) -> None:
    with clock_at(monday - timedelta(days=40)):
        oldest = place(words="桥栏杆松了", category="roads")
    with clock_at(monday + timedelta(days=1)):
        for _ in range(FEW):
            place(category="roads")
    urgent = place(urgency="urgent")
    claimed = place_at("claimed")
    shown = todo()
    assert f"# 待办 {FEW + 3} 件" in shown
    assert "其中 **1 件已超期**" in shown
    parts = {part.partition("\n")[0]: table(part) for part in shown.split("## ")[1:]}
    assert [row[-1] for row in parts[f"最急的 {FIRST} 件"]][:3] == [oldest, urgent, claimed]
    longest = parts[f"等得最久的 {FIRST} 件"][0]
    assert (longest[-1], longest[2]) == (oldest, "40 天")
    (accept,) = (title for title in parts if title.startswith("待受理"))
    assert accept.startswith(f"待受理 {FEW + 2} 件 · 先列最急的 {OF_A_STAGE} 件，[全部](http")
    assert len(parts[accept]) == OF_A_STAGE
    assert parts["办理中 1 件"][0][-1] == claimed  # nothing more of it to link to
    assert len(shown) < 10_000


def test_a_text_can_be_copied_as_it_stands(
    by_hand: Callable[[], str], place: Callable[..., str]
) -> None:
    place(words="路灯 ```不亮``` | <b>", resident="*甲*", phone=PHONE)
    shown = by_hand()
    assert "## A-2026-0001 · 居民 \\*甲\\*\n" in shown
    html = MarkdownIt("commonmark", {"html": True}).render(shown)
    (block,) = re.findall(r"<pre><code[^>]*>(.*?)</code></pre>", html, re.DOTALL)
    assert "“路灯 '''不亮''' | &lt;b&gt;”" in block
    assert "编号 A-2026-0001" in block


def test_only_the_oldest_calls_are_listed_and_all_are_counted(
    by_hand: Callable[[], str], place: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        place()
    monkeypatch.setattr(boards, "errands", lambda: errands(2))
    assert "# 要打的电话 / 要转发的文字 3 条（先列 2 条）" in by_hand()


def test_what_may_have_arrived_is_asked_about_first(
    by_hand: Callable[[], str], sqlite_house: House, place: Callable[..., str]
) -> None:
    place(channel="mail", address="jia@example.org")
    with transaction(sqlite_house.database) as session:
        message = session.get(Message, 1)
        message.state, message.reason = MessageState.UNKNOWN, "timeout | <b>"
    shown = by_hand()
    assert "居民 居民甲（可能已经收到，请先问一声）（timeout \\| \\<b\\>）" in shown
    mark_told([1], "staff-1")
    assert "没有要告知的人。" in by_hand()


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("mail: smtp_550", "电子邮件：邮件被退（代码 550）"),
        ("mail: muted", "电子邮件：这个地址发不到，60 天内不再发"),
        ("mail: refused", "电子邮件：被拒"),
        ("fax: timeout", "fax：对方没有回应"),
    ],
)
def test_why_a_channel_gave_it_up_is_told_in_words(
    by_hand: Callable[[], str],
    sqlite_house: House,
    place: Callable[..., str],
    reason: str,
    words: str,
) -> None:
    place()
    with transaction(sqlite_house.database) as session:
        session.get(Message, 1).reason = reason
    assert f"居民 居民甲（{words}）" in by_hand()


def test_what_else_has_to_be_known_stands_beside_the_stage(
    todo: Callable[[], str],
    monday: Any,
    place_at: Callable[..., str],
    do: Callable[..., None],
) -> None:
    asked, held, late = place_at("claimed"), place_at("claimed"), place_at("assigned")
    do(asked, "ask_extension", by="unit-power", reason="等零件", date="2026-12-01")
    do(held, "hold", reason="等材料", date="2126-09-30")  # a slip of the finger can be seen
    with clock_at(monday + timedelta(days=2)):
        sweep_clocks()
        stages = {row[-1]: row[1] for row in table(todo())}
    assert stages[asked].startswith("办理中（")
    assert stages[asked].endswith("申请延到 2026-12-01，待批）")
    assert stages[held] == "挂起（等到 2126-09-30）"
    assert stages[late] == "待单位接单（已上报网格党（总）支部）"
