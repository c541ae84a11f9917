"""联席会议 and 周例会: the agenda is prepared and published, then one form per matter, and the minutes at the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from prefect import flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.logging import get_run_logger

from flows.asking import connect, forget_forms, last_answer, this_run_id, wait_for
from flows.boards import MEETING, write_board
from flows.forms.answers import Answer
from flows.forms.description import warning
from flows.forms.fields import Fields, build_form, keeping
from flows.forms.meeting import (
    MATTER_FORM,
    NOBODY_CAME,
    TASK_FORM,
    asks_who_came,
    came_in,
    check_lead,
    decision_in,
    describe_matter,
    matter_fields,
    matter_in,
    meeting_in,
    only_who_came,
    task_fields,
    task_in,
    typed_in,
    unusable,
)
from flows.links import run_link
from flows.news import spread_news
from flows.pages import put_on_run
from flows.runs import live_runs, refresh
from tasks.agenda import meeting_json
from tasks.clock import utc_now
from tasks.errors import AlreadyDecided, BadInput, DiandanError, MatterMoot
from tasks.house import house
from tasks.markup import escaped
from tasks.meetings import (
    decide_matter,
    end_meeting,
    give_task,
    meeting_of,
    prepare_meeting,
)
from tasks.models.enums import MeetingKind, TaskKind
from tasks.papers import Paper, agenda_of, minutes_of, tell_members
from tasks.requests import task_for
from tasks.rules.deadline import local_day


@flow(name="meeting", flow_run_name="{what}")
async def hold_meeting(what: str) -> None:
    """Prepares the agenda, asks for one decision after the other, and writes the minutes.

    Args:
        what: 不用改，直接提交（Run 或 Submit）。
    """
    async with connect() as client:
        answer, next_key = await last_answer(client, "matter")
        if answer is None:
            await _begin(client, MeetingKind.by_label(what), next_key)
        elif answer.form == MATTER_FORM:
            await _decide(client, answer, next_key)
        else:
            await _give(client, answer, next_key)


async def _begin(client: PrefectClient, kind: MeetingKind, key: str) -> None:
    other = await _written_down_elsewhere(client, kind)
    if other is not None:
        await _lead_to(client, kind, other)
        return
    meeting = prepare_meeting(kind)
    if meeting is None:
        get_run_logger().info("没有要上会的事。")
        return
    await _publish(client, agenda_of(meeting))
    if kind is MeetingKind.JOINT:
        tell_members(meeting)
        await spread_news(client)
    await _ask_next(meeting, 0, key)


async def _written_down_elsewhere(client: PrefectClient, kind: MeetingKind) -> FlowRun | None:
    """The run that began before this one and still asks about the same meeting."""
    live = await live_runs(client, f"meeting/{kind.label}")
    began = {run.id: run.start_time for run in live if run.start_time}  # not what is only planned
    mine = began.pop(this_run_id(), None)
    earlier = (run for run in live if mine and run.id in began and began[run.id] < mine)
    return min(earlier, key=lambda run: began[run.id], default=None)


async def _lead_to(client: PrefectClient, kind: MeetingKind, other: FlowRun) -> None:
    """Ends this run with the way to the one where the meeting is being written down."""
    link = run_link(str(other.id))
    said = f"{kind.label} · 已在另一个运行里"
    await client.update_flow_run(this_run_id(), name=said)
    advice = "要是那个运行不要了，先在它的页面上取消（Cancel），再启动一次。"
    note = f"# {said}\n\n[打开那个运行]({link})，点右上角 **⋮ → Resume** 接着写。{advice}\n"
    await put_on_run(client, said, note)
    get_run_logger().info("%s：%s。%s", said, link, advice)


async def _decide(client: PrefectClient, answer: Answer, key: str) -> None:
    """Carries one decision out, and asks for the next; a refusal is shown above the same form."""
    matter = matter_in(answer)
    meeting, decision = meeting_of(matter), decision_in(answer)
    if lost := unusable(answer):  # emptying a field would not be sent, so it comes back empty
        titles = "、".join(lost.values())
        problem = f"“{answer.text('decision')}”用不上{titles}，已经去掉；没有错就再交一次。"
        values = {name: value for name, value in answer.values.items() if name not in lost}
        await _ask(meeting, matter, key, problem, replace(answer, values=values))
        return
    try:
        check_lead(answer)
        form = f"{this_run_id()}:{answer.key}"
        decide_matter(matter, decision, typed_in(answer, decision), answer.who, form)
    except (AlreadyDecided, MatterMoot) as error:
        await _ask_next(meeting, matter, key, str(error))
        return
    except DiandanError as error:
        await _ask(meeting, matter, key, str(error), answer)
        return
    await _show_change(client, meeting, matter)
    await _ask_next(meeting, matter, key)


async def _show_change(client: PrefectClient, meeting: int, matter: int) -> None:
    number = _matter(meeting, matter)["order"]
    if number:
        await refresh(client, number)


async def _give(client: PrefectClient, answer: Answer, key: str) -> None:
    """Writes down one task, and asks for more; without any the meeting is over, with who came to it."""
    meeting = meeting_in(answer)
    try:
        typed = task_in(answer)
    except BadInput as error:
        kept = {**answer.values, "kind": TaskKind.ASSIGNMENT.label}
        await _ask_for_tasks(meeting, key, str(error), replace(answer, values=kept))
        return
    try:
        if typed is None:
            if asks_who_came(answer):
                await _ask_for_tasks(meeting, key, NOBODY_CAME, answer)
                return
            end_meeting(meeting, answer.who, came_in(answer))
        else:
            give_task(meeting, task_for(typed), answer.who, f"{this_run_id()}:{answer.key}")
    except DiandanError as error:
        await _ask_for_tasks(meeting, key, str(error), answer)
        return
    if typed is None:
        await _publish(client, minutes_of(meeting))
        await spread_news(client)
        await forget_forms(client, this_run_id())
        return
    await _ask_for_tasks(meeting, key, earlier=only_who_came(answer))


async def _ask_next(meeting: int, after: int, key: str, problem: str = "") -> None:
    """The form of the next matter that waits; after the last one that of the tasks."""
    waiting = [one["id"] for one in meeting_json(meeting)["matters"] if one["decision"] is None]
    following = next((matter for matter in waiting if matter > after), None)
    if following is None:
        await _ask_for_tasks(meeting, key, problem)
    else:
        await _ask(meeting, following, key, problem)


async def _ask(
    meeting: int, matter: int, key: str, problem: str = "", earlier: Answer | None = None
) -> None:
    found = meeting_json(meeting)["matters"]
    place = next(place for place, one in enumerate(found, start=1) if one["id"] == matter)
    about = found[place - 1]
    about["plain_words"] = escaped(about["words"])
    about["plain_why"] = escaped(about.get("why", ""))
    fields = _kept(matter_fields(about, _today()), earlier)
    description = warning(problem) + describe_matter(about, place, len(found))
    await wait_for(build_form(MATTER_FORM, fields, description), key)


async def _ask_for_tasks(
    meeting: int, key: str, problem: str = "", earlier: Answer | None = None
) -> None:
    given = "  \n".join(
        f"{one['kind_name']}：{escaped(one['words'])}" for one in meeting_json(meeting)["tasks"]
    )
    asked = problem == NOBODY_CAME
    fields = _kept(task_fields(meeting, _today(), asked_who_came=asked), earlier)
    hint = f"**交办、到会的人** · 往下拉共 {len(fields)} 栏；交办的事，下次会议会问办得怎样"
    description = f"{warning(problem)}{hint}\n\n{given}"
    await wait_for(build_form(TASK_FORM, fields, description), key)


def _kept(fields: Fields, earlier: Answer | None) -> Fields:
    return keeping(fields, earlier.values if earlier else {})


def _matter(meeting: int, matter: int) -> dict[str, Any]:
    matters = meeting_json(meeting)["matters"]
    return next((one for one in matters if one["id"] == matter), {"order": None})


def _today() -> Any:
    return local_day(utc_now(), house().timezone)


async def _publish(client: PrefectClient, paper: Paper) -> None:
    """On the page of this run, and under the link that always leads to the newest."""
    where = (
        f"\n\n---\n\n同样内容的 DOCX 文档在装着点单的那台电脑上，{paper.file.parent.name} 文件夹里："
        f"`{paper.file}`。用别的电脑，选中上面的内容，复制、粘贴到文档里也一样。\n"
    )
    await put_on_run(client, paper.title, paper.markdown + where)
    await write_board(client, MEETING, "会议", paper.markdown + where)
    get_run_logger().info("%s：%s", paper.title, paper.file)
