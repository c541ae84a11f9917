"""A running installation, and a coordinator at a real browser who counts every click."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    Locator,
    Page,
    Response,
    TimeoutError,
    expect,
    sync_playwright,
)

from config.settings import ROOT

PATIENCE = 60.0  # seconds; other work may keep the machine busy
START_SECONDS = 120
SOON = 15.0  # seconds after which a person presses a button again
A_LOOK = 500.0  # milliseconds
STARTED = "按 Ctrl-C 停止"
DESKTOP, PHONE = (1366, 768), (390, 844)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PICTURES = Path(os.environ.get("DIANDAN_CI_OUTPUT") or ROOT / "var" / "ci")
README_PICTURE = ROOT / "docs" / "images" / "waiting-order.png"
UPDATE_PICTURES = os.environ.get("DIANDAN_UPDATE_IMAGES") == "1"

FAILED = pytest.StashKey[bool]()
expect.set_options(timeout=PATIENCE * 1000)  # on a busy machine a form comes late, not never

# What has come in and was worked on before the tests begin: words → what else was typed, and the steps.
LAMP = {"category": "street-light"}
TO_POWER = [["accept", LAMP], ["assign", {"to": "unit-power"}], ["take", {}]]
EARLIER = {
    "广场的灯一闪一闪": (
        {},
        [*TO_POWER, ["claim", {"to": "m-243"}], ["finish", {"reason": "换了灯泡"}]],
    ),
    "台阶松了一块": ({}, []),
    "井盖响": ({"resident": "李大爷", "phone": "13800138001"}, []),
    "门禁坏了": ({"resident": "张大姐", "phone": "13800138002"}, []),
    "旧衣柜挡着楼道": ({}, []),
    "垃圾桶满了": ({}, []),
    "健身角的灯杆松动，孩子们放学后在下面玩": (
        {"place": "三号院健身角", "resident": "王阿姨", "phone": "13800138000"},
        [*TO_POWER, ["claim", {"to": "m-241"}]],
    ),
}
PREPARE = """
import json, sys
from config.settings import Settings
from tasks.house import house, move_in
from tasks.intake import place_order
from tasks.migrate import migrate
from tasks.models.enums import Action
from tasks.orders import act
from tasks.requests import request_for

move_in(Settings())
migrate(house().database, house().catalog)
for words, (typed, steps) in json.loads(sys.argv[1]).items():
    place = {"kind": "appeal", "words": words, "grid": "grid-3", **typed}
    number = place_order(request_for(Action.PLACE, place), "staff-1")
    for action, values in steps:
        act(number, [request_for(Action(action), values)], "staff-1")
"""


@dataclass(frozen=True)
class Installation:
    """What `diandan up` started, and where it said to click."""

    home: Path
    links: dict[str, str]
    address: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> None:
        """Runs `diandan …` beside it, as an administrator would."""
        subprocess.run(
            [str(Path(sys.executable).with_name("diandan")), *arguments],
            cwd=ROOT,
            env=dict(self.environment),
            check=True,
            capture_output=True,
            timeout=PATIENCE,
        )

    def ask(self, question: str) -> list[Any]:
        """What the database answers."""
        with sqlite3.connect(self.home / "diandan.db", timeout=PATIENCE) as database:
            return database.execute(question).fetchall()

    def count(self) -> int:
        """How many orders there are."""
        return int(self.ask("select count(*) from orders")[0][0])

    def order(self, words: str) -> dict[str, Any]:
        """The order's row, {} while there is none."""
        with sqlite3.connect(self.home / "diandan.db", timeout=PATIENCE) as database:
            database.row_factory = sqlite3.Row
            row = database.execute("select * from orders where words = ?", (words,)).fetchone()
        return dict(row) if row else {}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path; without one the tests here are skipped."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no Chromium on the PATH: install one of {', '.join(BROWSERS)}")
    return found


