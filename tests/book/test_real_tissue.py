"""Pictures of real tissue: they are what the slide shows at the pinned places, small, and shown unfiltered."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plip_tutorial.sources import slides

BOOK = Path(__file__).parents[2] / "book"
sys.path.insert(0, str(BOOK / "_tools"))
import real_tissue  # noqa: E402

MOST = 120_000  # bytes of a picture
PAGES = [*BOOK.glob("*.py"), *BOOK.glob("*.md")]
each_crop = pytest.mark.parametrize("name", real_tissue.CROPS)


@pytest.fixture(scope="module")
def whole() -> Image.Image:
    try:
        return real_tissue.slide()
    except slides.SlideFetchError as error:
        pytest.skip(f"the slide cannot be had: {error}")


@each_crop
def test_a_picture_is_what_the_slide_shows_there(name: str, whole: Image.Image) -> None:
    made = np.asarray(real_tissue.CROPS[name](whole), float)
    kept = np.asarray(Image.open(real_tissue.PICTURES / f"{name}.webp").convert("RGB"), float)
    assert made.shape == kept.shape
    assert np.abs(made - kept).mean() < 8, "made with other places? Run: python book/_tools/real_tissue.py"


@each_crop
def test_a_picture_is_small_sharp_described_and_unfiltered(name: str) -> None:
    file = real_tissue.PICTURES / f"{name}.webp"
    assert file.stat().st_size <= MOST
    texts = [re.sub(r"^# ?", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE) for page in PAGES]
    figure = re.compile(rf"^:::\{{figure\}} pictures/{name}\.webp\n(.+?)\n:::$", re.MULTILINE | re.DOTALL)
    shown = [found for text in texts for found in figure.findall(text)]
    assert shown
    for found in shown:
        options = dict(re.findall(r"^:(\w+): (.+)$", found, re.MULTILINE))
        assert options["class"] == "dark-light"
        assert options["width"] == f"{Image.open(file).width // 2}px"
        assert len(options["alt"]) > 60
        assert re.search(r"CMU-1-Small-Region, test data\s+of\s+OpenSlide,.+CC0", found, re.DOTALL)
