"""A whole story with secrets and persons: afterwards they stand where they had to be shown, later nowhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import flows.sweeps
from tasks.clock import clock_at, utc_now
from tasks.finding import Wanted, summaries
from tasks.inbox import inbox
from tasks.models.enums import Action
from tasks.night import take_step
from tasks.orders import act
from tasks.requests import request_for

pytestmark = pytest.mark.server
LUO, GE = "洛桑罗布", "格桑卓玛"

# Who has a part in it. Nobody else in the installation is called so.
LAMP = ("居民子丑", "13911112201", "zichou.lamp@mail.example.org")
WISH = ("居民寅卯", "13911112202")
ROBOT = ("居民辰巳", "13911112203", "hook-of-chensi")
TABLE = ("居民午未", "13911112204", "wuwei.table@mail.example.org")
CHAT = ("居民申酉", "13911112205", "shenyou.chat@mail.example.org")
EVERYBODY = (LAMP, WISH, ROBOT, TABLE, CHAT)
PERSONS = [fact for person in EVERYBODY for fact in person]
PHONES_AND_MAILS = [fact for person in EVERYBODY for fact in person[1:]]
WRONG_PHONE = "1391111220"  # of LAMP, mistyped
SECRETS = {
    "PASSWORD": "Pf@erd-77",
    "TOKEN": "tok-4711-998877",
    "KEY": "693a91f6-7cc4-11ee-97a0",
    "USER": "bot-of-ours",
}
TYPED = {
    "who": LUO,
    "words": f"水管漏水，请打{LAMP[1]}，或者写到{LAMP[2]}",
    "resident": LAMP[0],
    "phone": WRONG_PHONE,
    "channel": "电子邮件",
    "address": LAMP[2],
}
PASTED = {
    "who": LUO,
    "group": "第三网格居民群",
    "text": f"{CHAT[0]} 09:12\n三号院的井盖响了一夜，请打{CHAT[1]}，或者写到{CHAT[2]}\n",
}
TABLE_WITH_MISTAKES = f"""编号,内容,姓名,电话
L-1,{"长" * 10_001},{TABLE[0]},{TABLE[1]}
L-2,灯坏了,{TABLE[0]},{TABLE[1]}9
"""
# Where forms and what was typed into them have to stand in Prefect while somebody is at it.
HAD_TO_SHOW = {
    ("flow_run", "parameters"),  # what was typed to start 登记, 登记一段群聊 and 查找
    ("flow_run_input", "value"),  # a form's description and choices, and its answer
}
# The list of calls says whom to call, never under which number; how it was earlier are events for two days.
WHOM_TO_CALL = {("artifact", "data"), ("artifact_collection", "data"), ("events", "payload")}


def columns(database: Path) -> Iterator[tuple[str, str, str]]:
    """Every value in a SQLite file as text, with its table and column."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            rows = connection.execute(f'SELECT * FROM "{table}"')
            names = [about[0] for about in rows.description]
            for row in rows:
                for name, value in zip(names, row, strict=True):
                    if isinstance(value, str | bytes):
                        yield table, name, as_text(value)


def as_text(value: str | bytes) -> str:
    """As it reads, also where JSON has escaped it."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    return text + text.encode().decode("unicode_escape", errors="replace") * ("\\u" in text)


def places(database: Path, wanted: list[str]) -> dict[tuple[str, str], set[str]]:
    """Where in a database which of these stand."""
    found: dict[tuple[str, str], set[str]] = {}
    for table, column, text in columns(database):
        for one in wanted:
            if one in text:
                found.setdefault((table, column), set()).add(one)
    return found


def prefects(up) -> Path:
    """Prefect's own database."""
    return Path(up.home / "prefect" / "prefect.db")


