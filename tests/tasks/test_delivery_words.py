"""Whoever looks at a message that did not arrive reads why, and no code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tasks
from tasks.channels import sms
from tasks.delivery_words import in_words, way_in

CODE = re.compile(r'Outcome\(\s*MessageState\.\w+,\s*"(\w+)"')


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", ""),
        ("no_such_user", "企业微信里没有这个人，或应用看不到他"),
        ("errcode_60020", "渠道拒绝（代码 60020）"),
        ("smtp_550", "邮件被退（代码 550）"),
        ("smtp_not_supported", "邮件服务器不支持这种登录"),
        ("mqtt_135", "消息服务器不让登录"),
        ("mqtt_138", "消息服务器拒绝（代码 138）"),
        ("KeyError", "渠道出了内部错误（KeyError）"),
        ("SSLCertVerificationError", "渠道出了内部错误（SSLCertVerificationError）"),
        ("gaierror", "渠道出了内部错误（gaierror）"),
    ],
)
def test_a_code_is_said_in_words(code: str, words: str) -> None:
    assert in_words(code) == words


def test_every_code_that_a_channel_gives_has_words() -> None:
    folder = Path(tasks.__path__[0]) / "channels"
    sources = [path.read_text(encoding="utf-8") for path in folder.glob("*.py")]
    codes = {code for source in sources for code in CODE.findall(source)}
    codes |= {outcome.code for outcome in sms._MEANINGS.values()} - {""}
    assert len(codes) > 15
    assert [code for code in sorted(codes) if in_words(code) == code] == []


def test_a_reason_tells_the_channel_and_the_code() -> None:
    assert way_in("mail: smtp_550") == ("mail", "smtp_550")
    assert way_in("没有联系方式") == way_in("") == ("", "")
