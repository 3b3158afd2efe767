#!/usr/bin/env python3
"""Everything a developer does here, on a machine with Python 3.11 and pip and nothing else.

    python3 dev.py demo  [--port N] [--data DIR]   try the product: sample data, web, worker, sandbox, mailbox
    python3 dev.py test  [--engine E] [-- ARGS]    every test on SQLite and PostgreSQL; ARGS go to pytest, on one engine
    python3 dev.py setup [--dev]                   only the set-up; afterwards .venv/bin/balancedue exists
    python3 dev.py lint                            ruff, mypy --strict, djlint
    python3 dev.py bench [ARGS]                    benchmarks, each beside something named
    python3 dev.py prove [--pages] [-- ARGS]       the long proofs: money, and every page in every state
    python3 dev.py lock                            work the two lock files out again (needs uv)

The environment is .venv, made on first use from a lock file with hashes, and brought up to date when that file changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
BASE = getattr(sys, "_base_executable", sys.executable)  # the Python itself, when this runs inside a venv
LOCKS = {"run": HERE / "requirements.lock", "dev": HERE / "requirements-dev.lock"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ENGINES = ("sqlite", "postgres")
# What knows no Django is run once, with the first Python; what the database makes no difference to, with one engine.
NO_DJANGO = ("tests/test_house.py", "tests/sandbox")
_NO_DATABASE = "rules documents transports mailbox config processors web/test_design.py web/test_design_seen.py"
NO_DATABASE = (*NO_DJANGO, *(f"tests/{place}" for place in _NO_DATABASE.split()))
FAST = "not journey and not race and not slow and not pages"
IN_A_BROWSER = ("tests/journeys/", "tests/pages/", "tests/sandbox/test_elements.py", "tests/sandbox/test_checkout.py")


class Stop(Exception):
    """The command cannot go on; the sentence says why and what to do."""


# --- the environment -------------------------------------------------------------------------------------------


def set_up(kind: str, venv: Path = VENV, python: str = BASE) -> Path:
    """Make `venv` hold what the lock of `kind` ("run" or "dev") names; answer its Python. Quick when it does."""
    inside, stamp = venv / "bin" / "python", venv / "balancedue-setup"
    wanted = {name: f"{name} {_fingerprint(lock)}" for name, lock in LOCKS.items()}
    have = stamp.read_text().strip() if stamp.exists() and works(inside) else ""
    if have in (wanted["dev"], wanted[kind]):
        return inside
    say(f"Setting up {venv.name} (a minute or two, once) ...")
    stamp.unlink(missing_ok=True)
    pip = _pip(venv, python)
    # Wheels only, each checked against its hash: nothing of anybody's is built or run while installing.
    run(*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(LOCKS[kind]))
    run(*pip, "--no-build-isolation", "--editable", str(HERE))
    stamp.write_text(wanted[kind] + "\n")
    return inside


def _pip(venv: Path, python: str) -> list[str]:
    """The command that installs into `venv`, which is made first where it does not work.

    The pip beside `python` is used where there is one: Debian's Python has pip, but cannot put one into a venv.
    """
    own = works(python, "import pip")
    inside = venv / "bin" / "python"
    if not works(inside):
        if not own and not works(python, "import ensurepip"):
            raise Stop("This Python has no pip. On Debian or Ubuntu: apt-get install python3-pip. Then run this again.")
        run(python, "-m", "venv", "--clear", *(["--without-pip"] if own else []), str(venv))
    pip = [python, "-m", "pip", "--python", str(inside)] if own else [str(inside), "-m", "pip"]
    return [*pip, "--disable-pip-version-check", "install", "--quiet", "--no-deps"]


def _fingerprint(lock: Path) -> str:
    """Changes when the lock changes, or what is installed beside it: the package's own description."""
    return hashlib.sha256(lock.read_bytes() + (HERE / "pyproject.toml").read_bytes()).hexdigest()


