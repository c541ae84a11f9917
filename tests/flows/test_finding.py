"""查找: one form, nothing in it required; what was found stands on the run's page with links to the forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import flows.finding
from flows.finding import FindForm, find
from flows.sweeps import forget_typed

DEPLOYMENT = "find/查找"
PHONE = "13900001234"
Look = Callable[..., Any]


@pytest.fixture
def look_for(prefect: Any) -> Look:
    """Starts 查找, changing only what is named; gives the page that its run wrote."""

    def start(**typed: Any) -> Any:
        before = set(prefect.artifacts)
        run = prefect.start(DEPLOYMENT, find.fn, FindForm(**typed))
        assert run.state.is_completed()
        (page,) = (prefect.artifacts[key] for key in set(prefect.artifacts) - before)
        assert page.flow_run_id == run.id
        return page

    return start


def test_nothing_has_to_be_filled_in() -> None:
    schema = FindForm.model_json_schema()
    assert "required" not in schema
    assert [field["title"] for field in schema["properties"].values()] == [
        *("编号、内容里的词、姓名，或电话后四位", "网格", "承办", "到哪一步", "提出多久了"),
    ]


def test_what_was_found_leads_to_its_form(
    prefect: Any, desk: Any, look_for: Look, open_order: Callable[..., str]
) -> None:
    number = open_order(words="路灯不亮", phone=PHONE)
    open_order(words="桥栏杆松了", grid="grid-1")
    page = look_for(anything="1234")
    assert page.description == "找到 1 件"
    assert page.data.startswith("# 找到 1 件\n\n| ")
    assert f"[填表](http://127.0.0.1:4200/v2/runs/flow-run/{desk.id(number)})" in page.data
    assert "桥栏杆" not in page.data
    assert PHONE not in page.data
    assert f"找到 1 件：http://127.0.0.1:4200/v2/artifacts/artifact/{page.id}" in prefect.log


def test_each_pick_list_narrows(
    look_for: Look, open_order: Callable[..., str], do: Callable[..., None]
) -> None:
    open_order("assigned", words="路灯不亮", grid="grid-1")
    over = open_order(words="路灯坏了")
    do(over, "decline", reason="不归社区管", instead="请找物业")
    assert look_for(anything="路灯").description == "找到 2 件"
    assert look_for(anything="路灯", stage="所有在办的").description == "找到 1 件"
    assert (
        look_for(stage="待单位接单", handler="供电所", grid="第一网格").description == "找到 1 件"
    )
    assert over in look_for(stage="不予受理").data
    assert look_for(age="30 天以上").data == "# 找到 0 件\n\n换一个词，或者少选几项再找。"


def test_an_ended_order_has_no_form_to_lead_to(
    look_for: Look, open_order: Callable[..., str], do: Callable[..., None]
) -> None:
    over = open_order()
    do(over, "decline", reason="不归社区管", instead="请找物业")
    page = look_for(anything=over)
    assert over in page.data
    assert "[填表]" not in page.data
    assert "已超期" not in page.data


def test_of_too_many_the_newest_are_listed(
    look_for: Look, place: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.finding, "MOST", 2)
    numbers = [place() for _ in range(3)]
    page = look_for()
    assert page.description == "找到 3 件（先列最新的 2 件）"
    assert [number in page.data for number in numbers] == [False, True, True]


def test_what_was_looked_for_is_forgotten_with_its_page(
    prefect: Any, look_for: Look, open_order: Callable[..., str], wait: Callable[..., Any]
) -> None:
    open_order(phone=PHONE)
    page = look_for(anything=PHONE)
    assert PHONE not in prefect.runs[page.flow_run_id].name
    wait(forget_typed(prefect))
    assert page in prefect.artifacts.values()
    prefect.grow_old(page.flow_run_id, timedelta(hours=1))
    wait(forget_typed(prefect))
    assert page not in prefect.artifacts.values()
    assert page.flow_run_id not in prefect.runs