@pytest.fixture(scope="session")
def start_installation(
    chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., AbstractContextManager[Installation]]:
    """Starts `diandan up` on a home of its own with these orders and channels, and stops it in the end."""

    @contextmanager
    def start(orders: Mapping[str, Any], **channels: str) -> Iterator[Installation]:
        home, port = tmp_path_factory.mktemp("home"), free_port()
        ours = {
            "DIANDAN_HOME": str(home),
            "DIANDAN_CONFIG": str(ROOT / "config" / "example"),
            "DIANDAN_DATABASE": f"sqlite:///{home / 'diandan.db'}",
            "DIANDAN_HOST": "127.0.0.1",
            "DIANDAN_PORT": str(port),
            "DIANDAN_UI_URL": f"http://127.0.0.1:{port}",
            "PYTHONUNBUFFERED": "1",
            **{f"DIANDAN_CHANNELS__{name.upper()}": url for name, url in channels.items()},
        }
        given = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DIANDAN_", "PREFECT_"))
        }
        environment, said = {**given, **ours}, home / "said.txt"
        subprocess.run(
            [sys.executable, "-c", PREPARE, json.dumps(orders)],
            cwd=ROOT,
            env=environment,
            check=True,
            timeout=PATIENCE,
        )
        with said.open("wb") as out:
            up = subprocess.Popen(
                [str(Path(sys.executable).with_name("diandan")), "up"],
                cwd=ROOT,
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            deadline = time.monotonic() + START_SECONDS
            while STARTED not in said.read_text(encoding="utf-8"):
                assert up.poll() is None, said.read_text(encoding="utf-8")
                assert time.monotonic() < deadline, said.read_text(encoding="utf-8")
                time.sleep(0.2)
            text = said.read_text(encoding="utf-8")
            links = dict(re.findall(r"(?m)^  (\S+?)　+(http\S+)$", text))
            yield Installation(home, links, f"http://127.0.0.1:{port}", environment)
        finally:
            up.send_signal(signal.SIGINT)
            try:
                up.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                up.kill()
                up.wait()

    return start


@pytest.fixture(scope="session")
def mail_server(open_mailbox: Callable[[], Any]) -> Iterator[Any]:
    """The mail server of the shared installation."""
    server = open_mailbox()
    yield server
    server.close()


@pytest.fixture(scope="session")
def installation(
    start_installation: Callable[..., Any], mail_server: Any
) -> Iterator[Installation]:
    """`diandan up` with a few orders, shared by all tests that do not fill it with many."""
    with start_installation(EARLIER, mail=mail_server.url) as started:
        yield started


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield started
        started.close()


@dataclass
class Effort:
    """What one form cost its coordinator, from the list to the submit."""

    form: str
    clicks: int = 0
    typed: list[str] = field(default_factory=list)


@dataclass
class Coordinator:
    """Somebody of the desk. Acts on what can be seen, by its words; counts clicks and typed fields."""

    page: Page
    installation: Installation
    efforts: list[Effort] = field(default_factory=list)

    # --- hands

    def begin(self, form: str) -> None:
        """From here on, clicks and typed fields belong to this form."""
        self.efforts.append(Effort(form))

    def click(self, what: Locator) -> None:
        what.click()
        if self.efforts:
            self.efforts[-1].clicks += 1

    def pick(self, title: str, option: str | re.Pattern[str]) -> None:
        """Chooses from a pick list: one click opens it, one chooses."""
        self.click(self.form.get_by_label(f"Select {title}", exact=True))
        exact = isinstance(option, str)
        self.click(self.page.get_by_role("option", name=option, exact=exact))
        expect(self.page.get_by_role("listbox")).to_have_count(0)

    def write(self, title: str, text: str) -> None:
        self.text_field(title).fill(text)
        if self.efforts:
            self.efforts[-1].typed.append(title)

    # --- eyes

    @property
    def form(self) -> Locator:
        """The form in front: the dialog of a run, or the page that starts one."""
        return self.page.locator("[role=dialog]:has(label), form:has(label)").last

    def text_field(self, title: str) -> Locator:
        return self.form.get_by_label(re.compile(rf"^{re.escape(title)}( \(Optional\))?$")).last

    def chosen(self, title: str) -> Locator:
        """What a pick list shows."""
        return self.form.get_by_label(f"Select {title}", exact=True)

    def go(self, link: str) -> None:
        """Opens one of the links that were printed at the start."""
        self.page.goto(self.installation.links[link])

    def reload_until(self, there: Locator, seconds: float = PATIENCE) -> Locator:
        """Looks again and again, as a person would, until it can be seen."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                expect(there.first).to_be_visible(timeout=2_000)
            except AssertionError:
                assert time.monotonic() < deadline, f"not seen in {seconds:.0f} s: {there}"
                self.page.reload()
            else:
                return there.first

    def reload_while(self, there: Locator, seconds: float = PATIENCE) -> None:
        """Looks again and again until it is gone from a page that has loaded."""
        deadline = time.monotonic() + seconds
        while there.count():
            assert time.monotonic() < deadline, f"still there after {seconds:.0f} s: {there}"
            self.page.reload()
            expect(self.page.get_by_role("heading", level=1).first).to_be_visible()

    def row(self, words: str, step: str = "") -> Locator:
        """An order's line on 待办, at this step."""
        rows = self.page.get_by_role("row").filter(has_text=words)
        return rows.filter(has_text=step) if step else rows

    # --- ways

    def open_form(self, words: str, step: str, picture: str = "") -> None:
        """待办 → 填表 → ⋮ → Resume."""
        self.go("待办")
        row = self.reload_until(self.row(words, step))
        if picture:
            self.picture(picture)
        self.click(row.get_by_role("link", name="填表"))
        self.resume()

    def resume(self) -> None:
        """⋮ → Resume, on a run's page as soon as it waits."""
        expect(self.page.get_by_role("tab", name="Job Variables")).to_be_visible()
        self.reload_until(self.page.get_by_text("Suspended", exact=True))
        dots = self.page.locator("button:has(svg.lucide-ellipsis-vertical)").first
        self.click(dots)
        self.click(self.page.get_by_role("menuitem", name="Resume"))
        expect(self.chosen("操作人")).to_be_visible()

    def submit(self) -> None:
        """Sends the form of a run, until the dialog closes."""
        dialog = self.page.get_by_role("dialog")
        self._press("Resume", lambda most: expect(dialog).to_have_count(0, timeout=most))

    def start(self) -> None:
        """Sends the form that starts a run, until the page of its deployment comes."""
        self._press("Submit", lambda most: self.page.wait_for_url("**?tab=Runs", timeout=most))

    def run_now(self) -> None:
        """Sends the form that starts a run at once, until its notice comes."""
        notice = self.page.get_by_role("button", name="View run")
        self._press("Run", lambda most: expect(notice).to_be_visible(timeout=most))

    def _press(self, button: str, wait_for_effect: Callable[[float], object]) -> None:
        """Presses once, and again where nothing came of it.

        Prefect on SQLite answers 503 now and then, because another write came between its reading
        and its writing. Nothing has happened then, and its page does nothing: a person presses again.
        """
        if self.efforts:
            self.efforts[-1].clicks += 1
        refused: list[int] = []

        def listen(answer: Response) -> None:
            if answer.status >= 500 and answer.url.endswith(("/resume", "/create_flow_run")):
                refused.append(answer.status)

        self.page.on("response", listen)
        deadline = time.monotonic() + PATIENCE
        try:
            while not self._press_once(button, wait_for_effect, refused):
                assert time.monotonic() < deadline, f"nothing came of {button}"
                print(f"{button}: pressed again, after {refused or SOON}")
                refused.clear()
        finally:
            self.page.remove_listener("response", listen)

    def _press_once(
        self, button: str, wait_for_effect: Callable[[float], object], refused: list[int]
    ) -> bool:
        """Whether something came of it before the server refused, or a person lost patience."""
        self.form.get_by_role("button", name=button).click()
        until = time.monotonic() + SOON
        while not refused and time.monotonic() < until:
            try:
                wait_for_effect(A_LOOK)
            except (AssertionError, TimeoutError):
                continue
            return True
        return False

    def follow(self) -> None:
        """From the notice that a run was started to its page."""
        self.click(self.page.get_by_role("button", name="View run"))

    def wait_for_status(self, words: str, status: str) -> dict[str, Any]:
        """Until the order stands there in the database; gives its row."""
        deadline = time.monotonic() + PATIENCE
        while (row := self.installation.order(words)).get("status") != status:
            assert time.monotonic() < deadline, f"{row.get('status')}, not {status}"
            time.sleep(0.2)
        return row

    # --- memory

    def picture(self, name: str, *, for_readme: bool = False) -> None:
        """What is on the screen now, as a file with a telling name."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.png"
        self.page.screenshot(path=path, animations="disabled")
        if for_readme and UPDATE_PICTURES:
            README_PICTURE.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, README_PICTURE)

    def whole_picture(self, name: str) -> None:
        """The form on a screen that is high enough for all of it."""
        size = self.page.viewport_size
        assert size is not None
        self.page.set_viewport_size({"width": size["width"], "height": 2000})
        self.picture(f"{name}-whole")
        self.page.set_viewport_size(size)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remembers that a test failed, so that its screens are kept."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed  # type: ignore[attr-defined]
    return report


@pytest.fixture
def sit_down(
    browser: Browser, installation: Installation, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Coordinator]]:
    """A coordinator at a screen of this size."""
    contexts = []

    def at(size: tuple[int, int] = DESKTOP) -> Coordinator:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",  # a spinner takes half a core where there is no graphics card
        )
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        return Coordinator(context.new_page(), installation)

    yield at
    for context in contexts:
        if request.node.stash.get(FAILED, False):
            PICTURES.mkdir(parents=True, exist_ok=True)
            context.pages[0].screenshot(path=PICTURES / f"failed-{request.node.name}.png")
        context.close()


@pytest.fixture
def coordinator(sit_down: Callable[..., Coordinator]) -> Coordinator:
    return sit_down()
