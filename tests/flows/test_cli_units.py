"""Units that register, on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Command = Callable[..., Any]
AT = ("--at", "2026-09-14T10:00")


def test_a_unit_registers_is_verified_and_is_assigned_to(command: Command) -> None:
    command("init", "--purpose", "test")
    said = command(
        *(
            *AT,
            "unit",
            "register",
            "--name",
            "藏医诊所",
            "--phone",
            "13900005678",
            "--by",
            "staff-1",
        ),
        *("--category", "供电照明", "--skill", "修灯", "--times", "周末"),
    )
    assert said.json == {"id": "u-0001", "verified": False}
    assert command("unit", "verify", "u-0001", "--by", "staff-2").out == "已核实 1 个单位。\n"
    shown = command("unit", "list").out
    for part in ("u-0001", "藏医诊所", "13900005678", "供电照明", "修灯", "周末", "已核实"):
        assert part in shown
    (listed,) = command("unit", "list", "--json").json
    assert (listed["categories"], listed["verified"]) == (["street-light"], True)
    lamp = ("place", "--kind", "appeal", "--words", "路灯不亮", "--grid", "grid-3")
    number = command(*AT, *lamp).json["number"]
    assert command(*AT, "act", number, "accept", "--by", "staff-1").code == 0
    assigned = command(*AT, "act", number, "assign", "--to", "藏医诊所", "--by", "staff-1").json
    assert assigned["handler"] == "u-0001"
