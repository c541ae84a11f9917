"""Each template is given just the values that belong to its message, of the types that it is told."""

from __future__ import annotations

import pytest

from tasks.examples import examples, examples_for
from tasks.models.enums import Audience, Event
from tasks.rendering import TEMPLATES, locales, message_path, names_used
from tasks.rules.notices import CARRIED
from tasks.rules.wording import VARIABLES, given_to

PAIRS = sorted(CARRIED)


@pytest.mark.parametrize(("event", "audience"), PAIRS)
def test_our_templates_use_what_their_message_is_given(event: Event, audience: Audience) -> None:
    given = {*given_to(event, audience), "channel"}
    for locale in locales():
        used = names_used(f"{locale}/{message_path(event, audience)}", TEMPLATES)
        assert used <= given


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_there_is_an_example_of_every_value_with_its_type(locale: str) -> None:
    types = {name: type(value) for name, value in examples(locale).items()}
    assert types == {name: variable.type for name, variable in VARIABLES.items()}


def test_what_belongs_to_another_message_is_not_given() -> None:
    assert "link" in examples_for(Event.ORDER_DONE, Audience.RESIDENT, "zh-CN")
    assert "link" not in examples_for(Event.ORDER_PLACED, Audience.RESIDENT, "zh-CN")
    claimed = examples_for(Event.ORDER_CLAIMED, Audience.MEMBER, "zh-CN")
    assert claimed["resident_phone"]
    for event, audience in PAIRS:
        is_theirs = (event, audience) == (Event.ORDER_CLAIMED, Audience.MEMBER)
        assert ("resident_phone" in given_to(event, audience)) is is_theirs
