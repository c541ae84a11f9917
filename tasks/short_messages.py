"""What a short message says: the provider's approved wording, with this message's values in its gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from config.catalog import Catalog, Channel, ChannelKind, ShortMessages, ShortTemplate
from config.shapes import GAP
from tasks.errors import BadTemplates
from tasks.examples import examples_for
from tasks.models.enums import Audience, Event
from tasks.rendering import DEFAULT_LOCALE, Short, Text, spoken
from tasks.rules.notices import CARRIED

ALONE, PART = 70, 67  # UTF-16 units of a short message that is the only one, of one of several
_WHOLE = frozenset({"link", "number"})  # cut, they would lead nowhere


def as_short(
    text: Text,
    channel: Channel | None,
    event: Event,
    audience: Audience,
    locale: str,
    known: Mapping[str, object],
) -> Text:
    """The text as the channel's provider sends it: signed, by its template, each value on one line and
    within what the provider takes. As it is where there is no such channel or template."""
    sms = channel.sms if channel else None
    template = _template(sms, event, audience, locale) if sms else None
    if sms is None or template is None:
        return text
    params = {gap: _value(gap, known, sms.longest) for gap in template.gaps}
    body = GAP.sub(lambda found: params[found[1]], template.text)
    return replace(text, body=f"【{sms.sign}】{body}", short=Short(sms.sign, template.id, params))


def can_say(channel: Channel, event: Event, audience: Audience) -> bool:
    """Whether a channel carries this message at all; one of short messages only by a template."""
    if channel.kind is not ChannelKind.SMS:
        return True
    return channel.sms is not None and _template(channel.sms, event, audience, "") is not None


def _template(
    sms: ShortMessages, event: Event, audience: Audience, locale: str
) -> ShortTemplate | None:
    """That of the recipient's language, or else the Chinese one."""
    fitting = {
        one.locale: one for one in sms.templates if (one.event, one.audience) == (event, audience)
    }
    return fitting.get(locale) or fitting.get(DEFAULT_LOCALE)


def _value(gap: str, known: Mapping[str, object], longest: int) -> str:
    line = " ".join(spoken(gap, known).split())
    return line if len(line) <= longest or gap in _WHOLE else line[: longest - 1] + "…"


def sms_parts(text: str) -> int:
    """As how many short messages a text is sent and paid for; the signature counts."""
    units = len(text.encode("utf-16-le")) // 2
    return min(units, 1) if units <= ALONE else -(-units // PART)


def check_short_messages(catalog: Catalog) -> None:
    """Raises BadTemplates with every template of short messages that nothing would be sent by, or whose
    gaps there are no values for."""
    wrong = [
        f"channels.yaml 渠道“{channel.name}”的短信模板 {template.id}：{problem}"
        for channel in catalog.channels.values()
        for template in (channel.sms.templates if channel.sms else ())
        for problem in _problems(template)
    ]
    if wrong:
        raise BadTemplates(wrong)


def _problems(template: ShortTemplate) -> Iterator[str]:
    carried = {(event.value, audience.value) for event, audience in CARRIED}
    if (template.event, template.audience) not in carried:
        heard = [audience for event, audience in sorted(carried) if event == template.event]
        hint = (
            f"{template.event} 可以告诉：{'、'.join(heard)}" if heard else "见 templates 里的文件夹"
        )
        yield f"没有 {template.event}/{template.audience} 这种消息，{hint}。"
        return
    known = examples_for(Event(template.event), Audience(template.audience), template.locale)
    unknown = [gap for gap in template.gaps if not isinstance(known.get(gap), str | int)]
    if unknown:
        usable = "、".join(name for name, value in known.items() if isinstance(value, str | int))
        yield f"没有 {'、'.join(unknown)} 这个值，可以用：{usable}。"
