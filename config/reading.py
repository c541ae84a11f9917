"""From a file to its entries: YAML with the line of every key, and a coordinator's sentence for
each key that does not fit its shape. Knows nothing of what the entries mean together.

Every plain value is read as text and turned into what its field wants, so that a phone keeps its
leading zero and a country called NO stays one.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from config.mistakes import SAID, Mistake, suggest

Place = tuple[str | int, ...]  # the keys and positions that lead to a value, from the file's top
Lists = dict[str, list[object]]
Shape = TypeVar("Shape", bound=BaseModel)

_FULL_WIDTH = "：，｛｝［］“”‘’【】"  # what a Chinese keyboard writes in place of : , { } [ ] " '

# what is wrong and what would be right, by pydantic's type of error; {…} is filled from its context
_SENTENCES = {
    "string_type": ("应该是一段文字", "写一段文字，内容里有冒号或 # 时加英文引号"),
    "string_too_short": ("是空的", "写上内容"),
    "int_type": ("应该是一个整数", "写数字，例如 3"),
    "int_parsing": ("应该是一个整数", "写数字，例如 3"),
    "greater_than_equal": ("太小", "至少写 {ge}"),
    "less_than_equal": ("太大", "最多写 {le}"),
    "bool_type": ("应该是“是”或“否”", "写 true 或 false"),
    "bool_parsing": ("应该是“是”或“否”", "写 true 或 false"),
    "enum": ("不在可选的写法里", "可以写：{expected}"),
    "literal_error": ("不在可选的写法里", "可以写：{expected}"),
    "tuple_type": ("应该是一个列表", "写成 [甲, 乙]，只有一项也要方括号"),
    "dict_type": ("应该是几行“键: 值”", "每行写“键: 值”，冒号用英文，后面空一格"),
    "model_type": ("应该是几个“键: 值”", "写成 {{键: 值, 键: 值}}，冒号、逗号用英文"),
}


@dataclass(frozen=True)
class Document:
    """One file: its name, its content as texts, lists and dicts (None where nothing is written),
    and the line of every place in it, counted from 1."""

    file: str
    content: object
    lines: dict[Place, int]

    def mistake(self, place: Place, problem: str, remedy: str) -> Mistake:
        """A mistake at a place of this file, or at the nearest place above that is written."""
        while place and place not in self.lines:
            place = place[:-1]
        return Mistake(self.file, self.lines.get(place, 1), problem, remedy)


@dataclass
class _Walk:
    """One pass over a file's nodes: fills `lines`, and notes what YAML allows but we do not."""

    file: str
    lines: dict[Place, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    values: dict[int, object] = field(default_factory=dict)

    def value(self, node: Node, place: Place) -> object:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if id(node) in self.values:
            problem = "这里用了 YAML 的引用（& 和 *）"
            self.mistakes.append(Mistake(self.file, line, problem, "把内容完整写出来"))
            return self.values[id(node)]
        self.values[id(node)] = None  # what a node is while it is read, should it name itself
        self.values[id(node)] = self.fresh_value(node, place)
        return self.values[id(node)]

    def fresh_value(self, node: Node, place: Place) -> object:
        if isinstance(node, MappingNode):
            return self.mapping(node, place)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*place, at)) for at, item in enumerate(node.value)]
        return None if node.tag == "tag:yaml.org,2002:null" else str(node.value)

    def mapping(self, node: MappingNode, place: Place) -> dict[str, object]:
        values: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
            if key in values:
                problem = f'"{key}" 写了两次，第一次在第 {self.lines[(*place, key)]} 行'
                self.mistakes.append(Mistake(self.file, line, problem, "删掉其中一个"))
                continue
            self.lines[(*place, key)] = line
            values[key] = self.value(value_node, (*place, key))
        return values


def read_document(path: Path) -> tuple[Document | None, list[Mistake]]:
    """Read one file. The document is None when the file is not there or cannot be read as YAML;
    keys written twice are mistakes of a document that is there, with the first value."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError:
        return None, [Mistake(path.name, 1, "文件不存在或打不开", f"补上 {path.name}")]
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return None, [Mistake(path.name, line, "文件不是 UTF-8 编码", "另存为 UTF-8 编码")]
    try:
        node = YAML(typ="safe").compose(text)
    except YAMLError as error:
        return None, [_unreadable(path.name, text, error)]
    walk = _Walk(path.name)
    content = None if node is None else walk.value(node, ())
    return Document(path.name, content, walk.lines), walk.mistakes


def _unreadable(file: str, text: str, error: YAMLError) -> Mistake:
    """The parser's complaint, for somebody who does not know the parser."""
    lines = text.splitlines() or [""]
    at = min(_line_of(error, text), len(lines) - 1)
    nearby = "".join(lines[max(at - 1, 0) : at + 1])
    remedy = "检查这一行和上一行的缩进、冒号后的空格、引号和括号是否成对"
    if found := next((mark for mark in nearby if mark in _FULL_WIDTH), None):
        remedy = f'这里有中文标点 "{found}"，键和值之间的标点要用英文的'
    elif "\t" in nearby:
        remedy = "缩进不能用制表符（Tab），改成空格"
    elif "@" in nearby:
        remedy = '以 @ 开头的要加英文引号，例如 "@desk"'
    return Mistake(file, at + 1, "YAML 读不懂", remedy)


