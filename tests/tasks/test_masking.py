"""What is made unreadable, and what must stay as it is."""

from __future__ import annotations

import pytest

from tasks.masking import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("请打13900000678。", "请打*******678。"),
        ("139 0000 0678", "*******678"),
        ("+86 139-0000-0678", "*******678"),
        ("0893-1234567，找他", "*******567，找他"),
        ("号码 8234567", "号码 *******567"),
        ("+977 1 4123456", "*******456"),
        ("test@test.com", "t**t@***t.com"),
        ("写给 a@mail.example.org", "写给 a**@***e.org"),
    ],
)
def test_phones_and_addresses_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize("letter", ["路", "a", "1-", "a.b-"])
def test_a_text_of_any_length_is_looked_through_once(letter: str) -> None:
    text = letter * 400_000  # letter by letter anew, it would take longer than a test may
    assert masked(f"{text} 13900000678").endswith(" *******678")


@pytest.mark.parametrize(
    "text",
    [
        "编号 A-2026-0012",
        "2026-12-03 18:30",
        "50000.00 元",
        "https://diandan.example.org/r/A-2026-0012.1.x13900000678y",
        "三号院 12 单元 301",
        "/flow-run/0192aeb3-1234-7890-abcd-013900000001",
        "/flow-run/0192aeb3-1234-7890-abcd-089312345678",
    ],
)
def test_nothing_else_is(text: str) -> None:
    assert masked(text) == text


def test_a_phone_that_everybody_may_know_stays() -> None:
    assert masked("请打 0893-0000000", {"0893-0000000"}) == "请打 0893-0000000"
