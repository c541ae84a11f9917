"""The front door: makes .venv, installs what requirements.txt pins, runs one command.

    python start.py demo|up|test|lint|bench|clean|help [args…]

Needs the standard library alone and works the same on Linux, macOS and Windows. The syntax stays
that of Python 3.6, so that an old Python gets as far as the sentence that says it is too old.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

ROOT = Path(__file__).resolve().parent
OLDEST_PYTHON = (3, 11)
PINNED = ("requirements.txt", "pyproject.toml")

COMMANDS = {
    "help": "列出命令 / list these commands",
    "demo": "看演示 / see it work on made-up orders",
    "up": "启动服务 / start the service",
    "test": "运行测试；加 --cov 看覆盖率 / run the tests; add --cov for coverage",
    "lint": "检查代码 / check style, types and floors",
    "bench": "测量性能 / measure what it costs, as JSON",
    "clean": "删除 .venv 和缓存，保留 var/ 里的数据 / remove .venv and caches, keep what is in var/",
}

ON_ALL_CORES = ("-n", "auto", "--maxprocesses=4", "--dist=loadfile", "--no-loadscope-reorder")

# What `clean` removes. Never var/: orders, the generated secret and settings live there.
LEFTOVERS = (
    ".venv",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".import_linter_cache",
    ".hypothesis",
    ".coverage",
    ".coverage.*",
    "htmlcov",
    "build",
    "dist",
)


def main(arguments: "list[str]") -> int:
    """Run the command named first, with the rest as its arguments; returns the exit code."""
    speak_utf8()
    complain_about_python(sys.version_info[:2])
    name, extra = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if name in ("help", "-h", "--help"):
        sys.stdout.write(usage())
        return 0
    if name not in COMMANDS:
        say("没有这个命令 / no such command: " + name + "\n" + usage().rstrip())
        return 2
    os.chdir(str(ROOT))
    if name == "clean":
        clean(ROOT)
        return 0
    install(ROOT)
    if name == "lint":
        return lint(ROOT, extra)
    return hand_over(command_line(name, ROOT) + extra)


def usage() -> str:
    """The commands, one a line."""
    lines = [f"  {name:<6} {meaning}" for name, meaning in COMMANDS.items()]
    return "python start.py <命令 command> [参数 arguments]\n\n" + "\n".join(lines) + "\n"


def command_line(name: str, root: Path) -> "list[str]":
    """What `name` (demo, up, test or bench) runs inside .venv."""
    if name in ("demo", "up"):
        return [str(tool(root, "diandan")), name]
    pytest = [str(tool(root, "python")), "-m", "pytest"]
    if name == "test":
        return [*pytest, *ON_ALL_CORES]
    return [str(tool(root, "python")), "tests/benchmarks/run.py"]


def lint(root: Path, extra: "list[str]") -> int:
    """Run every check even when one fails; 0 when all passed, else 1. Takes no arguments."""
    if extra:
        say("lint 不接受参数 / lint takes no arguments: " + " ".join(extra))
        return 2
    python = str(tool(root, "python"))
    checks = (
        [python, "-m", "ruff", "check"],
        [python, "-m", "ruff", "format", "--check"],
        [python, "-m", "mypy"],
        [python, "-m", "mypy", "start.py"],
        [str(tool(root, "lint-imports"))],
    )
    failed = []
    for check in checks:
        shown = " ".join(check[2:] if check[0] == python else ["lint-imports"])
        say("— " + shown)
        if run(check) != 0:
            failed.append(shown)
    if failed:
        say("没有通过 / failed: " + ", ".join(failed))
        return 1
    say("全部通过 / all checks passed")
    return 0


def clean(root: Path) -> None:
    """Remove what this script, the tests and the checks made in `root`, but nothing in var/."""
    for pattern in LEFTOVERS:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(str(path))
            else:
                path.unlink()


# --- installing --------------------------------------------------------------------------------


def install(root: Path) -> None:
    """Bring .venv in `root` to what the pinned files say; does nothing when it is there already.

    The stamp is written last, so an install that was interrupted or failed is never taken for done.
    A .venv that was left half made, or has moved since, is made anew. Two installs at a time wait
    for each other.
    """
    if is_installed(root):
        return
    with alone(root):
        if is_installed(root):
            return
        say("首次安装或依赖有变，约一分钟 / installing, about a minute")
        if must_make_venv(root):
            make_venv(root)
        if stamp_of(root).exists():
            stamp_of(root).unlink()
        unfinished_mark_of(root).touch()
        pip_install(root, "--require-hashes", "--no-deps", "-r", "requirements.txt")
        pip_install(root, "--no-deps", "--no-build-isolation", "-e", ".")
        stamp_of(root).write_text(fingerprint(root), encoding="utf-8")
        unfinished_mark_of(root).unlink()


@contextmanager
def alone(root: Path) -> "Iterator[None]":
    """Wait until no other process installs in `root`, and keep others out (on Windows: no wait)."""
    with (root / PINNED[0]).open("r+b") as held:
        if sys.platform != "win32":
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("另一个安装正在进行，请稍候 / waiting for another install to end")
                fcntl.flock(held, fcntl.LOCK_EX)
        yield


def pip_install(root: Path, *what: str) -> None:
    """Install `what` into .venv in silence; when it fails, show pip's words and end."""
    log = root / ".venv" / "install.log"
    pip = [str(tool(root, "python")), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    with log.open("wb") as output:
        code = run([*pip, *what], output)
    if code != 0:
        unfinished_mark_of(root).unlink()  # pip ended by itself and left nothing half unpacked
        say(log.read_text(encoding="utf-8", errors="replace"))
        raise SystemExit(
            "安装没有成功，原因见上；请检查网络或 pip 的代理、镜像设置，然后再运行一次。 / "
            "Installing failed, see pip's words above: check the network, or the proxy and "
            "index in pip's own settings, and run the same command again."
        )


def is_installed(root: Path) -> bool:
    """Whether the last install finished, here, and neither pinned file has changed since."""
    stamp = stamp_of(root)
    return (
        tool(root, "python").exists()
        and stamp.exists()
        and stamp.read_text(encoding="utf-8") == fingerprint(root)
    )


def fingerprint(root: Path) -> str:
    """Where the tree is, then the sha256 of each pinned file: one a line."""
    sums = [hashlib.sha256((root / name).read_bytes()).hexdigest() + "  " + name for name in PINNED]
    return "\n".join([str(root), *sums]) + "\n"


def must_make_venv(root: Path) -> bool:
    """Whether .venv is absent or broken; scripts in it name its folder, so a moved one is broken."""
    stamp = stamp_of(root)
    return (
        not tool(root, "python").exists()
        or not tool(root, "pip").exists()
        or unfinished_mark_of(root).exists()
        or (stamp.exists() and stamp.read_text(encoding="utf-8").split("\n")[0] != str(root))
    )


def make_venv(root: Path) -> None:
    """Make an empty .venv in place of whatever is there; ends with a sentence when it can't."""
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        raise SystemExit(
            "这个 Python 缺少 venv 模块；Debian/Ubuntu 请先运行 apt install python3-venv。 / "
            "This Python lacks the venv module: on Debian or Ubuntu, apt install python3-venv first."
        )
    if run([sys.executable, "-m", "venv", "--clear", str(root / ".venv")]) != 0:
        raise SystemExit(
            "无法建立 .venv，原因见上。 / .venv could not be made: see the reason above."
        )


def tool(root: Path, name: str) -> Path:
    """The program `name` inside .venv, whether it exists or not."""
    if os.name == "nt":
        return root / ".venv" / "Scripts" / (name + ".exe")
    return root / ".venv" / "bin" / name


def stamp_of(root: Path) -> Path:
    """The file that says which pinned files were installed last."""
    return root / ".venv" / "installed.sha256"


def unfinished_mark_of(root: Path) -> Path:
    """The empty file that stands only while an install is under way."""
    return root / ".venv" / "unfinished"


# --- running -----------------------------------------------------------------------------------


def hand_over(command: "list[str]") -> int:
    """Let `command` take this process's place, so that signals and its exit code are its own.

    Windows cannot do that: there it runs as a child, and its exit code is returned.
    """
    try:
        if os.name == "nt":
            return run(command)
        sys.stdout.flush()
        os.execv(command[0], command)
    except OSError as error:
        raise SystemExit(
            ".venv 不完整，请运行 clean 后再试。 / .venv is damaged, run `python start.py clean` "
            "and try again: " + str(error)
        ) from error


def run(command: "list[str]", output: "IO[bytes] | None" = None) -> int:
    """Run `command` to its end and return its exit code; it prints into `output`, if given.

    Ctrl-C in a terminal reaches the child as well: it is given the time to end cleanly, and only
    then is KeyboardInterrupt raised here.
    """
    child = subprocess.Popen(command, stdout=output, stderr=output)
    interrupted = False
    while True:
        try:
            code = child.wait()
            break
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return code


def complain_about_python(version: "tuple[int, ...]") -> None:
    """End with a sentence when `version` is older than the project needs."""
    if version < OLDEST_PYTHON:
        raise SystemExit(
            "需要 Python 3.11 或更新版本，这里是 {0}。 / Python 3.11 or newer is needed, this is "
            "{0}: start it with a newer one, as in python3.12 start.py demo.".format(
                ".".join(map(str, version))
            )
        )


def speak_utf8() -> None:
    """Keep Chinese legible, here and in every child, when output goes to a file on Windows."""
    os.environ.setdefault("PYTHONUTF8", "1")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not when a test has put another stream there
            stream.reconfigure(encoding="utf-8", errors="replace")


def say(sentence: str) -> None:
    """Tell the person at the terminal; standard output stays the command's own."""
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        say("已中断 / interrupted")
        sys.exit(130)
