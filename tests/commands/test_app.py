"""The demo, driven by Streamlit's own AppTest with a small encoder in the model's place."""

from __future__ import annotations

import http.client
import io
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from PIL import Image

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

    from plip_tutorial.commands import app

    class Encoder:
        logit_scale = 10.0

        def encode_text(self, texts, *_):
            return np.array([[1.0, 0.0] if "fat" in text else [0.0, 1.0] for text in texts], np.float32)

        def encode_images(self, images, *_):  # bright pictures are fat
            bright = [np.asarray(image).mean() > 128 for image in images]
            return np.array([[1.0, 0.0] if fat else [0.0, 1.0] for fat in bright], np.float32)

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


def _file(shade: int = 250, kind: str = "PNG", size: tuple[int, int] = (8, 8)) -> bytes:
    with io.BytesIO() as file:
        Image.new("RGB", size, (shade,) * 3).save(file, kind)
        return file.getvalue()


def _bomb() -> bytes:
    """A PNG of a hundred bytes whose header claims ten thousand million pixels."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(10))), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


def _uploaded(place: int, content: bytes, name: str = "tile.png", kind: str = "image/png"):
    page = streamlit_testing.AppTest.from_function(_app, default_timeout=60).run()
    page.file_uploader[place].set_value((name, content, kind)).run()
    assert not page.exception
    return page


def test_search_by_picture_shows_the_nearest_first() -> None:
    assert [element.value for element in _uploaded(0, _file(250)).text][4:6] == ["fat <b>bold</b>", "d"]
    assert [element.value for element in _uploaded(0, _file(10, "JPEG"), "tile.jpg", "image/jpeg").text][4] == "a"


def test_own_labels_are_sorted_by_their_chance_and_shown_as_text() -> None:
    page = streamlit_testing.AppTest.from_function(_app, default_timeout=60).run()
    page.text_area[0].set_value("<i>other</i>\n\n  fat\n").run()
    page.file_uploader[1].set_value(("tile.png", _file(250), "image/png")).run()
    assert not page.exception
    lines = [element.value for element in page.text][4:]
    assert [line.split(maxsplit=1)[1] for line in lines] == ["fat", "<i>other</i>"]
    assert sum(float(line.split()[0]) for line in lines) == pytest.approx(1, abs=0.02)
    assert not any("<i>" in element.value for element in page.markdown)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_bomb(), "more pixels than can be decoded safely"),
        (_file(size=(64, 64))[:80], "damaged|truncated"),
        (b"no picture at all", "damaged or no picture"),
        (b"", "damaged or no picture"),
        (b"\0" * (10 * 1024**2 + 1), "more than 10 MB"),
        (_file(size=(5000, 1)), "strip"),
    ],
    ids=["bomb", "truncated", "text", "empty", "too large", "strip"],
)
@pytest.mark.parametrize("place", [0, 1])
def test_what_cannot_be_used_gives_a_message(content: bytes, reason: str, place: int) -> None:
    page = _uploaded(place, content)
    assert len(page.error) == 1
    assert re.search(reason, page.error[0].value)
    assert len(page.text) == 4  # the tiles of the search by words, and nothing new


def test_a_folder_that_cannot_be_read_gives_a_message(tmp_path) -> None:
    def app(folder: str) -> None:
        from pathlib import Path

        from plip_tutorial.commands import app
        from plip_tutorial.sources.own_tiles import read_folder

        app._loaded = lambda where: read_folder(where)
        app.page(Path(folder))

    page = streamlit_testing.AppTest.from_function(app, args=(str(tmp_path),), default_timeout=60).run()
    assert not page.exception
    assert page.error[0].value == "This folder cannot be shown."
    assert "no sub-folder with pictures" in page.text[0].value


def _odd_tiles(folder: str) -> None:
    """The page with the tiles of a folder and a model that finds them all alike."""
    from pathlib import Path

    import numpy as np

    from plip_tutorial.commands import app

    class Encoder:
        def encode_text(self, texts, *_):
            return np.ones((len(texts), 2), np.float32)

    pictures, texts = app.gallery(Path(folder))
    app._loaded = lambda where: (Encoder(), pictures, texts, np.ones((len(texts), 2), np.float32))
    app.page(Path(folder))


def test_tiles_of_every_mode_are_shown_as_the_model_sees_them(tmp_path) -> None:
    """Streamlit itself writes JPEG or PNG, and fails at 16 bits and fractions."""
    shades = np.linspace(0, 255, 64).reshape(8, 8)
    (tmp_path / "a").mkdir()
    odd = {
        "deep": (257 * shades).astype(np.uint16), "fractions": (shades / 255).astype(np.float32),
        "wide": (257 * shades).astype(np.int32),
    }  # fmt: skip
    for name, pixels in odd.items():
        Image.fromarray(pixels).save(tmp_path / "a" / f"{name}.tif")
    Image.new("LAB", (8, 8), (200, 128, 128)).save(tmp_path / "a" / "lab.tif")
    Image.new("CMYK", (8, 8), (0, 200, 100, 0)).save(tmp_path / "a" / "cmyk.jfif", "JPEG")
    page = streamlit_testing.AppTest.from_function(_odd_tiles, args=(str(tmp_path),), default_timeout=60).run()
    assert not page.exception
    assert sorted(text.value for text in page.text) == sorted(f"a/{file.name}" for file in (tmp_path / "a").iterdir())
    assert sum(element.type in ("image", "imgs") for element in page) == 5  # Streamlit has called it both


def test_nearest_equals_sorting_by_hand() -> None:
    from plip_tutorial.commands.app import nearest

    draw = np.random.default_rng(0)
    vectors, query = draw.normal(size=(50, 6)).astype(np.float32), draw.normal(size=6).astype(np.float32)
    by_hand = sorted(range(50), key=lambda i: -float(vectors[i] @ query))
    assert nearest(vectors, query, 7) == by_hand[:7]


HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==",
}


def _status(port: int, path: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _knows(option: str) -> bool:
    """Whether this version of Streamlit has an option."""
    from streamlit import config

    try:
        config.get_option(option)
    except RuntimeError:
        return False
    return True


def _wait_for(port: int, demo: subprocess.Popen[str]) -> None:
    while demo.poll() is None:
        try:
            if _status(port, "/_stcore/health", {}) == 200:
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the demo did not start: {demo.communicate()}")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=lambda stop: stop.name)
def test_the_server_answers_this_machine_only_and_ends_with_its_command(stop: signal.Signals) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"STREAMLIT_SERVER_PORT": str(port), "STREAMLIT_SERVER_HEADLESS": "true"}
    words = [sys.executable, "-m", "plip_tutorial", "demo"]
    demo = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        _wait_for(port, demo)
        foreign = 403 if _knows("server.allowedHosts") else 101
        for host, status in ((f"localhost:{port}", 101), (f"127.0.0.1:{port}", 101), ("elsewhere.example", foreign)):
            headers = HANDSHAKE | {"Host": host, "Origin": f"http://{host}"}  # a foreign name that points to us
            assert _status(port, "/_stcore/stream", headers) == status
        demo.send_signal(stop)
        _, err = demo.communicate(timeout=60)
    finally:
        demo.kill()
    assert demo.returncode == 130
    assert err.strip().splitlines()[-1].startswith("python -m plip_tutorial demo: stopped. ")
    assert "Traceback" not in err
    with pytest.raises(ConnectionRefusedError):
        _status(port, "/_stcore/health", {})


def test_without_streamlit_the_demo_says_how_to_get_it(monkeypatch) -> None:
    from plip_tutorial.commands import app

    monkeypatch.setitem(sys.modules, "streamlit.web", None)
    with pytest.raises(ImportError, match=r'the demo needs Streamlit: pip install "plip-tutorial\[demo\]"'):
        app.run()
