"""The way in: start.py, the Makefile, the pinned versions and what CI runs agree."""

import ast
import hashlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import IO

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^ ;]+)")

on_posix = pytest.mark.skipif(os.name == "nt", reason="signals and file modes as POSIX has them")


def load_start() -> ModuleType:
    spec = importlib.util.spec_from_file_location("start_under_test", ROOT / "start.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


start = load_start()


class Runner:
    """Stands in for running programs: remembers each command, makes what venv would make."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commands: list[list[str]] = []
        self.before: Callable[[list[str]], None] = lambda command: None
        self.exit_code = 0

    def __call__(self, command: list[str], output: IO[bytes] | None = None) -> int:
        self.commands.append(command)
        self.before(command)
        if "venv" in command:
            for name in ("python", "pip"):
                start.tool(self.root, name).parent.mkdir(parents=True, exist_ok=True)
                start.tool(self.root, name).touch()
            start.unfinished_mark_of(self.root).unlink(missing_ok=True)  # as --clear does
        elif output is not None:
            output.write("ERROR: 没有网络\n".encode())
        return self.exit_code

    @property
    def verbs(self) -> list[str]:
        """The commands in short: venv, requirements, project."""
        short = {"venv": "venv", "-r": "requirements", "-e": "project"}
        return [short[word] for command in self.commands for word in command if word in short]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("rich==15\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def ran(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    runner = Runner(tree)
    monkeypatch.setattr(start, "run", runner)
    yield runner


# --- installing -----------------------------------------------------------------------------


def test_the_first_start_makes_a_venv_and_installs_only_what_is_pinned(
    tree: Path, ran: Runner
) -> None:
    start.install(tree)
    assert ran.verbs == ["venv", "requirements", "project"]
    requirements, project = ran.commands[1:]
    assert {"--require-hashes", "--no-deps"} <= set(requirements)
    assert {"--no-deps", "--no-build-isolation"} <= set(project)


def test_the_second_start_installs_nothing(tree: Path, ran: Runner) -> None:
    start.install(tree)
    ran.commands.clear()
    start.install(tree)
    assert ran.commands == []


def test_the_stamp_is_the_sha256_of_both_files(tree: Path, ran: Runner) -> None:
    start.install(tree)
    stamp = start.stamp_of(tree).read_text(encoding="utf-8")
    for name in ("requirements.txt", "pyproject.toml"):
        assert f"{hashlib.sha256((tree / name).read_bytes()).hexdigest()}  {name}\n" in stamp


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_a_changed_file_is_installed_into_the_venv_that_stands(
    tree: Path, ran: Runner, name: str
) -> None:
    start.install(tree)
    ran.commands.clear()
    (tree / name).write_text("# changed\n", encoding="utf-8")
    start.install(tree)
    assert ran.verbs == ["requirements", "project"]


@pytest.mark.parametrize("step", ["-r", "-e"])
def test_an_interrupted_install_leaves_no_stamp_and_starts_afresh(
    tree: Path, ran: Runner, step: str
) -> None:
    def interrupt(command: list[str]) -> None:
        if step in command:
            raise KeyboardInterrupt

    start.install(tree)
    (tree / "requirements.txt").write_text("rich==16\n", encoding="utf-8")
    ran.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        start.install(tree)
    assert not start.stamp_of(tree).exists()

    ran.before = lambda command: None
    ran.commands.clear()
    start.install(tree)
    assert ran.verbs == ["venv", "requirements", "project"]  # what was half unpacked is gone
    assert start.is_installed(tree)


def test_without_network_a_sentence_says_what_to_do_below_the_words_of_pip(
    tree: Path, ran: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    start.install(tree)
    (tree / "requirements.txt").write_text("rich==16\n", encoding="utf-8")
    ran.exit_code = 1
    ran.commands.clear()
    with pytest.raises(SystemExit, match="check the network"):
        start.install(tree)
    assert "ERROR: 没有网络" in capsys.readouterr().err
    assert ran.verbs == ["requirements"]
    assert not start.is_installed(tree)
    assert not start.must_make_venv(tree)  # the next start goes on with what is there


def test_a_tree_that_has_moved_gets_a_new_venv(tree: Path, ran: Runner) -> None:
    start.install(tree)
    moved = tree.rename(tree.with_name(tree.name + "-moved"))
    assert not start.is_installed(moved)
    assert start.must_make_venv(moved)  # programs in .venv name the old folder


def test_a_venv_without_pip_is_made_anew(tree: Path, ran: Runner) -> None:
    start.install(tree)
    start.tool(tree, "pip").unlink()
    assert start.must_make_venv(tree)


@on_posix
def test_a_second_install_waits_for_the_first(
    tree: Path, ran: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    first = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, sys, time\n"
            "held = open(sys.argv[1], 'r+b')\n"
            "fcntl.flock(held, fcntl.LOCK_EX)\n"
            "print('held', flush=True)\n"
            "time.sleep(0.5)\n",
            str(tree / "requirements.txt"),
        ],
        stdout=subprocess.PIPE,
    )
    with first:
        assert first.stdout is not None and first.stdout.readline() == b"held\n"
        start.install(tree)
        assert "waiting for another install" in capsys.readouterr().err
        assert first.wait() == 0


def test_a_python_without_venv_names_the_package_to_install(
    tree: Path, ran: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        start.install(tree)
    assert ran.commands == []


# --- running --------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 6), (3, 10)])
def test_an_old_python_is_told_which_one_is_needed(version: tuple[int, int]) -> None:
    with pytest.raises(SystemExit, match=r"Python 3\.11 or newer is needed, this is 3\."):
        start.complain_about_python(version)


@pytest.mark.parametrize("version", [(3, 11), (3, 14), (4, 0)])
def test_a_new_python_is_welcome(version: tuple[int, int]) -> None:
    start.complain_about_python(version)


def test_the_oldest_python_is_the_one_of_pyproject() -> None:
    assert PYPROJECT["project"]["requires-python"] == ">=" + ".".join(map(str, start.OLDEST_PYTHON))


def test_every_python_since_3_6_can_read_start() -> None:
    ast.parse((ROOT / "start.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_start_needs_the_standard_library_alone() -> None:
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse((ROOT / "start.py").read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names


def start_py(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "start.py"), *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=30,
    )


def test_help_lists_every_command_and_comes_without_asking() -> None:
    plain, asked = start_py(), start_py("help")
    assert plain.stdout == asked.stdout
    assert (plain.returncode, asked.returncode) == (0, 0)
    for name in start.COMMANDS:
        assert f"\n  {name} " in asked.stdout


def test_an_unknown_command_is_refused_with_the_list() -> None:
    refused = start_py("dmeo")
    assert refused.returncode == 2
    assert "no such command: dmeo" in refused.stderr
    assert "demo" in refused.stderr


def handed_over(script: str) -> subprocess.Popen[bytes]:
    """A process that hands over to a Python running `script`, as start.py does."""
    code = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('start', sys.argv[1])\n"
        "start = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(start)\n"
        "sys.exit(start.hand_over([sys.executable, '-c', sys.argv[2]]))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(ROOT / "start.py"), script], stdout=subprocess.PIPE
    )


def test_the_exit_code_of_the_command_comes_through() -> None:
    with handed_over("raise SystemExit(7)") as process:
        assert process.wait(timeout=30) == 7


@on_posix
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_cleanly_when_it_is_told_to(sent: signal.Signals) -> None:
    script = (
        "import signal, sys, time\n"
        f"signal.signal({int(sent)}, lambda *_: sys.exit(5))\n"
        "print('ready', flush=True)\n"
        "time.sleep(30)\n"
    )
    with handed_over(script) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        process.send_signal(sent)
        assert process.wait(timeout=30) == 5


def test_a_damaged_venv_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="is damaged"):
        start.hand_over([str(tmp_path / "diandan"), "demo"])


def test_every_check_runs_although_the_first_fails(
    tree: Path, ran: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    ran.exit_code = 1
    assert start.lint(tree, []) == 1
    failed = capsys.readouterr().err.splitlines()[-1]
    for word in ("ruff check", "ruff format --check", "mypy", "lint-imports"):
        assert any(word in " ".join(command) for command in ran.commands)
        assert word in failed


def test_clean_keeps_what_is_in_var(tree: Path) -> None:
    kept = tree / "var" / "diandan.db"
    gone = tree / ".venv" / "bin" / "python"
    for path in (kept, gone, tree / ".coverage", tree / ".coverage.host.1"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    start.clean(tree)
    assert sorted(path.name for path in tree.iterdir()) == [
        "pyproject.toml",
        "requirements.txt",
        "var",
    ]
    assert kept.exists()


# --- what agrees ----------------------------------------------------------------------------


def test_the_makefile_and_start_have_the_same_commands() -> None:
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    targets = [
        target
        for line in lines
        if re.match(r"[a-z][a-z ]*:(?!=)", line)
        for target in line.split(":")[0].split()
    ]
    assert sorted(targets) == sorted(start.COMMANDS)
    phony = next(line for line in lines if line.startswith(".PHONY:"))
    assert sorted(phony.split()[1:]) == sorted(targets)
    assert targets[0] == "help"


def test_a_make_target_only_calls_start() -> None:
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    recipes = [line.strip() for line in lines if line.startswith("\t")]
    assert recipes == ["@$(PYTHON) start.py $@ $(ARGS)"]


def pinned() -> dict[str, tuple[str, int]]:
    """Each package of requirements.txt: its version and how many hashes it has."""
    pins: dict[str, tuple[str, int]] = {}
    for entry in re.split(r"\n(?=\S)", re.sub(r"(?m)^#.*\n", "", REQUIREMENTS)):
        match = PIN.match(entry)
        assert match is not None, f"not a pin: {entry[:60]}"
        hashes = len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry))
        pins[canonicalize_name(match["name"])] = (match["version"], hashes)
    return pins


def named() -> list[str]:
    """Every dependency that pyproject names, to run, to develop and to build with."""
    project = PYPROJECT["project"]
    developing = [name for group in project["optional-dependencies"].values() for name in group]
    return [*project["dependencies"], *developing, *PYPROJECT["build-system"]["requires"]]


@pytest.mark.parametrize("dependency", named())
def test_every_dependency_is_pinned_inside_its_range(dependency: str) -> None:
    requirement = Requirement(dependency)
    version, _ = pinned()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version, prereleases=True)


def test_every_pin_has_hashes() -> None:
    assert [name for name, (_, hashes) in pinned().items() if hashes == 0] == []


@pytest.mark.parametrize("name", ["requirements.txt", "start.py"])
def test_no_address_to_download_from_is_written_down(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"\S*(?:https?:|://|--index|--extra-index|--find-links)\S*", text) == []


def ci_commands() -> list[str]:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", " ", "}"))]


def test_ci_stops_at_the_first_mistake_and_runs_lint_and_test() -> None:
    commands = ci_commands()
    assert commands[0] == "set -euo pipefail"
    assert commands[-2:] == ["make lint", "make test"]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"(?m)^\W*(make test)\b", readme)
    if not told:
        pytest.skip("README.md does not give a test command yet")
    assert told[0] in ci_commands()


@on_posix
def test_ci_can_be_started() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
