"""The demo, driven by Streamlit's own AppTest with a small encoder in the model's place."""

from __future__ import annotations

import sys

import numpy as np
import pytest

streamlit_testing = pytest.importorskip("streamlit.testing.v1", reason="Streamlit is not installed")


@pytest.fixture(autouse=True)
def _main_module_stays():
    """AppTest puts its script in the place of ``__main__``; processes that later tests start would run it again."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


def _app() -> None:
    """Runs inside AppTest: the page with a fake model and four tiles."""
    import numpy as np

    from plip_tutorial import app

    class Encoder:
        logit_scale = 10.0

        def encode_text(self, texts, *_):
            return np.array([[1.0, 0.0] if "fat" in text else [0.0, 1.0] for text in texts], np.float32)

    tiles = [np.full((8, 8, 3), 40 * i, np.uint8) for i in range(4)]
    vectors = np.array([[0, 1], [1, 0], [0, 1], [0.8, 0.6]], np.float32)
    app._loaded = lambda folder: (Encoder(), tiles, ["a", "fat <b>bold</b>", "c", "d"], vectors)
    app.page()


def test_search_by_words_shows_the_nearest_first_and_captions_as_text() -> None:
    page = streamlit_testing.AppTest.from_function(_app, default_timeout=60).run()
    page.text_input[0].set_value("fat").run()
    assert not page.exception
    texts = [element.value for element in page.text]
    assert texts[:2] == ["fat <b>bold</b>", "d"]
    assert not any("<b>" in element.value for element in page.markdown)


def test_nearest_equals_sorting_by_hand() -> None:
    from plip_tutorial.app import nearest

    draw = np.random.default_rng(0)
    vectors, query = draw.normal(size=(50, 6)).astype(np.float32), draw.normal(size=6).astype(np.float32)
    by_hand = sorted(range(50), key=lambda i: -float(vectors[i] @ query))
    assert nearest(vectors, query, 7) == by_hand[:7]
