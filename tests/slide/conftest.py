"""The real slide, where it can be had."""

from pathlib import Path

import pytest

from plip_tutorial.sources import slides


@pytest.fixture(scope="session")
def real_file() -> Path:
    try:
        return slides.small_region()
    except slides.SlideFetchError as error:
        pytest.skip(f"the real slide cannot be had: {error}")
