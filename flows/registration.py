"""双报到 in the Prefect UI: 党员报到, 单位报到, 核实报到, 加入队伍 and 退出队伍, one form each."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.forms.answers import Answer
from flows.forms.fields import Fields, must, pick, text, ticks, who
from flows.one_form import Question, ask_and_do
from tasks.directory import member_lines
from tasks.done import Done
from tasks.errors import BadInput
from tasks.house import house
from tasks.registration import join, leave, register, registered, verify
from tasks.requests import member_for, unit_for
from tasks.unit_registration import SERIES, register_unit, registered_units, verify_units

SEEN, LATER = "核实过了", "以后再核实"
EVERYWHERE = "全部退出"


@flow(name="register-member", flow_run_name="党员报到")
async def register_member() -> None:
    """Asks who comes to help, and notes it; a refusal is shown above the same form."""
    hint = "**党员报到** · 核实以后才能认领"
    await ask_and_do(Question("RegisterForm", hint, _registration), _register)


@flow(name="register-unit", flow_run_name="单位报到")
async def register_new_unit() -> None:
    """Asks which unit comes to help, and with what; from its verification on it can be assigned to."""
    hint = "**单位报到** · 核实以后可以派单给它"
    await ask_and_do(Question("UnitForm", hint, _unit), _register_unit)


@flow(name="verify-members", flow_run_name="核实报到")
async def verify_members() -> None:
    """Offers everybody who waits to be verified."""
    hint = "**核实报到** · 勾出核实过的人和单位"
    question = Question("VerifyForm", hint, _verification, nothing="没有要核实的人和单位。")
    await ask_and_do(question, _verify)


@flow(name="join-team", flow_run_name="加入队伍")
async def join_team() -> None:
    """Asks who belongs to one more unit or team from now on."""
    hint = "**加入队伍** · 已经报到的人，再加入一个单位或队伍"
    await ask_and_do(Question("JoinForm", hint, _joining), _join)


@flow(name="leave-team", flow_run_name="退出队伍")
async def leave_team() -> None:
    """Asks who leaves what; their orders go back to be claimed anew."""
    hint = "**退出队伍** · 手里的订单退回来，由别人认领"
    await ask_and_do(Question("LeaveForm", hint, _leaving), _leave)


def _handlers() -> list[str]:
    return [handler.name for handler in house().catalog.handlers.values()]


def _registration() -> Fields:
    return {
        "who": who(),
        "name": must("姓名"),
        "phone": must("电话"),
        "to": pick("从哪个单位、队伍来", _handlers()),
        **_what_they_offer(),
    }


def _what_they_offer() -> Fields:
    return {
        "seen": pick("核实了吗", [SEEN, LATER]),
        "skills": text("特长（用顿号隔开）"),
        "grids": ticks("愿意到哪些网格", [grid.name for grid in house().catalog.grids.values()]),
        "times": text("什么时候有空", most=200),
    }


def _offered(answer: Answer) -> dict[str, Any]:
    skills = [skill for skill in answer.text("skills").replace("，", "、").split("、") if skill]
    grids = answer.values.get("grids") or []
    return {"skills": skills, "grids": grids, "times": answer.text("times")}


def _register(answer: Answer) -> Done:
    typed = {name: answer.text(name) for name in ("name", "phone", "to")}
    new = member_for({**typed, **_offered(answer)})
    id = register(new, answer.who, verified=answer.text("seen") == SEEN)
    return Done(f"党员报到 · {id}")


def _unit() -> Fields:
    categories = [category.name for category in house().catalog.categories.values()]
    return {
        "who": who(),
        "name": must("单位名称"),
        "phone": must("电话"),
        "contact": text("联系人", most=60),
        "categories": ticks("能办哪些类别", categories),
        **_what_they_offer(),
    }


def _register_unit(answer: Answer) -> Done:
    typed = {name: answer.text(name) for name in ("name", "phone", "contact")}
    categories = answer.values.get("categories") or []
    new = unit_for({**typed, "categories": categories, **_offered(answer)})
    id = register_unit(new, answer.who, verified=answer.text("seen") == SEEN)
    kept = "" if id.startswith(SERIES) else " · 电话和网格仍照 handlers.yaml"
    return Done(f"单位报到 · {id}{kept}")


def _waiting_members() -> dict[str, str]:
    """Who waits to be verified, as lines with ids."""
    return {
        f"{one['id']} {one['name']}": one["id"]
        for one in registered()
        if not (one["verified"] or one["left"])
    }


def _waiting_units() -> dict[str, str]:
    return {
        f"{one['id']} {one['name']}（单位）": one["id"]
        for one in registered_units()
        if not one["verified"]
    }


def _verification() -> Fields:
    waiting = [*_waiting_units(), *_waiting_members()]
    return {"who": who(), "seen": ticks("核实过的人和单位", waiting)} if waiting else {}


def _verify(answer: Answer) -> Done:
    seen = answer.values.get("seen") or []
    if not seen:
        raise BadInput(field="核实过的人和单位", problem="还没有选。")
    units, members = _waiting_units(), _waiting_members()
    verified = verify_units([units[line] for line in seen if line in units], answer.who)
    count = verify([members[line] for line in seen if line in members], answer.who)
    return Done(f"核实报到 · {count} 人" + f"，{verified} 个单位" * bool(verified))


def _joining() -> Fields:
    return {
        "who": who(),
        "member": pick("谁加入", list(member_lines())),
        "to": pick("加入哪里", _handlers()),
    }


def _join(answer: Answer) -> Done:
    line, place = answer.text("member"), answer.text("to")
    id = member_lines().get(line)
    if id is None or not place:
        raise BadInput(field="谁加入、加入哪里", problem="请都选上。")
    join(id, place, answer.who)
    return Done(f"加入队伍 · {line.split('（')[0]}到{place}")


def _leaving() -> Fields:
    return {
        "who": who(),
        "member": pick("谁退出", list(member_lines())),
        "from": pick("退出哪里", [EVERYWHERE, *_handlers()]),
    }


def _leave(answer: Answer) -> Done:
    line, place = answer.text("member"), answer.text("from")
    id = member_lines().get(line)
    if id is None or not place:
        raise BadInput(field="谁退出、退出哪里", problem="请都选上。")
    numbers = leave(id, None if place == EVERYWHERE else place, answer.who)
    return Done(f"退出队伍 · 退回 {len(numbers)} 件", numbers)
