"""The scales are tested with pages whose weight and faults are known."""

from __future__ import annotations

import gzip
import sys
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "_tools"))
from demo_browser import chromium
from weights import pages, weigh

pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed")


def test_planted_weights_and_faults_are_found(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1000, 900, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "late.png")
    Image.fromarray(noise[:4, :4]).save(tmp_path / "small.png")
    small = (tmp_path / "small.png").read_bytes()
    (tmp_path / "a.js").write_text("var a = 1;" * 100, encoding="utf-8")
    article = '<link rel="icon" href="data:,"><article class="bd-article">'
    sound = f'{article}<script src="a.js"></script><img src="data:image/png;base64,{b64encode(small).decode()}">'
    faulty = (
        f'{article}<script src="http://127.0.0.1:1/thebe.js"></script><script>let b; let b;</script>'
        '<div style="height: 20000px"></div><img loading="lazy" src="late.png">'
    )
    for name, body in {"sound": sound, "faulty": faulty, "404": "lost"}.items():
        (tmp_path / f"{name}.html").write_text(body, encoding="utf-8")
    assert pages(tmp_path) == ["faulty.html", "sound.html", "search.html"]
    bad, good = weigh(tmp_path, ["faulty.html", "sound.html"])

    bare = sound.replace(f"data:image/png;base64,{b64encode(small).decode()}", "").encode()
    assert good.packed == len(gzip.compress(bare)) + len(gzip.compress((tmp_path / "a.js").read_bytes()))
    assert good.raw == len(bare) + 1000
    assert abs(good.pictures - len(small)) <= 2
    assert list(good.problems()) == []

    assert bad.pictures == (tmp_path / "late.png").stat().st_size > 2_500_000
    told = "\n".join(bad.problems())
    assert "more than 2,500,000" in told
    assert "asks http://127.0.0.1:1/thebe.js, outside" in told
    assert "has already been declared" in told
