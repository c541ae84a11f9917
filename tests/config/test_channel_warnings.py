"""A coordinator learns before the first message which channel would swallow a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from config.channel_warnings import channel_warnings

Settle = Callable[..., Any]


def warned(settle: Settle, url: str, **more: Any) -> list[str]:
    """What is said about the example community's webhook with this URL."""
    house = settle(channels={"webhook": url}, **more)
    return list(channel_warnings(house.catalog, house.settings))


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("wecombot://secret-key", "wecomrobot://"),
        ("dingtalk://secret-key", "dingtalkrobot://"),
        ("FEISHU://secret-key", "feishurobot://"),
        *((f"{scheme}://secret-key", "别的渠道") for scheme in ("schan", "pushme", "lark", "qq")),
        ("barks://host/secret-key", "别的渠道"),
    ],
)
def test_a_channel_that_cannot_see_a_refusal_is_named(settle: Settle, url: str, ours: str) -> None:
    (sentence,) = warned(settle, url)
    assert "“对接系统”" in sentence and "看不到对方拒收" in sentence and ours in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize("url", ["ntfy://secret-topic", "ntfys://secret-topic/?priority=high"])
def test_a_topic_on_the_public_server_is_named(settle: Settle, url: str) -> None:
    (sentence,) = warned(settle, url)
    assert "公共服务器" in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1/hook",
        "mailto://example.org",
        "wecomrobot://qyapi.weixin.qq.com/key",
        "dingtalkrobot://oapi.dingtalk.com/token",
        "ntfy://push.example.org/topic",
        "mqtt://broker.example.org/topic",
        "wecomapp://corp:secret@1000002/",
        "ntfy://[broken/topic",
        "",
    ],
)
def test_what_sees_refusals_is_not_spoken_of(settle: Settle, url: str) -> None:
    assert warned(settle, url) == []


@pytest.mark.parametrize(
    ("kind", "url", "fitting"),
    [
        ("wecom_app", "wechat://corp:secret@1000002/", "wecomapp://"),
        ("mqtt", "json://broker.example.org/secret", "mqtt:// 或 mqtts://"),
    ],
)
def test_a_url_of_another_kind_of_channel_is_named(
    settle: Settle, community: Callable[..., Any], kind: str, url: str, fitting: str
) -> None:
    config = community({"channels.yaml": {"channels": {"webhook": {"kind": kind}}}})
    (sentence,) = warned(settle, url, config=config)
    assert f"要以 {fitting} 开头" in sentence and "一条也发不出去" in sentence
    assert "secret" not in sentence
