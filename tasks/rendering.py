"""The words of a message: templates in, plain text out. The only module that knows Jinja2."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from jinja2.exceptions import (
    FilterArgumentError,
    SecurityError,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context

from config.shapes import ChannelKind
from tasks.errors import BadTemplate
from tasks.markup import escaped
from tasks.models.enums import Audience, Event
from tasks.rules.funding import in_yuan
from tasks.rules.spans import span_in_words

TEMPLATES = Path(__file__).parents[1] / "templates"
DEFAULT_LOCALE = "zh-CN"  # what every other locale falls back to, file by file
DAYS = {"zh-CN": "{month}月{day}日", "en": "{day} {month_name}"}  # others write as the default does
DAYS_OF_OTHER_YEARS = {"zh-CN": "{year}年{month}月{day}日", "en": "{day} {month_name} {year}"}
_TIMES = {"deadline": "moment", "due": "moment", "until": "day"}  # ISO in what templates are given
# Not strftime("%B"), which follows the locale of the machine.
MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class Short:
    """The values for the gaps of a template that a provider of short messages has approved."""

    sign: str
    template: str
    params: Mapping[str, str]


@dataclass(frozen=True)
class Text:
    """A message as it goes out: `subject` is one line, `body` is plain text framed for its channel.

    `short` is what a gateway of short messages is told in place of the body.
    """

    subject: str
    body: str
    short: Short | None = None


def render(
    event: Event,
    audience: Audience,
    channel: ChannelKind,
    locale: str,
    variables: Mapping[str, object],
    own: Path | None = None,
) -> Text:
    """The message for one audience, framed for one kind of channel. Values come out literally.

    A file in the folder `own` wins over the one of the same path among ours. A locale without a
    folder, or without this file, speaks zh-CN. Templates see `variables`, the
    `channel`, and as `locale` the one they are written in; a frame sees `subject` and `text` too.
    Raises BadTemplate when a template is missing, is written wrongly or uses an unknown value.
    """
    message = _find_template(message_path(event, audience), locale, own)
    frame = _find_template(frame_path(channel), locale, own)
    known = {**variables, "channel": channel.value}
    subject = _one_line(_fill_block(message, "subject", known))
    text = _tidy(_fill_block(message, "text", known))
    return Text(subject, _tidy(_fill(frame, {**known, "subject": subject, "text": text})))


def message_path(event: Event, audience: Audience) -> str:
    """Where a message's template lies below the folder of a locale."""
    return f"{event.value}/{audience.value}.j2"


def frame_path(channel: ChannelKind) -> str:
    """Where the frame of a kind of channel lies below the folder of a locale."""
    return f"channels/{channel.value}.j2"


def locales(own: Path | None = None) -> list[str]:
    """The languages that there is a folder of templates for, the default one first."""
    folders = [folder for folder in (own, TEMPLATES) if folder is not None and folder.is_dir()]
    found = {path.name for folder in folders for path in folder.iterdir() if path.is_dir()}
    return sorted(found, key=lambda name: (name != DEFAULT_LOCALE, name))


def names_used(path: str, own: Path) -> set[str]:
    """The values that a template uses anywhere, also where an example does not lead. Raises BadTemplate."""
    environment = _environment((own,))
    with _blaming(path):
        assert environment.loader is not None
        source, _file, _is_same = environment.loader.get_source(environment, path)
        return find_undeclared_variables(environment.parse(source, name=path))


def spoken(name: str, known: Mapping[str, object]) -> str:
    """One value as a message would say it: a time as moment, a day as day, anything else as it is."""
    said = "" if known.get(name) is None else str(known[name])
    written = _TIMES.get(name) if said else None
    if written is None:
        return said
    with _blaming(name):
        template = _environment((TEMPLATES,)).from_string("{{ value | " + written + " }}")
        return template.render({**known, "value": said})


def render_page(name: str, variables: Mapping[str, object]) -> str:
    """A page of Markdown by its name below pages/; what people typed goes through the filter `plain`.

    Raises BadTemplate as `render` does.
    """
    return _tidy(_fill(_find_template(f"pages/{name}.md.j2", DEFAULT_LOCALE), variables)) + "\n"


def _find_template(path: str, locale: str, own: Path | None = None) -> Template:
    wanted = [f"{folder}/{path}" for folder in dict.fromkeys((locale, DEFAULT_LOCALE))]
    folders = (TEMPLATES,) if own is None else (own, TEMPLATES)
    with _blaming(wanted[-1]):
        return _environment(folders).select_template(wanted)


class _FirstFolderWins(FileSystemLoader):
    """Looks again also when a file has come into an earlier folder than the one it was found in."""

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """The template's text, its file, and whether that is still what would be found."""
        source, file, is_same = super().get_source(environment, template)
        passed = [Path(folder, template) for folder in self.searchpath]
        earlier = list(takewhile(lambda path: path != Path(file), passed))
        return source, file, lambda: is_same() and not any(path.is_file() for path in earlier)


