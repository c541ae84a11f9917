"""改心愿 in the Prefect UI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flows.editing import change_wish
from tasks.models.tables import Order

NAME = "edit-wish/改心愿"
OPEN = {"kind": "small_wish", "category": "wishes", "words": "想要一个书包", "place": "二号院"}


def test_a_wish_is_picked_and_its_words_are_changed(
    prefect: Any, place: Callable[..., str], desk: Any, look: Callable[[str], Order]
) -> None:
    number = place(**OPEN)
    run = prefect.start(NAME, change_wish.fn)

    def answer(**values: str) -> None:
        prefect.answer(run.id, **values)
        prefect.process(run.id, change_wish.fn)

    (line,) = prefect.form_of(run.id).options("order")
    assert line.startswith(f"{number} · ")
    answer(order=line)
    form = prefect.form_of(run.id)
    assert (form.preselected["words"], form.preselected["place"]) == ("想要一个书包", "二号院")
    answer(who="洛桑罗布", words="想要一个书包")
    assert "和原来一样（清空不算），什么也没有改。" in prefect.form_of(run.id).description
    answer(who="洛桑罗布", words="想要一个蓝书包", reason="问清楚了")
    assert (run.state.is_completed(), run.name) == (True, f"改心愿 · {number}")
    assert (look(number).words, look(number).place) == ("想要一个蓝书包", "二号院")
    assert "想要一个蓝书包" in desk.form(number).description  # its own run shows it at once
    assert not [key for id, key in prefect.inputs if id == run.id]  # nothing typed is kept


def test_without_a_wish_nothing_is_asked(prefect: Any, place: Callable[..., str]) -> None:
    place()
    run = prefect.start(NAME, change_wish.fn)
    assert run.state.is_completed()
    assert prefect.log == ["没有还能改的心愿。"]


def test_a_wish_that_is_claimed_meanwhile_ends_it_and_the_place_can_be_taken_out(
    prefect: Any, place: Callable[..., str], do: Callable[..., None], look: Callable[[str], Order]
) -> None:
    number, other = place(**OPEN), place(**{**OPEN, "words": "想要一副老花镜"})
    runs = {}
    for one in (number, other):
        runs[one] = prefect.start(NAME, change_wish.fn)
        line = next(o for o in prefect.form_of(runs[one].id).options("order") if o.startswith(one))
        prefect.answer(runs[one].id, order=line)
        prefect.process(runs[one].id, change_wish.fn)
    do(number, "accept")
    do(number, "claim", to="m-241")
    prefect.answer(runs[number].id, who="洛桑罗布", words="想要一个蓝书包")
    prefect.process(runs[number].id, change_wish.fn)
    assert runs[number].state.is_completed()
    assert prefect.log[-1] == "这个心愿刚刚有人认领了，或者已经办结，内容不能再改。"
    assert look(number).words == "想要一个书包"
    prefect.answer(runs[other].id, who="洛桑罗布", place="无")
    prefect.process(runs[other].id, change_wish.fn)
    assert (look(other).words, look(other).place) == ("想要一副老花镜", "")


def test_a_run_that_is_taken_up_again_after_its_end_changes_nothing_else(
    prefect: Any, place: Callable[..., str], look: Callable[[str], Order]
) -> None:
    number = place(**OPEN)
    run = prefect.start(NAME, change_wish.fn)
    prefect.answer(run.id, order=prefect.form_of(run.id).options("order")[0])
    prefect.process(run.id, change_wish.fn)
    prefect.answer(run.id, who="洛桑罗布", words="想要一个蓝书包")
    prefect.process(run.id, change_wish.fn)
    prefect.process(run.id, change_wish.fn)
    assert (run.state.is_completed(), run.name) == (True, f"改心愿 · {number}")
