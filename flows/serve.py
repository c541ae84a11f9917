"""Every deployment and schedule, in one list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prefect import Flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound
from prefect.types.entrypoint import EntrypointType

from flows.actions import OFFERS, act_on_order
from flows.away import note_absence
from flows.broadcast import call_off_broadcast, speak_to_many
from flows.chat import register_chat
from flows.choosing import set_reminders
from flows.editing import change_wish
from flows.finding import find
from flows.importing import import_file
from flows.intake import register
from flows.meeting import hold_meeting
from flows.nightly import work_through_the_night
from flows.order import carry_order
from flows.points import correct_points, show_points
from flows.rates import exclude_rating, publish_rates, show_rates
from flows.registration import (
    join_team,
    leave_team,
    register_member,
    register_new_unit,
    verify_members,
)
from flows.runs import ORDER_DEPLOYMENT
from flows.sweeps import reconcile_runs, send_messages
from flows.tags import BULK, CLOCK, DESK, INNER
from flows.told import tick_off
from flows.undelivered import mend_messages
from flows.weekly import report_the_week
from tasks.errors import OtherInstallation
from tasks.house import house
from tasks.models.enums import MeetingKind
from tasks.wakes import installation_key

RECONCILE_DEPLOYMENT = "reconcile/核对"


@dataclass(frozen=True)
class Entry:
    """A deployment: its name in the UI, who starts it, what it does, its parameters and schedule."""

    flow: Flow[Any, Any]
    name: str
    tag: str
    description: str
    parameters: dict[str, Any]
    schedule: str | None = None
    one_at_a_time: bool = False
    is_long: bool = False


def entries() -> list[Entry]:
    """All of them."""
    order = Entry(carry_order, "订单", INNER, "每件订单一个运行，由系统建立，不用手动启动。", {})
    return [*_for_the_desk(), order, *_by_the_clock()]


def _for_the_desk() -> list[Entry]:
    return [
        Entry(register, "登记", DESK, "登记居民的诉求或心愿：一张表，填完就有编号。", {}),
        Entry(
            register_chat,
            "登记一段群聊",
            DESK,
            "粘贴微信群里的聊天：列出居民说的话，勾出要办的，一次登记。",
            {},
        ),
        Entry(find, "查找", DESK, "按编号、词、姓名、电话后四位、网格、承办或时间找订单。", {}),
        *(
            Entry(
                act_on_order, what, DESK, f"对任意一件在办订单“{what}”：先选订单。", {"what": what}
            )
            for what in OFFERS
        ),
        Entry(
            change_wish,
            "改心愿",
            DESK,
            "改一个还没有人认领的心愿：内容、地点。",
            {},
        ),
        Entry(
            import_file,
            "导入",
            DESK,
            "把收件箱文件夹里的 CSV 或 XLSX 表格登记成订单：先看一遍会怎样。",
            {},
            is_long=True,
        ),
        *_with_people(),
        *_figures(),
        *_of_messages(),
    ]


def _of_messages() -> list[Entry]:
    return [
        Entry(
            speak_to_many,
            "向群众发声",
            DESK,
            "对一个网格、一个群、党员、单位或全体居民说一件事：先看发给谁、怎么写，再发。",
            {},
        ),
        Entry(
            call_off_broadcast,
            "撤回发声",
            DESK,
            "看最近的群众发声发到哪里了；还没发出的，撤回不发。",
            {},
        ),
        Entry(tick_off, "已告知", DESK, "打过电话、转发过文字以后，在这里打勾。", {}),
        Entry(
            mend_messages,
            "没送到的消息",
            DESK,
            "没送到、不知道送没送到的消息：对方收到了、再发一次，或者打电话。",
            {},
        ),
        Entry(
            set_reminders,
            "提醒设置",
            DESK,
            "谁想怎样收消息：渠道、语言、不收哪些、安静时段、每天合成一条。",
            {},
        ),
    ]


def _with_people() -> list[Entry]:
    return [
        *(
            Entry(
                hold_meeting,
                kind.label,
                DESK,
                f"{kind.label}：列出要议的事，一件一张表写下决定，再写交办的事，最后出纪要。",
                {"what": kind.label},
            )
            for kind in MeetingKind
        ),
        Entry(
            register_member,
            "党员报到",
            DESK,
            "党员、志愿者到社区报到：姓名、电话、特长、什么时候有空。",
            {},
        ),
        Entry(
            register_new_unit,
            "单位报到",
            DESK,
            "单位到社区报到：能办哪些类别、有什么特长、什么时候有空。",
            {},
        ),
        Entry(
            verify_members, "核实报到", DESK, "勾出核实过的人和单位，核实以后才能认领、派单。", {}
        ),
        Entry(join_team, "加入队伍", DESK, "已经报到的人，再加入一个单位或队伍。", {}),
        Entry(leave_team, "退出队伍", DESK, "谁退出了单位或队伍：手里的订单退回来。", {}),
        Entry(note_absence, "请假代班", DESK, "谁请假、谁代班：这几天的提醒发给代班的人。", {}),
    ]


def _figures() -> list[Entry]:
    return [
        Entry(
            show_rates,
            "三率",
            DESK,
            "看一段时间的回应率、解决率、满意率：全社区，或按网格、承办方、党员、类别分。",
            {},
        ),
        Entry(
            publish_rates,
            "公布三率",
            DESK,
            "公布一个过完了的月、季度或年：先看数字，公布以后不再变。",
            {},
        ),
        Entry(
            exclude_rating,
            "不计入三率",
            DESK,
            "让一个评价不计入三率：两位社区干部，写明原因。",
            {},
        ),
        Entry(show_points, "积分", DESK, "看一个月的积分排名，或者一位党员一年的每一笔。", {}),
        Entry(
            correct_points,
            "更正积分",
            DESK,
            "给一位党员加一笔或减一笔积分：两位社区干部，写明原因。",
            {},
        ),
    ]


def _by_the_clock() -> list[Entry]:
    return [
        Entry(
            reconcile_runs,
            "核对",
            CLOCK,
            "每十分钟：看期限、发提醒、让运行和订单对得上，更新待办。",
            {},
            "reconcile",
            one_at_a_time=True,
        ),
        Entry(
            work_through_the_night,
            "夜间处理",
            CLOCK,
            "每夜：把白天没办好的都补上，写一份夜报。",
            {},
            "nightly",
            one_at_a_time=True,
        ),
        Entry(
            report_the_week,
            "周报",
            CLOCK,
            "每周：周例会用的周报，和“向居民汇报”。",
            {},
            "weekly",
            one_at_a_time=True,
        ),
        Entry(send_messages, "发消息", CLOCK, "发出等着的消息。", {}, one_at_a_time=True),
    ]


async def register_all(client: PrefectClient, take_over: bool = True) -> None:
    """Makes the work pool and every deployment as they should be; again changes nothing.

    On a server that is not our own (`take_over` is False) those of another database are left alone:
    raises OtherInstallation.
    """
    if not take_over:
        await _check_ours(client)
    await _make_pool(client)
    for entry in entries():
        await _deploy(entry)


async def _check_ours(client: PrefectClient) -> None:
    try:
        deployment = await client.read_deployment_by_name(ORDER_DEPLOYMENT)
    except ObjectNotFound:
        return
    if deployment.version != installation_key():
        raise OtherInstallation


async def _make_pool(client: PrefectClient) -> None:
    settings = house().settings
    try:
        await client.read_work_pool(settings.pool)
    except ObjectNotFound:
        pool = WorkPoolCreate(
            name=settings.pool, type="process", concurrency_limit=settings.pool_limit
        )
        await client.create_work_pool(pool)
    else:
        update = WorkPoolUpdate(concurrency_limit=settings.pool_limit)
        await client.update_work_pool(settings.pool, update)


async def _deploy(entry: Entry) -> None:
    schedules: list[Any] = []
    if entry.schedule:
        cron = house().catalog.schedules[entry.schedule]
        schedules = [CronSchedule(cron=cron, timezone=house().timezone)]
    deployment = await entry.flow.ato_deployment(
        entry.name,
        schedules=schedules,
        concurrency_limit=1 if entry.one_at_a_time else None,
        parameters=entry.parameters,
        description=entry.description,
        tags=[entry.tag, *([BULK] if entry.is_long else [])],
        version=installation_key(),
        work_pool_name=house().settings.pool,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    await deployment.aapply()
