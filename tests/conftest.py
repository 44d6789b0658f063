"""What tests share: the book's own code, the built site, and a browser to see it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from browser import open_browser, serve
from filelock import FileLock
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

# Where a shell runs the tests in the background, they ignore Ctrl+C, which some test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes is the machine's affair, and it may be busy.
settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")


@pytest.fixture(scope="session")
def site():
    """Return the folder of the built book, which `make` brings up to date first."""
    if shutil.which("make") is None:
        pytest.fail("the pages could not be tested: there is no `make` to build them")
    build = ROOT / "_build"
    build.mkdir(exist_ok=True)
    with FileLock(build / ".lock"):  # one build, however many processes test
        made = subprocess.run(
            ["make", "book"], cwd=ROOT, capture_output=True, text=True, check=False
        )
    if made.returncode:
        pytest.fail(f"the book does not build:\n{made.stdout}\n{made.stderr}")
    return build / "html"


@pytest.fixture(scope="session")
def pages(site):
    """Return the addresses of all pages, relative to the site."""
    files = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    # The front door only leads on, to the landing page.
    files.remove(site / "index.html")
    return sorted(path.relative_to(site).as_posix() for path in files)


@pytest.fixture(scope="session")
def address(site):
    """Return the address at which the site is served."""
    with serve(site) as url:
        yield url


@pytest.fixture(scope="session")
def browser():
    """Return a real browser, or fail, unless BROWSER=none asks to go without."""
    if os.environ.get("BROWSER") == "none":
        pytest.skip("BROWSER=none: the tests in a real browser were left out")
    with open_browser() as opened:
        yield opened


@pytest.fixture
def no_progress(tmp_path, monkeypatch):
    """Keep the user's own progress in the exercises out of it."""
    monkeypatch.setenv("NNLIB_PROGRESS", str(tmp_path / "progress.json"))
