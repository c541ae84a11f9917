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
    assert "和原来一样，什么也没有改。" in prefect.form_of(run.id).description
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
