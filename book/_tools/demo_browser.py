"""Drive the demo in a real Chromium: the browser tests use this, and it takes the picture of the unit on retrieval.

python book/_tools/demo_browser.py       # writes book/pictures/demo.webp
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

PICTURE = Path(__file__).parents[1] / "pictures" / "demo.webp"
SEARCH = "pools of mucus with few cells"
PATIENCE = 240_000  # milliseconds: the first visit loads the tiny models and embeds the gallery


def chromium() -> str | None:
    """Path of an installed Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def browser_page(**options: Any) -> Iterator[Any]:
    """A fresh page of the installed Chromium; ``options`` are those of Playwright's ``new_page``."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        try:
            page = browser.new_page(**options)
            page.set_default_timeout(PATIENCE)
            yield page
        finally:
            browser.close()


@contextmanager
def running_demo(arguments: Sequence[str] = ()) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """``python -m plip_tutorial demo`` on a free port, without opening a window; its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"STREAMLIT_SERVER_PORT": str(port), "STREAMLIT_SERVER_HEADLESS": "true"}
    command = [sys.executable, "-m", "plip_tutorial", "demo", *arguments]
    process = subprocess.Popen(command, env=os.environ | settings, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, process)
        yield address, process
    finally:
        _stop(process)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end and process.poll() is None:
        try:
            urlopen(f"{address}/_stcore/health", timeout=5).close()
            return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.3)
    raise RuntimeError(f"the demo did not start; its exit code is {process.poll()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the command and the server that it started."""
    import psutil

    family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for member in family:
        member.terminate()
    psutil.wait_procs(family, timeout=20)


def main() -> None:
    """Search, wait for the tiles, take the picture, with two pixels for each one of the page."""
    from PIL import Image

    form: Any = {"viewport": {"width": 900, "height": 760}, "device_scale_factor": 2}
    with running_demo() as (address, _), browser_page(**form) as page:
        page.goto(address)
        page.get_by_role("textbox", name="Words", exact=True).fill(SEARCH)
        page.get_by_role("textbox", name="Words", exact=True).press("Enter")
        page.get_by_test_id("stImage").nth(7).wait_for()
        page.wait_for_timeout(3000)  # until the last tile has arrived
        PICTURE.parent.mkdir(exist_ok=True)
        taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        taken.save(PICTURE, quality=90, method=6)
    print(f"wrote {PICTURE}")


if __name__ == "__main__":
    main()
