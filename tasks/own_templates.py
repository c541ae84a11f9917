"""The templates that a community has written itself: each is read and tried before anybody is written to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from config.catalog import ChannelKind
from tasks import examples as tried_with
from tasks import rendering
from tasks.errors import BadTemplate, BadTemplates
from tasks.examples import examples_for
from tasks.marks import marked, set_mark
from tasks.models.enums import Audience, Event
from tasks.rendering import frame_path, message_path, names_used, render
from tasks.rules import notices, wording
from tasks.rules.notices import CARRIED
from tasks.rules.wording import given_to

_OF_FRAMES = {"subject", "text"}
_BY_PATH = {message_path(*pair): pair for pair in CARRIED}
_FRAMES = {frame_path(kind): kind for kind in ChannelKind}
_OURS = [Path(str(module.__file__)) for module in (tried_with, rendering, notices, wording)]
_MARK = "own_templates"
_ANY = (Event.ORDER_PLACED, Audience.RESIDENT)  # what a frame is tried with


def check_templates(own: Path) -> int:
    """Tries every template in a community's folder with example values, and gives how many there are.

    Raises BadTemplates with every file that is wrong, and what is wrong with it.
    """
    files = _files(own)
    if wrong := _mistakes(files, own):
        raise BadTemplates(wrong)
    return len(files)


def known_mistakes(own: Path) -> list[str]:
    """The same mistakes, for pages that are written often: tried anew only when a file has come, changed
    or gone since, or what they are tried with; the database remembers that for all processes."""
    files = _files(own)
    if not files:
        return []
    state, mark = _state_of(files, own), marked(_MARK)
    if mark is not None and (known := json.loads(mark.value))["state"] == state:
        return list(known["wrong"])
    wrong = _mistakes(files, own)
    set_mark(_MARK, json.dumps({"state": state, "wrong": wrong}))
    return wrong


def _files(own: Path) -> list[Path]:
    return sorted(path for path in own.rglob("*.j2") if path.is_file())


def _state_of(files: Sequence[Path], own: Path) -> str:
    """Another one whenever a file, or our own part in the trial, is another."""
    looked_at = ((path, path.stat()) for path in (*files, *_OURS))
    stats = [(str(path), stat.st_mtime_ns, stat.st_size) for path, stat in looked_at]
    return sha256(repr((str(own), stats)).encode()).hexdigest()


def _mistakes(files: Sequence[Path], own: Path) -> list[str]:
    wrong: dict[str, None] = {}
    for file in files:
        try:
            _check(file.relative_to(own), own)
        except BadTemplate as error:
            wrong[f"{own.name}/{error.facts['template']}：{error.facts['problem']}"] = None
    return list(wrong)


def _check(file: Path, own: Path) -> None:
    path, locale, below = file.as_posix(), file.parts[0], "/".join(file.parts[1:])
    if below not in _BY_PATH and below not in _FRAMES:
        raise BadTemplate(template=path, problem=_no_such_file(file))
    uses = list(_uses(below))
    given = {*given_to(*uses[0][0]), "channel"} | (_OF_FRAMES if below in _FRAMES else set())
    unknown = sorted(names_used(path, own) - given)
    if unknown:
        raise BadTemplate(template=path, problem=f"用了没有给出的值（{'、'.join(unknown)}）。")
    for (event, audience), kind in uses:
        render(event, audience, kind, locale, examples_for(event, audience, locale), own)


def _uses(below: str) -> Iterator[tuple[tuple[Event, Audience], ChannelKind]]:
    """Everything that a template has a part in, or an example of it."""
    if below in _FRAMES:
        yield _ANY, _FRAMES[below]
    else:
        yield from ((_BY_PATH[below], kind) for kind in ChannelKind)


def _no_such_file(file: Path) -> str:
    """What there could be where nothing is looked for under this name."""
    folder = file.parts[1] if len(file.parts) == 3 else ""
    known = [*_FRAMES, *sorted(_BY_PATH)]
    near = [path.split("/")[1] for path in known if path.split("/")[0] == folder]
    if near:
        return f"没有这种消息，不会用到；{folder} 里可以有：{'、'.join(near)}。"
    return "没有这种消息，不会用到；要放在 语言/消息/对象.j2，例如 zh-CN/order_placed/resident.j2。"