def files(home: Path) -> dict[str, str]:
    """All that lies in an installation's home, but databases, its secrets' own files and the inbox."""
    return {
        str(path.relative_to(home)): path.read_text("utf-8", errors="replace")
        for path in sorted(home.rglob("*"))
        if path.is_file()
        and not path.name.startswith((".env", "secret.key"))
        and ".db" not in path.name
        and "inbox" not in path.parts
    }


def found_in(texts: dict[str, str], wanted: list[str]) -> dict[str, list[str]]:
    hits = {name: [one for one in wanted if one in text] for name, text in texts.items()}
    return {name: found for name, found in hits.items() if found}


@pytest.fixture
def wired(up, settle, mailbox, hook) -> Iterator[Callable[..., None]]:
    """Gives the installation channels with secrets; called again, channels that nobody answers rightly."""
    settings = up.home / ".env"

    def wire(*, well: bool) -> None:
        user = f"{SECRETS['USER']}:{quote(SECRETS['PASSWORD'], safe='')}@"
        mail = mailbox.url if well else mailbox.url.replace("mailto://", f"mailto://{user}")
        host = hook.host if well else "127.0.0.1:9"
        urls = {
            "MAIL": mail,
            "WEBHOOK": f"json://{user}{host}/in?+X-Token={SECRETS['TOKEN']}",
            "WECOM_DESK": f"wecomrobot://{hook.host}/{SECRETS['KEY']}?secure=no",
        }
        settle(channels={name.lower(): url for name, url in urls.items()})
        lines = (f"DIANDAN_CHANNELS__{name}={url}\n" for name, url in urls.items())
        settings.write_text("".join(lines), encoding="utf-8")

    yield wire
    settings.unlink()


@contextmanager
def complaining(database: Path) -> Iterator[None]:
    """A database that complains with a person in its words about whatever is done to an order."""
    complaint = f"no place for {' '.join(LAMP)}"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(
            "CREATE TRIGGER complain BEFORE INSERT ON history"
            f" BEGIN SELECT RAISE(ABORT, '{complaint}'); END"
        )
        try:
            yield
        finally:
            connection.execute("DROP TRIGGER complain")


@dataclass
class Story:
    """What several residents go through in one installation, and everything that is printed meanwhile."""

    up: Any
    wait: Callable[..., Any]
    printed: dict[str, str] = field(default_factory=dict)

    def type(self, *arguments: str, code: int = 0) -> str:
        """A command in a terminal."""
        done = self.up.command(*arguments)
        assert done.returncode == code, done
        self.printed[" ".join(arguments)] = done.stdout + done.stderr
        return str(done.stdout)

    def place(self, words: str, who: Sequence[str], channel: str) -> None:
        """An order of somebody who hears by a channel."""
        about = ("--kind", "appeal", "--words", words, "--resident", who[0], "--phone", who[1])
        self.type("place", *about, "--channel", channel, "--address", who[2])

    def number_of(self, words: str) -> str:
        """The newest of these words: other stories are told in this installation too."""
        found = [order["number"] for order in summaries(Wanted()) if words in order["words"]]
        return str(max(found))


@pytest.fixture
def story(up, wait) -> Story:
    return Story(up, wait)


def do(number: str, *steps: tuple[str, dict[str, Any]]) -> None:
    for action, given in steps:
        act(number, [request_for(Action(action), given)], "staff-1")