def works(python: str | Path, code: str = "import sys") -> bool:
    """Whether this Python starts and can run `code`. A launcher without a Python behind it does not."""
    try:
        return subprocess.run([str(python), "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def other_python() -> tuple[str, str] | None:
    """A Python for the other Django (5.2 on 3.11, 6 on later ones), as (path, "3.13"), where the machine has one."""
    versions = ("3.13", "3.12", "3.14") if sys.version_info < (3, 12) else ("3.11",)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for version in versions:
        candidates = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python")))]
        for python in filter(None, candidates):
            if works(python, "import ensurepip"):
                return python, version
    return None


def system_tools() -> None:
    """A browser and a PDF renderer for the tests, from the system's package manager where they are missing."""
    missing = [] if any(map(shutil.which, BROWSERS)) else ["chromium", "fonts-liberation"]
    missing += [] if shutil.which("pdftoppm") else ["poppler-utils"]
    if not missing:
        return
    names = " ".join(missing)
    rights = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (rights and not _may(rights)):
        raise Stop(f"The tests need {names}. Install them with the system's package manager, then run this again.")
    say(f"Installing {names} ...")
    apt = [*rights, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    run(*apt, "update")
    run(*apt, "install", "-y", "--no-install-recommends", *missing)


def _may(rights: Sequence[str]) -> bool:
    return bool(shutil.which(rights[0])) and subprocess.run([*rights, "true"], check=False).returncode == 0


# --- the commands ----------------------------------------------------------------------------------------------


def demo(args: list[str]) -> int:
    """Set up, then become the demo."""
    program = set_up("run").with_name("balancedue")
    sys.stdout.flush()
    os.execv(program, [str(program), "demo", *args])


def setup(args: list[str]) -> int:
    """Only the set-up; with --dev the test tools too."""
    python = set_up("dev" if "--dev" in args else "run")
    say(f"Ready: {python.with_name('balancedue').relative_to(HERE)}")
    return 0


def lint(_args: list[str]) -> int:
    """All linters, each to its end, so that one run shows everything."""
    python = str(set_up("dev"))
    # mypy's Django plugin reads the settings, and they insist on keys.
    os.environ.setdefault("BALANCEDUE_SECRET_KEY", "for mypy")
    os.environ.setdefault("BALANCEDUE_FIELD_KEYS", "for:mypy")
    return max(attempt(*check) for check in [*style(python), [python, "-m", "mypy"]])


def style(python: str) -> list[list[str]]:
    """The checks that take seconds."""
    return [
        [python, "-m", "ruff", "check", "--quiet"],
        [python, "-m", "ruff", "format", "--check", "--quiet"],
        [python, "-m", "djlint", "--lint", "--quiet", "src"],
    ]


def test(args: list[str]) -> int:
    """Everything; or, with `--` or an engine, one run of pytest."""
    own, to_pytest = split(args)
    engines = [own[own.index("--engine") + 1]] if "--engine" in own[:-1] else list(ENGINES)
    python = str(set_up("dev"))
    system_tools()
    if "--" in args:
        return pytest(python, engines[0], to_pytest)
    began, total = time.monotonic(), {"passed": 0, "failed": 0}
    red = [" ".join(check[2:4]) for check in style(python) if attempt(*check)]
    for number, engine in enumerate(engines):
        where = ["tests"] if number == 0 else ["tests", *(f"--ignore={path}" for path in NO_DATABASE)]
        red += [f"pytest on {engine}"] if pytest_whole(python, engine, [*workers(), *where], total) else []
    if engines == list(ENGINES):
        red += test_other_python(total)
    say(f"{time.monotonic() - began:.0f} seconds. {'All green' if not red else 'Not green: ' + ', '.join(red)}")
    print(f"{total['passed']} passed, {total['failed']} failed", flush=True)
    return 1 if red else 0


def test_other_python(total: dict[str, int]) -> list[str]:
    """The fast tests on the other Django, where the machine has a Python for it. What was not green."""
    other = other_python()
    if other is None:
        say(f"No other Python here: tested on {sys.version_info[0]}.{sys.version_info[1]} only")
        return []
    python, version = other
    say(f"The fast tests again, on Python {version}")
    inside = str(set_up("dev", HERE / f".venv-{version}", python))
    fast = [*workers(), "-m", FAST, "tests", *(f"--ignore={path}" for path in NO_DJANGO)]
    return [f"pytest on Python {version}"] if pytest_whole(inside, "sqlite", fast, total) else []


def prove(args: list[str]) -> int:
    """The tests marked `prove`, on both engines: minutes to hours, and never part of `test`; pages on one."""
    own, to_pytest = split(args)
    python = str(set_up("dev"))
    system_tools()
    chosen = ["--prove", "-m", "prove and pages" if "--pages" in own else "prove and not pages", *to_pytest]
    return max(pytest(python, engine, [*chosen, "tests"]) for engine in (ENGINES[:1] if "--pages" in own else ENGINES))


def bench(args: list[str]) -> int:
    """Every benchmark, or those named."""
    return attempt(str(set_up("dev")), "-m", "bench", *args)


def lock(_args: list[str]) -> int:
    """Both locks, for every supported Python at once, without any address in them."""
    if not shutil.which("uv"):
        raise Stop("Locks are worked out by uv, which is not here: pip install uv. Then run this again.")
    quiet = ["--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate", "--quiet"]
    compile_ = ["uv", "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes", *quiet]
    run(*compile_, "pyproject.toml", "--group", "build", "-o", str(LOCKS["run"]))
    run(*compile_, "pyproject.toml", "--group", "dev", "-c", str(LOCKS["run"]), "-o", str(LOCKS["dev"]))
    return 0


# --- running things --------------------------------------------------------------------------------------------


def pytest(python: str, engine: str, args: Sequence[str], total: dict[str, int] | None = None) -> int:
    """Run pytest on one engine, showing what it says; add its counts to `total`. Its exit status."""
    say(f"pytest on {engine}")
    command = [python, "-m", "pytest", "--engine", engine, *args]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    if sys.stdout.isatty() and "NO_COLOR" not in environment:
        environment["FORCE_COLOR"] = "1"
    closing = ""
    with subprocess.Popen(
        command, cwd=HERE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            print(line, end="", flush=True)
            closing = line if re.search(r"\d+ (passed|failed|error)", line) else closing
    for word, number in _counts(closing):
        if total is not None:
            total[word] += number
    return child.returncode


def pytest_whole(python: str, engine: str, args: Sequence[str], total: dict[str, int]) -> int:
    """Run pytest; what failed in a browser, and nothing else did, gets a second chance on a quiet machine.

    A browser beside a browser on two cores may be too slow for its patience. Said aloud, so that it is looked at.
    """
    counted = {"passed": 0, "failed": 0}
    status = pytest(python, engine, ["--cache-clear", *args], counted)
    failed = _failed() if status == 1 else []
    if failed and all(test.startswith(IN_A_BROWSER) for test in failed):
        say(f"{len(failed)} failed in a browser. Alone, they")
        again = {"passed": 0, "failed": 0}
        status = pytest(python, engine, failed, again)
        counted = {"passed": counted["passed"] + again["passed"], "failed": again["failed"]}
        say("failed among the others, not alone: " + ", ".join(failed) if status == 0 else "failed alone too")
    for word, number in counted.items():
        total[word] += number
    return status


def _failed() -> list[str]:
    """The tests that failed in the run just made, by their names."""
    kept = HERE / ".pytest_cache" / "v" / "cache" / "lastfailed"
    return sorted(json.loads(kept.read_text())) if kept.exists() else []


def _counts(closing: str) -> list[tuple[str, int]]:
    found = re.findall(r"(\d+) (passed|failed|errors?)\b", re.sub(r"\x1b\[[\d;]*m", "", closing))
    return [("passed" if word == "passed" else "failed", int(number)) for number, word in found]


def workers() -> list[str]:
    return ["-n", str(min(os.cpu_count() or 1, 4)), "--dist", "worksteal"]


def split(args: list[str]) -> tuple[list[str], list[str]]:
    """Arguments before and after `--`."""
    cut = args.index("--") if "--" in args else len(args)
    return args[:cut], args[cut + 1 :]


def run(*command: str) -> None:
    if attempt(*command):
        raise Stop(f"This did not work: {' '.join(command)}")


def attempt(*command: str) -> int:
    return subprocess.run(command, cwd=HERE, check=False).returncode


def say(sentence: str) -> None:
    print(f"-- {sentence}", flush=True)


COMMANDS = {"demo": demo, "test": test, "setup": setup, "lint": lint, "bench": bench, "prove": prove, "lock": lock}


def main(argv: list[str]) -> int:
    """Carry out one command; its exit status."""
    if sys.version_info < (3, 11):
        print(f"Balancedue needs Python 3.11 or later; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 2
    if not argv or argv[0] not in COMMANDS:
        print(__doc__)
        return 0 if argv[:1] in ([], ["-h"], ["--help"]) else 2
    try:
        return COMMANDS[argv[0]](argv[1:])
    except Stop as why:
        print(f"-- {why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
