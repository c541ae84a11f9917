"""Nothing that is logged, and no traceback, shows a secret, a phone, an address or a resident's name."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
import uuid
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from prefect.filesystems import LocalFileSystem
from prefect.logging.formatters import JsonFormatter
from prefect.results import ResultRecord, ResultStore
from prefect.states import exception_to_crashed_state, exception_to_failed_state
from sqlalchemy.exc import OperationalError
from sqlmodel import select
from uvicorn.logging import AccessFormatter

import flows.asking  # as every run imports it
from config.settings import ROOT
from tasks import scrubbing
from tasks.db import reading
from tasks.errors import DiandanError
from tasks.house import house
from tasks.models.tables import Resident
from tasks.scrubbing import scrubbed

NAME, PHONE, MAIL = "尼玛措姆", "13912345678", "nyima.tsomo@mail.example.org"
MAIL_URL = "mailtos://desk:Pf%40erd77@mail.example.org?from=desk@example.org&smtp=smtp.example.org"
ROBOT_KEY, TOKEN = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa", "tok-998877"
ROBOT_URL = f"wecomrobot://qyapi.example.org/{ROBOT_KEY}"
HOOK_URL = f"jsons://bot:hunter22@hook.example.org/in?+X-Token={TOKEN}"
SIGNING = "Unterschrift-55"
SECRETS = (
    SIGNING,
    MAIL_URL,
    "Pf%40erd77",
    "Pf@erd77",
    ROBOT_KEY,
    "hunter22",
    TOKEN,
    "Ym90Omh1bnRlcjIy",
)


@pytest.fixture
def log(sqlite_house, settle, place, monkeypatch) -> Iterator[logging.Logger]:
    """A logger in a house with secrets, where a resident has placed an order, and others of odd names."""
    monkeypatch.setattr(scrubbing, "_known", set())  # without those of other tests
    monkeypatch.setattr(scrubbing, "_names", {})
    for odd in ("12", "127", "GET", "甲", "居民", ""):
        place(resident=odd, phone="")
    settle(
        channels={"mail": MAIL_URL, "wecom_group": ROBOT_URL, "sms": HOOK_URL},
        channel_secrets={"sms": SIGNING},
        auth_string="desk:kennwort9",
    )
    place(resident=NAME, phone=PHONE)
    logger = logging.getLogger("a test's")
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    yield logger
    logger.handlers.clear()


@pytest.fixture
def said(log) -> io.StringIO:
    """What stands in the log."""
    text = io.StringIO()
    log.addHandler(logging.StreamHandler(text))
    return text


@pytest.mark.parametrize("secret", [*SECRETS, HOOK_URL, ROBOT_URL, "kennwort9", PHONE, MAIL, NAME])
def test_what_must_not_be_known_is_not_logged(log, said, secret) -> None:
    log.warning(f"in the words: {secret}.")
    log.warning("as an argument: %s", secret)
    log.warning("within one: %r", {"typed": [secret]})
    log.warning("by name: %(it)s", {"it": secret})
    log.warning("in an error: %s", ValueError(secret))
    try:
        raise ValueError(secret) from OSError(f"before that: {secret}")
    except ValueError:
        log.exception("in a traceback")
    assert secret not in said.getvalue()
    assert said.getvalue().count("ValueError") == 2 and "OSError" in said.getvalue()


def test_a_log_call_with_a_slip_tells_nothing_either(log, said, capsys) -> None:
    log.warning("%d of %d", PHONE)
    assert PHONE not in said.getvalue() + capsys.readouterr().err
    assert "%d of %d" in said.getvalue()


def test_neither_are_the_values_of_a_statement_that_a_database_refused(log, said) -> None:
    refused = OperationalError("INSERT", {"words": "水管漏水"}, Exception("database is locked"))
    log.warning("%s", refused)
    assert "locked" in said.getvalue() and "[parameters: •••]" in said.getvalue()
    assert "水管" not in said.getvalue()


def test_json_is_no_way_round(log, said) -> None:
    about = json.dumps({"typed": f"请打{PHONE}，找{NAME}"})
    log.warning(about)
    log.warning("%r", [about])
    log.warning(json.dumps(about))
    assert said.getvalue().count("请打*******678，找•••") == 3


def test_no_other_writing_of_a_name_is_a_way_round(log, said) -> None:
    upper = "".join(f"\\u{ord(letter):04X}" for letter in NAME)
    for written in (upper, quote(NAME), quote(NAME).lower(), quote(f"找 {NAME}")):
        log.warning("/orders?name=%s&page=2", written)
    assert said.getvalue().count("name=•••&page=2") == 3
    assert said.getvalue().splitlines()[-1] == "/orders?name=找 •••&page=2"


@pytest.mark.parametrize(
    "written",
    ["100%", "50%85", "%E5%BC", "%E5%BC%A0%0A%E5%BC%A0", "a%20b", "%s %d", "%7E", "\\uD83D"],
)
def test_what_is_no_name_in_another_writing_stays(log, said, written) -> None:
    log.warning("这里 %s", written)
    assert said.getvalue() == f"这里 {written}\n"


def test_a_number_is_no_way_round(log, said) -> None:
    log.warning("%d", int(PHONE))
    assert PHONE not in said.getvalue()


def test_everything_else_stays_as_it_was(log, said) -> None:
    ids = [str(uuid.uuid4()) for _ in range(100)]
    facts = ("已登记 A-2026-0012", "http://127.0.0.1:54321/v2/runs/flow-run/", *ids)
    for fact in facts:
        log.warning("核对 %d，%s", 1_200, fact)
    assert said.getvalue() == "".join(f"核对 1200，{fact}\n" for fact in facts)


def test_a_rating_link_in_a_log_leads_nowhere(log, said) -> None:
    log.warning("https://diandan.example.org/r/A-2026-0012.1.%s", "x" * 22)
    assert said.getvalue() == "https://diandan.example.org/r/A-2026-0012.1.•••\n"


def test_formatters_that_look_into_a_record_find_nothing_and_all_that_they_need(log) -> None:
    text = io.StringIO()
    for formatter in (JsonFormatter("default", None, "%"), AccessFormatter("%(request_line)s")):
        handler = logging.StreamHandler(text)
        handler.setFormatter(formatter)
        log.addHandler(handler)
    try:
        raise ValueError(PHONE)
    except ValueError:
        about = ("127.0.0.1:1", "GET", f"/orders?phone={PHONE}", "1.1", 200)
        log.exception('%s - "%s %s HTTP/%s" %d', *about)
    assert PHONE not in text.getvalue()
    assert "GET /orders?phone=*******678 HTTP/1.1" in text.getvalue()


def test_a_name_is_known_as_soon_as_it_is_typed_or_read(log, said, monkeypatch) -> None:
    log.warning("%s 家的水管", NAME)
    monkeypatch.setattr(scrubbing, "_known", set())  # as in a process that has only begun
    with reading(house().database) as session:
        assert session.exec(select(Resident).where(Resident.phone == PHONE)).one().name == NAME
    log.warning("%s 家的水管", NAME)
    assert said.getvalue() == "••• 家的水管\n" * 2


def test_what_prefect_keeps_of_a_failure_names_nobody(log) -> None:
    error = ValueError(f"{NAME} {PHONE} {MAIL} {ROBOT_URL}")
    for state in (
        asyncio.run(exception_to_failed_state(error, message="Flow run encountered an exception:")),
        asyncio.run(exception_to_crashed_state(error)),
    ):
        assert "ValueError: ••• *******678 " in state.message
        assert not [one for one in (NAME, PHONE, MAIL, ROBOT_KEY) if one in state.message]
    assert flows.asking


def test_other_results_are_kept_however_prefect_hands_them_over(tmp_path) -> None:
    store = ResultStore(result_storage=LocalFileSystem(basepath=tmp_path))

    def record(key: str, result: object) -> ResultRecord[object]:
        made = store.create_result_record(result, key)
        return made.model_copy(update={"result": result})

    for key, result in (("kept", 7), ("failure", ValueError(PHONE))):
        store.persist_result_record(record(f"{key}-1", result), None)
        store.persist_result_record(result_record=record(f"{key}-2", result), holder=None)
        asyncio.run(store.apersist_result_record(record(f"{key}-3", result), None))
        asyncio.run(
            store.apersist_result_record(result_record=record(f"{key}-4", result), holder=None)
        )
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"kept-{n}" for n in range(1, 5)]
    assert flows.asking


def test_our_own_errors_stay_whole_where_they_are_shown_to_who_typed(log) -> None:
    class Slip(DiandanError):
        sentence = "“{phone}”不是电话"

    assert str(Slip(phone=PHONE)) == f"“{PHONE}”不是电话"
    assert scrubbed(str(Slip(phone=PHONE))) == "“*******678”不是电话"


def test_neither_the_house_nor_its_settings_show_a_secret(log, settle) -> None:
    settle(database="postgresql+psycopg://desk:datenbank8@127.0.0.1:1/none")
    shown = f"{house()!r} {house()!s} {house().settings!r} {house().settings!s}"
    hidden = [*SECRETS, "kennwort9", "datenbank8", "the secret of the tests"]
    assert not [one for one in hidden if one in shown]


@pytest.mark.parametrize("thread", [False, True])
def test_a_process_that_dies_says_of_what_but_not_whose(thread) -> None:
    die = f"import flows, threading\ndef die(): raise ValueError('{PHONE}')\n"
    die += "threading.Thread(target=die).start()" if thread else "die()"
    ended = subprocess.run([sys.executable, "-c", die], capture_output=True, text=True, cwd=ROOT)
    assert "ValueError: *******678" in ended.stderr
    assert PHONE not in ended.stderr
