"""提醒设置: how somebody wants to be told, on which channel, when, and what not."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.asking import connect
from flows.choice_words import AS_USUAL, NEVER_QUIET, ONE_BY_ONE, at_hour, channel_name, in_words
from flows.forms.answers import Answer
from flows.forms.fields import Fields, pick, text, ticks, who
from flows.news import spread_news
from flows.one_form import Question, ask_twice
from tasks.absences import persons
from tasks.choices import NewChoice, choice_of, find_person, set_choice, unmute
from tasks.done import Done
from tasks.errors import BadInput
from tasks.house import house
from tasks.markup import escaped
from tasks.models.enums import Audience, Event
from tasks.rendering import locales

RESIDENT = "居民（下面写电话或订单编号）"


@flow(name="choices", flow_run_name="提醒设置")
async def set_reminders() -> None:
    """Asks whose, then what they want, with what they chose before filled in."""
    hint = "**提醒设置** · 先选是谁的"
    await ask_twice(Question("WhoseForm", hint, _whose), _chosen, _about, _set)
    async with connect() as client:
        await spread_news(client)


def _whose() -> Fields:
    handlers = [handler.name for handler in house().catalog.handlers.values()]
    return {
        "whose": pick("谁的", [RESIDENT, *persons(), *handlers]),
        "resident": text("居民的电话或订单编号（同一个电话有几位时写“姓名 电话”）", most=60),
    }


def _chosen(answer: Answer) -> str:
    """Whose, as audience and id."""
    line = answer.text("whose")
    typed = answer.text("resident") if line == RESIDENT else persons().get(line, line)
    if not typed:
        raise BadInput(field="谁的", problem="请选一位；居民请写电话或订单编号。")
    return "/".join(find_person(typed))


def _of(whose: str) -> tuple[Audience, str]:
    audience, _, person = whose.partition("/")
    return Audience(audience), person


def _about(whose: str) -> Question:
    found = choice_of(*_of(whose))
    now = " · ".join(f"{title}：{value}" for title, value in in_words(found).items())
    must = "收到、办结、不予受理、并单、撤单，以及派给本人办的，总是会说；安静时段过了再说，紧急的不等。"
    hint = f"**提醒设置 · {escaped(found['name'])}**\n\n现在 {now}\n\n{must}"
    return Question("ChoicesForm", hint, lambda: _fields(whose))


def _fields(whose: str) -> Fields:
    found = choice_of(*_of(whose))
    events = [Event(one).label for one in found["may_decline"]]
    declined = [Event(one).label for one in found["declined"]]
    hours = [ONE_BY_ONE, *(at_hour(hour) for hour in range(24))]
    channels = {channel_name(one) for one in found["channels"]}
    fields = {
        "who": who(),
        "channel": _kept(
            "渠道", sorted(channels), found["channel"] and channel_name(found["channel"])
        ),
        "language": _kept("语言", locales(house().own_templates), found["language"]),
        "declined": ticks("不收（不打勾的都收）", events, declined),
        "quiet": text(
            "安静时段（例如 22:00-07:00；写“没有”就取消）", found["quiet"] or NEVER_QUIET, most=11
        ),
        "digest": pick("每天一条", hours, at_hour(found["digest_hour"])),
    }
    if found["audience"] == Audience.RESIDENT:
        fields["address"] = text("渠道地址（改了才写）", most=200)
    if found["muted"]:
        fields["unmute"] = ticks("这些地址又能用了", [channel_name(one) for one in found["muted"]])
    return fields


def _kept(title: str, options: list[str], chosen: str) -> Any:
    return pick(title, [AS_USUAL, *options], chosen if chosen in options else AS_USUAL)


def _set(whose: str, answer: Answer) -> Done:
    found = choice_of(*_of(whose))
    by = answer.who
    hours = {at_hour(hour): str(hour) for hour in range(24)}
    new = NewChoice(
        channel=_picked(answer, "channel"),
        language=_picked(answer, "language"),
        declined=list(answer.values.get("declined") or []),
        quiet=answer.optional("quiet"),
        digest_hour=hours.get(answer.text("digest"), ""),
        address=answer.text("address") or None,
    )
    set_choice(*_of(whose), new, by)
    names = answer.values.get("unmute") or []
    if again := [one for one in found["muted"] if channel_name(one) in names]:
        unmute(*_of(whose), by, again)
    is_resident = found["audience"] == Audience.RESIDENT  # whose name only our own tables know
    return Done(f"提醒设置 · {Audience.RESIDENT.label if is_resident else found['name']}")


def _picked(answer: Answer, field: str) -> str:
    typed = answer.text(field)
    return "" if typed == AS_USUAL else typed
