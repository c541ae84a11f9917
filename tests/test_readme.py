"""What the READMEs promise: every command in them runs, and every link is the one that we print."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.settings import Settings
from flows import cli, links
from tasks.house import move_in

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
DIANDAN = ".venv/bin/diandan"
STARTED = "按 Ctrl-C 停止"


def commands(readme: str) -> list[list[str]]:
    text = (ROOT / readme).read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.S)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    return [shlex.split(line, comments=True) for line in lines]


def make_targets(readme: str) -> list[str]:
    return [command[1] for command in commands(readme) if command[0] == "make"]


@pytest.mark.parametrize("readme", READMES)
def test_every_diandan_command_of_a_readme_runs(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIANDAN_HOME", str(tmp_path))
    monkeypatch.delenv("DIANDAN_DATABASE", raising=False)
    for command in commands(readme):
        if command[0] != DIANDAN:
            continue
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert (command, ended.value.code) == (command, 0), capsys.readouterr().err


@pytest.mark.parametrize("readme", READMES)
def test_every_other_command_of_a_readme_is_a_make_target(readme: str) -> None:
    others = [command for command in commands(readme) if command[0] != DIANDAN]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert others
    for command in others:
        assert command[0] == "make" and re.search(
            rf"(?m)^{command[1]}\b.*:|\b{command[1]}\b.*:", makefile
        )


def test_the_two_first_commands_are_the_demo_and_the_tests() -> None:
    assert make_targets("README.md")[:2] == ["demo", "test"]


@pytest.mark.parametrize("readme", READMES)
def test_the_links_of_a_readme_are_those_that_we_print(readme: str, tmp_path: Path) -> None:
    move_in(Settings(home=tmp_path))
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert f"<{links.waiting_link()}>" in text
    assert f"<{links.ui()}/v2/artifacts/key/todo>" in text


@pytest.mark.parametrize("readme", READMES)
def test_the_files_that_a_readme_names_exist(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    named = re.findall(r"\]\(([^)#:]+)\)", text)
    assert named
    for name in named:
        assert (ROOT / name).exists(), name


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.server
@pytest.mark.skipif(
    not shutil.which("make"), reason="make is not installed: on Windows, start.py is used"
)
def test_make_demo_prints_a_table_and_the_links_within_a_minute(tmp_path: Path) -> None:
    said = tmp_path / "said.txt"
    environment = {**os.environ, "DIANDAN_HOME": str(tmp_path), "DIANDAN_PORT": str(free_port())}
    began = time.monotonic()
    with said.open("wb") as out:
        demo = subprocess.Popen(
            ["make", "--silent", "demo"],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while STARTED not in said.read_text(encoding="utf-8"):
            assert demo.poll() is None, said.read_text(encoding="utf-8")
            assert time.monotonic() - began < 150
            time.sleep(0.2)
        print(f"make demo: {time.monotonic() - began:.1f} s")
    finally:
        os.killpg(demo.pid, signal.SIGINT)
        demo.wait(60)
    text = said.read_text(encoding="utf-8")
    assert re.search(r"A-\d{4}-\d{4}", text)
    assert re.search(r"│ 合计 +│ +69 │", text)
    assert re.search(r"待办　+http://127\.0\.0\.1:\d+/v2/artifacts/artifact/[0-9a-f-]{36}", text)
