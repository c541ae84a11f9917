"""Channels that work, but of which a coordinator should know a weakness before relying on them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from config.catalog import Catalog
from config.channel_schemes import SCHEMES, is_scheme_of, scheme_of
from config.settings import Settings

# They count a message as sent although the provider refused it with HTTP 200 and a code in the body
# (measured with Apprise 1.13); where we have a robot of our own for it, that one is named.
_BLIND = {
    "wecombot": "wecomrobot",
    "dingtalk": "dingtalkrobot",
    "feishu": "feishurobot",
    **dict.fromkeys(("schan", "pushme", "lark", "qq", "bark", "barks"), ""),
}
_PUBLIC = ("ntfy", "ntfys")  # without a host of one's own


def channel_warnings(catalog: Catalog, settings: Settings) -> Iterator[str]:
    """A sentence for each such channel of this machine; it names the scheme and nothing else of the URL."""
    for channel in catalog.channels.values():
        url = settings.channel_url(channel.id) or ""
        scheme = scheme_of(url)
        if url and not is_scheme_of(channel.kind, url):
            fitting = " 或 ".join(f"{one}://" for one in SCHEMES[channel.kind])
            yield (
                f"渠道“{channel.name}”是 {channel.kind}，地址要以 {fitting} 开头，"
                f"现在是 {scheme}://，一条也发不出去。"
            )
        elif scheme in _BLIND:
            ours = _BLIND[scheme]
            remedy = f"请改用 {ours}://。" if ours else "重要的消息请用别的渠道。"
            yield f"渠道“{channel.name}”用的 {scheme}:// 看不到对方拒收，没送到也会算成已送出。{remedy}"
        elif scheme in _PUBLIC and not _has_host(url):
            yield (
                f"渠道“{channel.name}”用的 {scheme}:// 没有写服务器，"
                f"消息会发到公共服务器，知道主题名的人都能看到。请写成 {scheme}://服务器/主题。"
            )


def _has_host(url: str) -> bool:
    """Whether it is ntfy://host/topic, and not ntfy://topic."""
    try:
        return bool(urlsplit(url).path.strip("/"))
    except ValueError:  # a malformed host is one all the same
        return True
