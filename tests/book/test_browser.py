"""The demo in a real browser, used as a reader uses it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from plip_tutorial import microcosm

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_tools"))
from demo_browser import PICTURE, SEARCH, browser_page, chromium, running_demo  # noqa: E402

pytest.importorskip("playwright", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiles of three classes; the name of one would be markup if anybody took it for such."""
    root = tmp_path_factory.mktemp("tiles")
    for name, tissue in {"adipose": "adipose", "lymphocytes": "lymphocytes", "<b>mucus<": "mucus"}.items():
        (root / name).mkdir()
        for seed in range(4):
            Image.fromarray(microcosm.render_tile(tissue, seed=seed)).save(root / name / f"{seed}.png")
    return root


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[tuple[str, Any]]:
    pytest.importorskip("streamlit", reason="Streamlit is not installed")
    with running_demo([str(folder)]) as running:
        yield running


def captions(page: Any) -> list[str]:
    return [text.strip() for text in page.get_by_test_id("stText").all_inner_texts()]


def test_the_demo_searches_by_words_and_shows_captions_as_text(demo: tuple[str, Any]) -> None:
    with browser_page() as page:
        page.goto(demo[0])
        page.get_by_role("textbox", name="Words", exact=True).fill("adipose tissue")
        page.get_by_role("textbox", name="Words", exact=True).press("Enter")
        page.get_by_test_id("stImage").nth(7).wait_for()
        assert captions(page)[0].startswith("adipose/")
        page.get_by_role("textbox", name="Words", exact=True).fill("mucus")
        page.get_by_role("textbox", name="Words", exact=True).press("Enter")
        page.get_by_text("<b>mucus</").first.wait_for()
        assert page.locator("main b").count() == 0


def test_the_demo_takes_pictures_and_says_what_is_wrong_with_others(
    demo: tuple[str, Any], folder: Path, tmp_path
) -> None:
    whole = (folder / "lymphocytes" / "0.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "words.png").write_text("no picture")
    (tmp_path / "large.png").write_bytes(bytes(11 * 1024**2))
    with browser_page() as page:
        page.goto(demo[0])
        page.get_by_role("tab", name="By picture").click()
        upload = page.locator("input[type=file]").first
        for name, message in {
            "cut.png": "cannot be used",
            "words.png": "damaged or no picture",
            "large.png": "must be 10",
        }.items():
            upload.set_input_files(tmp_path / name)
            page.get_by_text(re.compile(message)).last.wait_for()
        upload.set_input_files(folder / "lymphocytes" / "0.png")
        panel = page.get_by_role("tabpanel")
        panel.get_by_text("lymphocytes/0.png").wait_for()
        assert panel.get_by_test_id("stText").first.inner_text().strip() == "lymphocytes/0.png"  # itself, the nearest


def test_the_demo_classifies_with_own_labels(demo: tuple[str, Any], folder: Path) -> None:
    with browser_page() as page:
        page.goto(demo[0])
        page.get_by_role("tab", name="Classify").click()
        page.get_by_role("textbox", name="Labels, one a line").fill("lymphocytes\nadipose tissue\n<u>smooth muscle</u>")
        page.get_by_role("textbox", name="Labels, one a line").press("Control+Enter")
        page.locator("input[type=file]").last.set_input_files(folder / "lymphocytes" / "0.png")
        panel = page.get_by_role("tabpanel")
        panel.get_by_test_id("stText").filter(has_text="<u>smooth muscle").wait_for()
        lines = panel.get_by_test_id("stText").all_inner_texts()
        assert lines[0].split(maxsplit=1)[1].strip() == "lymphocytes"
        assert page.locator("main u").count() == 0


def test_the_demo_listens_on_this_machine_only(demo: tuple[str, Any]) -> None:
    family = [psutil.Process(demo[1].pid), *psutil.Process(demo[1].pid).children(recursive=True)]
    found = [c.laddr for member in family for c in member.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert found
    assert {address.ip for address in found} == {"127.0.0.1"}


def test_the_picture_in_the_book_is_there_and_names_its_search() -> None:
    assert Image.open(PICTURE).width >= 800
    assert SEARCH in (ROOT / "book" / "13_retrieval.py").read_text(encoding="utf-8")