@cache
def _environment(folders: tuple[Path, ...]) -> ImmutableSandboxedEnvironment:
    """One per process and folders. A template changed on the disk is read again."""
    environment = ImmutableSandboxedEnvironment(
        # -sig: editors on Windows put a byte order mark before the first character
        loader=_FirstFolderWins(folders, encoding="utf-8-sig"),
        undefined=StrictUndefined,
        # Every template here makes plain text: escaping would put "&lt;" before a resident's eyes.
        # Whoever shows such a text in HTML escapes it there.
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(day=_day, moment=_moment, span=_span, yuan=in_yuan, plain=escaped)
    return environment


def _fill_block(template: Template, block: str, known: Mapping[str, object]) -> str:
    path = template.name or ""
    if block not in template.blocks:
        raise BadTemplate(template=path, problem=f"缺少 {{% block {block} %}} 这一段。")
    with _blaming(path):
        return "".join(template.blocks[block](template.new_context(_spoken(template, known))))


def _fill(template: Template, known: Mapping[str, object]) -> str:
    with _blaming(template.name or ""):
        return template.render(_spoken(template, known))


def _spoken(template: Template, known: Mapping[str, object]) -> dict[str, object]:
    """The values, with the locale of the template itself, which may be the fallback."""
    return {**known, "locale": (template.name or "").split("/")[0]}


@contextmanager
def _blaming(path: str) -> Iterator[None]:
    """Turns every mistake that a template's writer can make into BadTemplate.

    The last three are what expressions raise: `1 / 0`, `1 + "a"`, a file that is not UTF-8.
    """
    try:
        yield
    except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
        where = error.name if isinstance(error, TemplateSyntaxError) else None
        raise BadTemplate(template=where or path, problem=_explain(error)) from error


def _explain(error: Exception) -> str:
    match error:
        case TemplateNotFound():
            return "没有这个文件，请补上。"
        case TemplateSyntaxError():
            return f"第 {error.lineno} 行写法不对（{error.message}）。"
        case SecurityError():
            return f"用了不允许的写法（{error}）。"
        case UndefinedError():
            return f"用了没有给出的值（{error}）。"
        case FilterArgumentError():
            return str(error)
        case UnicodeDecodeError():
            return "文件不是 UTF-8 编码，请另存为 UTF-8。"
        case _:
            return f"算不出结果（{error}）。"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _tidy(text: str) -> str:
    """No blanks at the ends of lines, at most one empty line in a row, none around the text."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[^\S\n]+$", "", text, flags=re.MULTILINE)).strip()


@pass_context
def _day(context: Context, value: object) -> str:
    """12月3日, or "3 December": the local day of an ISO date, an aware ISO time or the like."""
    read = _read(value)
    return _write_day(context, _local(context, read) if isinstance(read, datetime) else read)


@pass_context
def _moment(context: Context, value: object) -> str:
    """12月3日 18:30, or "3 December 18:30": an aware ISO time or datetime by the local clock."""
    read = _read(value)
    if not isinstance(read, datetime):
        raise FilterArgumentError(f"“{value}”只有日期，没有时刻；日期请用 day。")
    local = _local(context, read)
    return f"{_write_day(context, local)} {local:%H:%M}"


@pass_context
def _span(context: Context, value: float) -> str:
    """12 分钟, or "12 minutes": about so many seconds."""
    return span_in_words(float(value), str(context.resolve("locale")))


def _read(value: object) -> date | datetime:
    if isinstance(value, date):
        return value
    text = str(value)
    try:
        if "T" in text or ":" in text:
            return datetime.fromisoformat(text)
        return date.fromisoformat(text)
    except ValueError:
        raise FilterArgumentError(f"“{text}”不是日期或时间。") from None


def _local(context: Context, moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise FilterArgumentError(f"“{moment.isoformat()}”没有时区。")
    zone = str(context.resolve("timezone"))
    try:
        return moment.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError):  # what zoneinfo raises for an unknown name, a malformed one
        raise FilterArgumentError(f"没有时区“{zone}”。") from None


def _write_day(context: Context, day: date) -> str:
    patterns = DAYS if _is_of_this_year(context, day) else DAYS_OF_OTHER_YEARS
    pattern = patterns.get(str(context.resolve("locale")), patterns[DEFAULT_LOCALE])
    month_name = MONTH_NAMES[day.month - 1]
    return pattern.format(year=day.year, month=day.month, day=day.day, month_name=month_name)


def _is_of_this_year(context: Context, day: date) -> bool:
    """A page or text that was not told what day it is leaves the year out."""
    today = context.get("today")
    return not today or date.fromisoformat(str(today)).year == day.year