def _line_of(error: YAMLError, text: str) -> int:
    """Where to look, counted from 0: a bracket or quote that is never closed, or a key without
    its colon, is told where it begins, not where the parser gave up."""
    if isinstance(error, ReaderError):
        at = text.find(chr(error.character))  # its position counts bytes, or not, by the parser
        return text[: max(at, 0)].count("\n")
    if not isinstance(error, MarkedYAMLError):
        return 0
    begun = any(word in (error.context or "") for word in ("flow", "quoted", "simple key"))
    mark = error.context_mark if begun and error.context_mark else error.problem_mark
    return int(mark.line) if mark else 0


def read_lists(document: Document, keys: Collection[str]) -> tuple[Lists, list[Mistake]]:
    """The lists under the keys that a file must have, and no other. A list that is not there or
    is none is left out of the answer, and is a mistake."""
    if not isinstance(document.content, dict):
        remedy = f"文件里要有：{'、'.join(f'{key}:' for key in keys)}"
        return {}, [document.mistake((), "文件里没有读得懂的内容", remedy)]
    content = document.content
    lists: Lists = {}
    mistakes = [
        document.mistake((key,), f'不认识 "{key}"', suggest(key, keys))
        for key in content
        if key not in keys
    ]
    for key in keys:
        if isinstance(content.get(key), list):
            lists[key] = content[key]
        elif key in content:
            problem = f'"{key}" 应该是一个列表'
            mistakes.append(document.mistake((key,), problem, "每一项一行，以“- ”开头"))
        else:
            mistakes.append(document.mistake((), f'缺少 "{key}"', f"补上 {key}: 和它的内容"))
    return lists, mistakes


def read_entry(
    shape: type[Shape], content: object, document: Document, place: Place, *, title: str
) -> tuple[Shape | None, list[Mistake]]:
    """One entry of a file, or a mistake for each of its keys that does not fit. `title` is what
    a coordinator calls this kind of entry."""
    try:
        return shape.model_validate(content), []
    except ValidationError as error:
        subject = subject_of(title, content)
        return None, [
            _translate(each, shape, document, place, subject)
            for each in error.errors(include_url=False)
        ]


def subject_of(title: str, content: object) -> str:
    """What a sentence about an entry begins with: "类别 water ", or "日历" for one without id."""
    name = written(content, "id")
    return f"{title} {name} " if name else title


def written(content: object, key: str) -> str:
    """The text that an entry, fit or not, has under a key; empty when it has none."""
    text = content.get(key) if isinstance(content, dict) else None
    return text if isinstance(text, str) else ""


def _translate(
    error: ErrorDetails, shape: type[BaseModel], document: Document, place: Place, subject: str
) -> Mistake:
    """A validator's error as a mistake at its line."""
    where: Place = tuple(step for step in error["loc"] if step != "[key]")
    names = [str(step) for step in where if isinstance(step, str)]
    whose = f'{subject}的 "{".".join(names)}"' if names else subject
    context = error.get("ctx", {})
    if error["type"] == "missing":
        return document.mistake(
            (*place, *where[:-1]), f'{subject}缺少 "{".".join(names)}"', f"补上 {names[-1]}"
        )
    if error["type"] == "extra_forbidden":
        problem = f'{subject}里不认识 "{".".join(names)}"'
        return document.mistake((*place, *where), problem, suggest(names[-1], _keys(shape, where)))
    if error["type"] == SAID:
        problem, remedy = f"{whose} {context['problem']}", context["remedy"]
        return document.mistake((*place, *where), problem, remedy)
    if error["type"] not in _SENTENCES:
        return document.mistake((*place, *where), f"{whose} 写法不对", error["msg"])
    problem, remedy = _SENTENCES[error["type"]]
    context = {name: _listed(value) for name, value in context.items()}
    return document.mistake((*place, *where), f"{whose} {problem}", remedy.format(**context))


def _listed(value: object) -> str:
    """Pydantic's "'a', 'b' or 'c'" as a coordinator reads it; other values as they are."""
    return str(value).replace(" or ", "、").replace(", ", "、").replace("'", "")


def _keys(shape: type[BaseModel], where: Place) -> list[str]:
    """The keys that may stand where an unknown one stands: in the entry, or in an entry of a
    list that it holds."""
    for step in where[:-1]:
        if isinstance(step, str):
            shape = get_args(shape.model_fields[step].annotation)[0]
    return list(shape.model_fields)