def test_secrets_stand_nowhere_and_persons_only_where_they_had_to_be_shown(
    up, wait, agree, ask_prefect, wired, story, mailbox, hook, monkeypatch
) -> None:
    wired(well=True)
    hook.fine = (500, f"{' '.join(ROBOT)} {' '.join(SECRETS.values())}")
    table = inbox() / "leak.csv"
    table.write_text(TABLE_WITH_MISTAKES, encoding="utf-8")
    wish = up.place(kind="small_wish", words="想要一把轮椅", resident=WISH[0], phone=WISH[1])
    do(wish, ("accept", {"category": "other"}), ("claim", {"to": "m-241"}))

    # forms, filled in rightly and wrongly
    register, offered, told, chat = (
        up.begin("register/登记", 登记=TYPED),
        up.begin("import-file/导入"),
        up.begin("told/已告知"),
        up.begin("register-chat/登记一段群聊", 群聊=PASTED),
    )
    find = up.begin("find/查找", 查找={"anything": LAMP[1]})
    story.place("秋千坏了", ROBOT, "webhook")  # which says back what it is told
    wait(lambda: {up.state(run) for run in (register, offered, told, chat)} == {"PAUSED"})
    assert "⚠️" in up.form(register)["description"]
    again = {name: one.get("default") for name, one in up.form(register)["properties"].items()}
    up.answer(register, **{**again, "who": LUO, "phone": LAMP[1]})
    up.answer(chat, who=GE)
    wait(lambda: {up.state(run) for run in (register, find, chat)} == {"COMPLETED"})
    lamp = story.number_of("水管漏水")

    # a deed that the database will not have
    run = up.waiting(lamp)
    with complaining(up.home / "diandan.db"):
        up.answer(run, who=GE)
        wait(lambda: up.state(run) == "FAILED")
    wait(lambda: agree() and up.is_waiting(lamp), every=1)

    # from there to the rating
    do(lamp, ("accept", {"category": "street-light"}), ("assign", {"to": "unit-power"}))
    do(lamp, ("take", {}), ("claim", {"to": "m-241"}), ("finish", {"reason": f"找了{LAMP[0]}"}))
    up.show(lamp)
    asked = wait(lambda: [one.body for one in mailbox.letters if "/r/" in one.body])[0]
    token = asked.partition("/r/")[2].split()[0]
    wait(lambda: hook.received)

    # nobody answers rightly any more; the night
    wired(well=False)
    story.place("铁门坏了", TABLE, "mail")
    wait(lambda: "smtp_not_supported" in story.type("messages", "--json"))
    night = up.begin("nightly/夜间处理")
    story.type("import", str(table), "--by", "staff-1", code=2)
    story.type("order", lamp, "--json")
    story.type("check")
    wait(lambda: up.state(night) == "COMPLETED")

    secrets = [*SECRETS.values(), quote(SECRETS["PASSWORD"], safe=""), token.rpartition(".")[2]]
    assert found_in(files(up.home), [*secrets, *PERSONS]) == {}
    assert found_in(story.printed, secrets) == {}
    assert places(up.home / "diandan.db", secrets) == {}
    assert places(prefects(up), secrets) == {}
    assert set(places(prefects(up), PHONES_AND_MAILS)) == HAD_TO_SHOW
    assert set(places(prefects(up), PERSONS)) <= HAD_TO_SHOW | WHOM_TO_CALL

    # all of it comes to an end, and a year later nobody is known any more
    story.type("rate", token, "--grade", "satisfied", "--solved", "yes")
    for words in ("轮椅", "秋千坏了", "井盖响了一夜", "铁门坏了"):
        number = story.number_of(words)
        act(number, [request_for(Action.WITHDRAW, {"reason": "算了"})], "resident")
        up.show(number)
    table.unlink()
    with clock_at(utc_now() + timedelta(days=400)):
        assert take_step("抹去早已办结的居民资料", dry_run=False).counts["forgotten"] >= 5
    assert set(places(up.home / "diandan.db", PERSONS)) == set()
    agree()
    for name in ("FORGET_AFTER", "ABANDONED_AFTER", "KEPT"):
        monkeypatch.setattr(flows.sweeps, name, timedelta(0))
    ask_prefect(flows.sweeps.forget_typed)
    ask_prefect(flows.sweeps.forget_old_runs)
    with closing(sqlite3.connect(prefects(up), timeout=30)) as connection:
        connection.execute("DELETE FROM events")  # which Prefect keeps for two days
        connection.commit()
    wait(lambda: not places(prefects(up), PERSONS))
    assert found_in(files(up.home), [*secrets, *PERSONS]) == {}
