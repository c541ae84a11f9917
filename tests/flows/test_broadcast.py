"""向群众发声 in the Prefect UI: a draft, a look, and it goes once; 撤回发声 stops what has not gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from config.catalog import ChannelKind
from flows.broadcast import call_off_broadcast, speak_to_many
from flows.broadcast_words import KINDS, STATES
from tasks.broadcasts import broadcasts_json, call_off, send_broadcast
from tasks.by_hand import errands
from tasks.house import house
from tasks.models.broadcast_tables import Broadcast
from tasks.models.enums import IN_THE_HOUSE, MessageState
from tasks.models.tables import Message
from tasks.requests import broadcast_for

SPEAK, CALL_OFF = "broadcast/向群众发声", "call-off-broadcast/撤回发声"
GRID = "第三网格（登记过的居民 {} 人，群 3 个）"
TYPED = {
    "who": "洛桑罗布",
    "to": GRID.format(0),
    "title": "停水通知",
    "text": "九月十五日停水，请存水。",
}
Rows = Callable[..., list[Any]]


class Killed(BaseException):
    """The process is no more."""


class Speaker:
    """A coordinator who starts 向群众发声 and fills what it asks."""

    def __init__(self, prefect: Any) -> None:
        self.prefect = prefect

    def start(self) -> Any:
        return self.prefect.start(SPEAK, speak_to_many.fn)

    def form(self, run: Any) -> Any:
        return self.prefect.form_of(run.id)

    def fill(self, run: Any, **values: Any) -> None:
        self.prefect.answer(run.id, **values)
        self.prefect.process(run.id, speak_to_many.fn)

    def said(self, **changes: Any) -> Any:
        """A run whose draft has been typed."""
        run = self.start()
        self.fill(run, **{**TYPED, **changes})
        return run

    def page(self, run: Any) -> str:
        (page,) = [one for one in self.prefect.artifacts.values() if one.flow_run_id == run.id]
        return str(page.data)


@pytest.fixture
def speaker(prefect: Any) -> Speaker:
    return Speaker(prefect)


def test_the_form_offers_grids_groups_and_all_with_how_many_they_are(
    speaker: Speaker, place: Callable[..., str]
) -> None:
    place()
    form = speaker.form(speaker.start())
    options = form.options("to")
    assert options[0] == "全体居民（登记过的居民 1 人，群 20 个）"
    assert GRID.format(1) in options
    assert "第三网格居民群（226 人）" in options
    assert options[-2:] == ["党员、志愿者（279 人）", "共建单位（23 家）"]
    assert not {"who", "to", "title", "text"} & set(form.preselected)
    assert form.preselected["when"] == "现在"
    assert form.preselected["last_day"] == "2026-09-21"


def test_whom_it_reaches_and_how_it_reads_is_seen_before_anything_goes(
    speaker: Speaker, place: Callable[..., str], settle: Callable[..., Any], rows: Rows
) -> None:
    settle(database=house().database, channels={"mail": "mailto://a@127.0.0.1:9"})
    place(resident="居民乙", channel="mail", address="yi@example.org", phone="")
    place(phone="13900000001")
    shown = speaker.form(speaker.said(to=GRID.format(2))).description
    assert "**停水通知** · 发给 第三网格 · 现在发；09-21 23:59 还没发出的，不再发" in shown
    assert "- 收得到：电子邮件 1 条" in shown
    assert "- 收得到：要人转发的群 3 个：第三网格商户群、第三网格房东群、" in shown
    assert "- 只有电话 1 人：不一个个打电话，请群里的人转告" in shown
    assert "**电子邮件**\n\n标题：停水通知  \n  \n您好！" in shown
    assert "**要人转发、打电话的文字**\n\n【停水通知】  \n九月十五日停水，请存水。" in shown
    for secret in ("13900000001", "yi@", "居民乙"):
        assert secret not in shown
    assert rows(Broadcast) == []


def test_it_goes_when_somebody_says_so_and_the_page_tells_what_became_of_it(
    speaker: Speaker, prefect: Any
) -> None:
    run = speaker.said()
    assert speaker.form(run).options("what") == ["发出", "改一改", "不发"]
    speaker.fill(run, what="发出")
    assert (run.state.is_completed(), run.name) == (True, "向群众发声 1 · 停水通知 · 3 条")
    assert len([one for one in errands() if one.number == "群众发声"]) == 3
    page = speaker.page(run)
    assert "| 1 | 09-14 10:00 | 停水通知 | 第三网格 | 0 | 0 | 0 | 0 | 3 | 0 |" in page
    assert "停水通知" in prefect.artifacts["by-hand"].data
    assert not [key for id, key in prefect.inputs if id == run.id]


def test_what_goes_by_a_channel_is_on_its_way_at_once(
    speaker: Speaker, prefect: Any, place: Callable[..., str], settle: Callable[..., Any]
) -> None:
    settle(database=house().database, channels={"mail": "mailto://a@127.0.0.1:9"})
    place(channel="mail", address="yi@example.org")
    run = speaker.said(to=GRID.format(1))
    speaker.fill(run, what="发出")
    assert "发消息" in [other.name for other in prefect.runs.values()]


def test_who_wants_to_change_it_finds_what_they_typed(speaker: Speaker, rows: Rows) -> None:
    run = speaker.said(urgent="紧急，夜里也发", last_day="2026-09-16T00:00:00Z")
    speaker.fill(run, what="改一改")
    form = speaker.form(run)
    assert form.name == "BroadcastForm"
    assert "who" not in form.preselected
    kept = {name: TYPED[name] for name in ("to", "title", "text")}
    kept |= {"urgent": "紧急，夜里也发", "last_day": "2026-09-16", "when": "现在"}
    assert form.preselected == {**kept, "title_en": "", "text_en": ""}
    speaker.fill(run, who="格桑卓玛", text="改到九月十六日停水。")
    assert "改到九月十六日停水。" in speaker.form(run).description
    speaker.fill(run, what="发出")
    (said,) = rows(Broadcast)
    assert (said.actor, said.text, said.urgent) == ("staff-2", "改到九月十六日停水。", True)


def test_english_that_was_typed_goes_away_again_with_a_word(speaker: Speaker, rows: Rows) -> None:
    run = speaker.said(title_en="No water", text_en="On 15 September.")
    speaker.fill(run, what="改一改")
    form = speaker.form(run)
    assert "写“没有”就取消" in form.fields["title_en"]["title"]
    kept = {**form.preselected, "who": "洛桑罗布"}
    speaker.fill(run, **{**kept, "title_en": "没有", "text_en": "没有"})
    speaker.fill(run, what="发出")
    (said,) = rows(Broadcast)
    assert (said.title_en, said.text_en) == ("", "")


def test_who_thinks_better_of_it_sends_nothing(speaker: Speaker, rows: Rows) -> None:
    run = speaker.said()
    speaker.fill(run, what="不发")
    assert (run.state.is_completed(), run.name) == (True, "向群众发声 · 没有发")
    assert rows(Broadcast) == rows(Message) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"text": ""}, "“内容”没有填"),
        ({"text": "水" * 100_000}, "太长了，最多 1000 个字。"),
        ({"who": ""}, "请选择是谁在操作"),
        ({"to": ""}, "“发给谁”不对：请在下面选一项。"),
        ({"to": "党员、志愿者（279 人）"}, "现在没有人收得到"),
        ({"when": "明天"}, "写“现在”，或者像 2026-09-15 09:00 这样写。"),
        ({"when": "9999-12-31 23:59"}, "离现在一年多了"),
        ({"last_day": "2026-09-01"}, "最早 09-14 10:00 才发"),
        ({"title_en": "No water"}, "要都写，或者都不写"),
    ],
)
def test_what_is_not_right_is_asked_again_with_what_was_typed(
    speaker: Speaker, typed: dict[str, str], said: str, rows: Rows
) -> None:
    form = speaker.form(speaker.said(**typed))
    assert form.name == "BroadcastForm"
    assert said in form.description
    assert form.preselected["title"] == "停水通知"
    assert rows(Broadcast) == []


def test_a_time_is_taken_as_people_type_it(speaker: Speaker, rows: Rows) -> None:
    run = speaker.said(when="２０２６-０９-１５ ０９：００")
    assert "09-15 09:00发" in speaker.form(run).description
    speaker.fill(run, what="发出")
    assert rows(Broadcast)[0].not_before.isoformat() == "2026-09-15T01:00:00+00:00"
    assert [one for one in errands() if one.number == "群众发声"] == []


def test_words_are_no_markup_in_the_look(speaker: Speaker) -> None:
    run = speaker.said(
        title="[停水](http://x)\r\nBcc: a", text="<script>alert(1)</script> {{ 7*7 }}"
    )
    shown = speaker.form(run).description
    assert "\\[停水\\](http:\u200b//x) Bcc: a" in shown
    assert "\\<script\\>alert(1)\\</script\\> \\{\\{ 7\\*7 \\}\\}" in shown
    assert "<script>" not in shown


@pytest.mark.parametrize("asked", ["update_flow_run", "filter_flow_run_input", "create_artifact"])
def test_what_was_said_before_the_process_died_is_said_once(
    speaker: Speaker, prefect: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    async def die(*_given: Any, **_more: Any) -> None:
        raise Killed

    run = speaker.said()
    prefect.answer(run.id, what="发出")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(prefect, asked, die)
        patch.setattr("flows.broadcast.spread_news", _nothing)
        prefect.process(run.id, speak_to_many.fn)
    assert len(rows(Broadcast)) == 1
    prefect.process(run.id, speak_to_many.fn)
    prefect.process(run.id, speak_to_many.fn)
    assert run.name == "向群众发声 1 · 停水通知 · 3 条"
    assert (len(rows(Broadcast)), len(rows(Message))) == (1, 3)


async def _nothing(_client: Any) -> None:
    return None


def test_two_coordinators_may_speak_at_once(speaker: Speaker, rows: Rows) -> None:
    one, other = speaker.said(), speaker.said(title="停电通知")
    speaker.fill(other, what="发出")
    speaker.fill(one, what="发出")
    assert [row.title for row in rows(Broadcast)] == ["停电通知", "停水通知"]
    assert len(rows(Message)) == 6


# --- 撤回发声 -----------------------------------------------------------------------------------------


def test_every_kind_of_channel_and_every_end_has_a_word() -> None:
    assert set(KINDS) == set(ChannelKind)
    assert set(STATES) == {*MessageState} - IN_THE_HOUSE | {"waits"}


def say(title: str) -> int:
    typed = {"to": "grid:3", "title": title, "text": "请存水。"}
    return send_broadcast(broadcast_for(typed), "staff-1").id


def test_what_has_not_gone_is_called_off(prefect: Any) -> None:
    say("停水 | 一")
    say("停水二")
    call_off(2, "staff-1")
    run = prefect.start(CALL_OFF, call_off_broadcast.fn)
    form = prefect.form_of(run.id)
    assert form.options("which") == ["1 · 停水 | 一 · 第三网格 · 还有 3 条没发"]
    assert (
        "| 2 | 09-14 10:00 | 停水二 | 第三网格 | 0 | 0 | 0 | 0 | 0 | 3 | 0 | 0 | 已撤回 |"
        in form.description
    )
    assert "停水 \\| 一" in form.description
    prefect.answer(run.id, who="格桑卓玛", which=form.options("which")[0])
    prefect.process(run.id, call_off_broadcast.fn)
    assert run.name == "撤回发声 1 · 拦下 3 条，已经发出 0 条"
    assert broadcasts_json()[1]["called_off_by"] == "staff-2"
    assert errands() == []


def test_where_everything_has_gone_nothing_is_asked(prefect: Any) -> None:
    run = prefect.start(CALL_OFF, call_off_broadcast.fn)
    assert run.state.is_completed()
    assert prefect.log == ["没有还没发完的群众发声。"]
