"""What people choose about their messages, on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Command = Callable[..., Any]
AT = ("--at", "2026-09-14T10:00")


def test_a_resident_s_choices_are_set_by_an_order_s_number_and_shown(command: Command) -> None:
    command("init", "--purpose", "test")
    lamp = ("place", "--kind", "appeal", "--words", "路灯不亮", "--grid", "grid-3")
    number = command(*AT, *lamp, "--resident", "居民甲", "--phone", "13900000001").json["number"]
    chosen = ("--decline", "order_progress", "--quiet", "22:00-07:00", "--digest-at", "18")
    shown = command(*AT, "choices", "set", number, *chosen, "--by", "staff-1").out
    assert shown == (
        "谁的：居民甲\n渠道：照平常\n语言：zh-CN\n不收：有进展\n安静时段：22:00-07:00\n每天一条：18 点合成一条\n"
    )
    found = command("choices", "show", "13900000001", "--json").json
    assert (found["person"], found["declined"], found["digest_hour"]) == (
        "1",
        ["order_progress"],
        18,
    )
    assert "13900000001" not in str(found)
    command(*AT, "choices", "set", number, "--decline", "", "--digest-at", "", "--by", "resident")
    found = command("choices", "show", number, "--json").json
    assert (found["declined"], found["quiet"], found["digest_hour"]) == ([], "22:00-07:00", None)


def test_what_must_be_said_cannot_be_declined(command: Command) -> None:
    command("init", "--purpose", "test")
    refused = command("choices", "set", "供电所", "--decline", "order_assigned", "--by", "staff-1")
    assert refused.code == 2
    assert "“order_assigned”不能不收；可以不收的有：" in refused.error
    assert "快到期（order_due_soon）" in refused.error


def test_no_address_is_muted_at_first_and_lifting_counts_none(command: Command) -> None:
    command("init", "--purpose", "test")
    assert command("messages", "--muted").out == "没有 60 天内不再发的地址。\n"
    assert command("messages", "--muted", "--json").json == []
    lifted = command("choices", "unmute", "供电所", "--channel", "mail", "--by", "staff-1")
    assert lifted.out == "再发到 0 个地址。\n"
