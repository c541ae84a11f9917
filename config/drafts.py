"""A community's folder as it was written, fit or not: what the checks look at, so that one pass
finds all there is to put right."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from config.mistakes import Mistake, suggest
from config.reading import (
    Document,
    Place,
    Shape,
    read_document,
    read_entry,
    read_lists,
    subject_of,
    written,
)


@dataclass(frozen=True)
class Section:
    """Where one kind of entry is written: a list under `key`, or the whole file when it is empty.
    `title` is what a coordinator calls such an entry; `adds` is what its list says of each."""

    file: str
    key: str
    kind: str
    shape: type[BaseModel]
    title: str
    adds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Slot:
    """One entry as it was written, and what was read from it: None when it does not fit."""

    section: Section
    document: Document
    place: Place
    content: object
    entry: BaseModel | None

    @property
    def id(self) -> str:
        return self.text("id")

    @property
    def line(self) -> int:
        return self.document.lines.get(self.place, 1)

    def text(self, key: str) -> str:
        """The text under a key, empty when there is none."""
        return written(self.content, key)

    def texts(self, *keys: str) -> Iterator[tuple[Place, str]]:
        """Every text under a key, or under a key of the entries under a key, with its place
        within this entry: the text itself, or each one of a list."""
        yield from _texts(self.content, keys, ())

    def is_empty(self, key: str) -> bool:
        """Whether a list is written under the key, with nothing in it."""
        return isinstance(self.content, dict) and self.content.get(key) == []

    def mistake(self, within: Place, problem: str, remedy: str) -> Mistake:
        """A mistake in this entry; its title and id are put before the problem."""
        subject = subject_of(self.section.title, self.content)
        return self.document.mistake((*self.place, *within), f"{subject}{problem}", remedy)


def _texts(content: object, keys: tuple[str, ...], place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(content, list):
        for at, item in enumerate(content):
            yield from _texts(item, keys, (*place, at))
    elif keys and isinstance(content, dict):
        yield from _texts(content.get(keys[0]), keys[1:], (*place, keys[0]))
    elif not keys and isinstance(content, str):
        yield place, content


@dataclass(frozen=True)
class Draft:
    """All entries of a folder. `unread` holds the kinds of which a file or list is missing or
    unreadable, so that nothing can be said about what they lack."""

    documents: Mapping[str, Document]
    slots: tuple[Slot, ...]
    unread: frozenset[str]

    def of(self, *kinds: str) -> list[Slot]:
        """The entries of these kinds, in the order of the files."""
        return [slot for slot in self.slots if slot.section.kind in kinds]

    def names(self, *kinds: str) -> dict[str, str]:
        """The names of the entries of these kinds, by id; of entries that do not fit as well."""
        return {slot.id: slot.text("name") for slot in self.of(*kinds) if slot.id}

    def entries(self, shape: type[Shape]) -> list[Shape]:
        """What could be read in this shape, in the order of the files."""
        return [slot.entry for slot in self.slots if isinstance(slot.entry, shape)]


def read_draft(folder: Path, sections: tuple[Section, ...]) -> tuple[Draft, list[Mistake]]:
    """Read the files of a folder that the sections name, and note each other YAML file."""
    if not folder.is_dir():
        remedy = "检查设置里的文件夹，或复制一份 config/example"
        unread = frozenset(section.kind for section in sections)
        return Draft({}, (), unread), [Mistake(folder.name, 1, "没有这个文件夹", remedy)]
    files = list(dict.fromkeys(section.file for section in sections))
    mistakes = [
        Mistake(path.name, 1, "不认识这个文件", suggest(path.name, files))
        for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
        if path.name not in files
    ]
    documents: dict[str, Document] = {}
    slots: list[Slot] = []
    missing: set[str] = set()
    for file in files:
        document, found = read_document(folder / file)
        mistakes += found
        mine = [section for section in sections if section.file == file]
        if document is None:
            missing |= {section.kind for section in mine}
            continue
        documents[file] = document
        lists, found = _split(document, mine)
        mistakes += found
        for section in mine:
            if section.key not in lists:
                missing.add(section.kind)
            for at, content in enumerate(lists.get(section.key, ())):
                place: Place = (section.key, at) if section.key else ()
                slot, found = _read_slot(section, document, place, content)
                slots.append(slot)
                mistakes += found
    return Draft(documents, tuple(slots), frozenset(missing)), mistakes


def read_alone(path: Path, section: Section) -> tuple[Draft, list[Mistake]]:
    """Read one file that is a whole entry, wherever it lies and whatever it is called."""
    document, mistakes = read_document(path)
    if document is None:
        return Draft({}, (), frozenset({section.kind})), mistakes
    slot, found = _read_slot(section, document, (), document.content)
    return Draft({document.file: document}, (slot,), frozenset()), mistakes + found


def _split(
    document: Document, sections: list[Section]
) -> tuple[dict[str, list[object]], list[Mistake]]:
    """The contents of a file's entries, by their section's key."""
    if not sections[0].key:
        return {"": [document.content]}, []
    return read_lists(document, [section.key for section in sections])


def _read_slot(
    section: Section, document: Document, place: Place, content: object
) -> tuple[Slot, list[Mistake]]:
    """One entry; what its list says of it must not be said again in the entry."""
    full = {**content, **section.adds} if isinstance(content, dict) else content
    entry, mistakes = read_entry(section.shape, full, document, place, title=section.title)
    slot = Slot(section, document, place, full, entry)
    if isinstance(content, dict):
        mistakes += [
            slot.mistake((key,), f'里不认识 "{key}"', f"删掉它：写在 {section.key} 里就是了")
            for key in section.adds
            if key in content
        ]
    return slot, mistakes
