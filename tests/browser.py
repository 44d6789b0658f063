"""A real browser for tests, found wherever one can be had, and a server for it."""

import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

INSTALLED = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
#: Without these a browser calls home, or will not start where there is no display.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
INSTALL_SECONDS = 600


def find_browser(downloaded):
    """Return the path of a Chromium, or None where none can be had.

    In this order: one that is installed; Playwright's own, whose path `downloaded`
    is, fetched if need be; and the package manager's, where we may install from it.
    """
    for name in INSTALLED:
        if found := shutil.which(name):
            return found
    if not Path(downloaded).exists():
        attempt([sys.executable, "-m", "playwright", "install", "chromium"])
    if Path(downloaded).exists():
        return downloaded
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        attempt(["apt-get", "update"])
        attempt(["apt-get", "install", "-y", "--no-install-recommends", "chromium"])
    return shutil.which("chromium")


def attempt(command):
    """Run a command that may well fail, as it does without a network."""
    print(f"no browser yet; trying: {' '.join(command)}", file=sys.stderr)
    try:
        subprocess.run(command, timeout=INSTALL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)


@contextmanager
def open_browser():
    """Open a browser, or fail the test that asks for it."""
    with sync_playwright() as playwright:
        path = find_browser(playwright.chromium.executable_path)
        if path is None:
            pytest.fail(
                "the tests in a real browser could not run: no Chromium or Chrome is "
                "installed, and none could be fetched. Install one, or set "
                "BROWSER=none to go without these tests."
            )
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files, and keeps silent about it."""

    def log_message(self, *_):
        pass


@contextmanager
def serve(folder):
    """Serve a folder on a free port of this machine alone; give its address."""
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
