"""消息: what did not arrive and what becomes of it, and which channels rest; and its line on 待办."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flows.choice_words import channel_name, until
from flows.pages import named, section, table
from tasks.arrivals import Undelivered, count_undelivered, undelivered
from tasks.clock import utc_now
from tasks.house import house
from tasks.markup import escaped
from tasks.models.enums import Audience, MessageState
from tasks.muting import MutedAddress, muted_addresses
from tasks.queue import count_due
from tasks.resting import resting
from tasks.rules.deadline import local_time

SHOWN = 20
DOUBTFUL, RETRIED = (MessageState.UNKNOWN,), (MessageState.FAILED,)
GIVEN_UP, TEXTLESS = (MessageState.QUEUED, MessageState.REFUSED), (MessageState.DEAD,)


@dataclass(frozen=True)
class Post:
    """How the messages stand: of each kind of trouble how many, of channels those that rest and what waits."""

    counts: Counter[MessageState]
    rest: dict[str, datetime]  # channel → until when
    waiting: dict[str, int]
    muted: list[MutedAddress]

    def count(self, states: Iterable[MessageState]) -> int:
        """How many undelivered messages are in one of these states."""
        return sum(self.counts[state] for state in states)

    @property
    def is_well(self) -> bool:
        """Whether nobody need look at anything."""
        return not self.counts.total() and not self.rest and not self.muted


@dataclass(frozen=True)
class Ways:
    """Where the page leads to: the form that decides, and the list of calls."""

    form: str
    calls: str


def look_at_post() -> Post:
    """How they stand now."""
    return Post(count_undelivered(), resting(utc_now()), count_due(), muted_addresses())


def messages_page(post: Post, ways: Ways) -> str:
    """What has to be decided first, then what goes on by itself. No phone and no resident's name is on it."""
    head = f"# 消息\n\n{_moment(utc_now())} 更新\n\n"
    waiting = sum(post.waiting.values())
    if post.is_well:
        return head + "没有要管的消息。" + f"等着发的 {waiting} 条。" * bool(waiting)
    form = f"[没送到的消息]({ways.form})"
    parts = (
        _part(
            "不知道送没送到",
            f"先问一声对方，再打开{form}定：收到了，还是再发一次。",
            post,
            DOUBTFUL,
        ),
        _part("没发成，会自己再发", f"不用管；等不及的，在{form}里改成打电话。", post, RETRIED),
        _part(
            "渠道送不到，要人告诉", f"在[要打的电话]({ways.calls})里，告诉过打勾。", post, GIVEN_UP
        ),
        _part("没有文字可发", f"模板改好以后，在{form}里再发一次。", post, TEXTLESS),
        _muted(post),
        section("渠道", _channels(post)),
    )
    return head + "\n\n".join(filter(None, parts))


def _part(title: str, advice: str, post: Post, states: Sequence[MessageState]) -> str:
    count = post.count(states)
    if not count:
        return ""
    shown = undelivered(SHOWN, *states)
    more = f"先列最早的 {len(shown)} 条。" * (count > len(shown))
    return section(f"{title} {count} 条", f"{advice}{more}\n\n{_table(shown)}")


def _muted(post: Post) -> str:
    """Whose address takes nothing now: somebody asks them for another."""
    if not post.muted:
        return ""
    rows = [(_whose(one), escaped(channel_name(one.channel)), until(one)) for one in post.muted]
    advice = "问一声本人；地址改了就恢复，原来的又能用了，在“提醒设置”里写。"
    title = f"地址发不到，60 天内不再发 {len(rows)} 个"
    return section(title, f"{advice}\n\n" + table(("谁的", "渠道", "到"), rows))


def _whose(one: MutedAddress) -> str:
    """A resident's name stays in our own tables; an order of theirs leads to it."""
    name = one.number or "" if one.audience is Audience.RESIDENT else escaped(one.name)
    return f"{one.audience.label} {name}".strip()


def _table(lines: Sequence[Undelivered]) -> str:
    is_retried = any(line.again_at for line in lines)
    rows = [
        (
            str(line.id),
            line.number or "–",
            line.event.label,
            _recipient(line),
            escaped(line.why),
            _moment(line.written_at),
            *((f"{_moment(line.again_at)} 以后" if line.again_at else "–",) * is_retried),
        )
        for line in lines
    ]
    head = ("编号", "订单", "什么事", "告诉谁", "为什么", "写于", *(("下次再发",) * is_retried))
    return table(head, rows)


def _recipient(line: Undelivered) -> str:
    """A resident's name stays in our own tables; the number leads to it."""
    if line.audience is Audience.RESIDENT:
        return line.audience.label
    return escaped(named(line.audience, line.name))


def _channels(post: Post) -> str:
    """The channels that rest, or on which something waits."""
    rows = [
        (
            escaped(channel.name),
            f"不通，{_moment(post.rest[id])} 以后再试" if id in post.rest else "在发",
            str(post.waiting.get(id, 0) or "–"),
            str(channel.per_minute or "–"),
        )
        for id, channel in house().catalog.channels.items()
        if id in post.rest or id in post.waiting
    ]
    return table(("渠道", "现在", "等着发", "一分钟最多"), rows)


def messages_line(post: Post, form: str, page: str) -> str:
    """One line above 待办 while somebody has to decide, or a channel rests; "" otherwise."""
    doubtful, retried, textless = map(post.count, (DOUBTFUL, RETRIED, TEXTLESS))
    names = {id: channel.name for id, channel in house().catalog.channels.items()}
    parts = [
        f"不知道送没送到 **{doubtful} 条**，[来定]({form})" * bool(doubtful),
        f"没有文字可发 **{textless} 条**，模板改好后[再发一次]({form})" * bool(textless),
        *(
            f"“{escaped(names.get(id, id))}”不通，{_moment(until)} 以后再试"
            for id, until in post.rest.items()
        ),
    ]
    said = [part for part in parts if part]
    said += [f"{len(post.muted)} 个地址发不到"] * bool(post.muted)
    if not said:
        return ""
    said += [f"会自己再发 {retried} 条"] * bool(retried)
    return f"**消息**：{' · '.join(said)} · [细看]({page})\n\n"


def _moment(moment: datetime) -> str:
    return local_time(moment, house().timezone, utc_now())
