"""Texts are cut by bytes where a reader would stop, and a link stays whole."""

from __future__ import annotations

import pytest

from tasks.channels import cut
from tasks.short_messages import sms_parts

LINK = "https://example.org/r/Ab-9?x=1&y=2"


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("路灯", 6, "路灯"),  # it fits to the byte
        ("路灯不亮", 11, "路灯…"),  # 6 bytes and 3 for the …
        ("路灯不亮。请来修。谢谢您！", 30, "路灯不亮。请来修。…"),
        ("灯不亮？“请来修。”谢谢您！", 33, "灯不亮？“请来修。”…"),  # the quote ends with it
        ("Lamp out. Please come at 3.5 pm. Thanks", 29, "Lamp out. Please come at 3…"),
        ("Lamp out now. Please come. Thanks a lot", 35, "Lamp out now. Please come.…"),
        ("第一行字\n第二行字\n第三行字", 30, "第一行字\n第二行字…"),
        ("a" * 2049, 2048, "a" * 2045 + "…"),
        (
            "好。" + "很长的一句话没有停顿" * 3,
            50,
            "好。很长的一句话没有停顿很长的…",
        ),  # not only 好。
        ("🏮🏮🏮", 10, "🏮…"),
        ("好👨‍👩‍👧‍👦好", 20, "好…"),  # a family is one picture
        ("好👍🏽好", 12, "好…"),  # and so is a hand with its colour
        ("བཀྲ་ཤིས་བདེ་ལེགས", 18, "བཀྲ་…"),  # no vowel sign goes without its letter
        ("", 0, ""),
    ],
)
def test_a_text_is_cut_after_a_sentence_or_else_between_characters(
    text: str, most: int, expected: str
) -> None:
    assert cut(text, most) == expected
    assert len(cut(text, most).encode()) <= most


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        (
            "路灯不亮。" * 20 + f"请评价：{LINK}",
            100,
            f"路灯不亮。路灯不亮。路灯不亮。…\n请评价：{LINK}",
        ),
        (
            "路灯不亮。" * 20 + f"请评价：\n{LINK}\n谢谢。",
            100,
            f"路灯不亮。路灯不亮。路灯不亮。…\n请评价：\n{LINK}…",
        ),
        (f"请评价 {LINK} 。" + "谢谢您。" * 30, 100, f"请评价 {LINK} 。" + "谢谢您。" * 4 + "…"),
        ("路" * 60 + LINK + "灯" * 60, 60, f"路路路路路路…\n{LINK}…"),
        (f"…好。{LINK} 灯。" + "修。" * 20, 60, f"…好。{LINK} 灯。…"),  # its own … is no gap
        ("路灯。" + LINK, 30, "路灯。…"),  # a link too long for the channel goes as a whole
    ],
)
def test_a_link_stays_whole_before_everything_else(text: str, most: int, expected: str) -> None:
    assert cut(text, most) == expected
    assert len(expected.encode()) <= most


@pytest.mark.parametrize("sentence", ["路灯不亮。", "ལམ་གློག་མི་འདུག།", "🏮👨‍👩‍👧", "a.b ", "\n"])
def test_whatever_is_cut_stays_within_its_bytes(sentence: str) -> None:
    text = sentence * 40 + f"评价：{LINK}" + sentence * 40
    for most in range(0, 400, 7):
        short = cut(text, most)
        assert len(short.encode()) <= most or short == ""
        assert LINK in short or "http" not in short
        assert LINK in short or most < len(LINK) + 12


def test_a_hundred_thousand_characters_are_cut_at_once() -> None:
    assert cut("路灯不亮。" * 20_000, 2048) == "路灯不亮。" * 136 + "…"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 0),
        ("灯" * 70, 1),
        ("灯" * 71, 2),
        ("灯" * 134, 2),
        ("灯" * 135, 3),
        ("a" * 70, 1),
        ("🏮" * 35, 1),  # two units each
        ("🏮" * 36, 2),
        ("ལ" * 201, 3),
    ],
)
def test_short_messages_are_counted_as_they_are_paid(text: str, parts: int) -> None:
    assert sms_parts(text) == parts
