"""One walk: what it finds, what it leaves out and says, and that all who read folders find the same."""

import os
import re
import shutil
import socket
import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image, features
from small_clip import small_clip

from plip_tutorial.at_scale.embed import embed_folder
from plip_tutorial.at_scale.pool import embed_pool
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources import picture_files
from plip_tutorial.sources.own_tiles import read_folder
from plip_tutorial.sources.picture_files import find_pictures, picture_endings


def picture(path: Path, seed: int = 0, kind: str = "PNG") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, kind)
    return path


SERVICE = (
    ".ipynb_checkpoints", "@eaDir", "__MACOSX", "$RECYCLE.BIN", "System Volume Information", ".Trashes", "#recycle",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes, one of them a link, and all the litter that folders collect."""
    root, elsewhere = tmp_path / "tiles", tmp_path / "other disk" / "stroma"
    picture(root / "tumour" / "a.png", 1)
    picture(root / "tumour" / "slide 2" / "b.JFIF", 2, "JPEG")
    picture(elsewhere / "c.jpe", 3, "JPEG")
    (root / "stroma").symlink_to(elsewhere)
    for place in (root, root / "tumour"):
        for name in SERVICE:
            picture(place / name / "thumb.png", 4)
    picture(root / "tumour" / "._a.png", 5)
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini", "a.txt", "notes.csv"):
        (root / "tumour" / name).write_bytes(b"x")
    os.mkfifo(root / "tumour" / "fifo.png")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(root / "tumour")  # the name of a socket has to be short
        server.bind("socket.png")
        os.chdir(here)
    (root / "tumour" / "dead.png").symlink_to(root / "nowhere.png")
    (root / "tumour" / "loop.png").symlink_to(root / "tumour" / "loop.png")
    (root / "tumour" / "up").symlink_to(root)
    (root / "tumour" / "photo.HEIC").write_bytes(b"x")
    picture(root / "tumour" / "scan_17", 6)
    return root


FILES = ["stroma/c.jpe", "tumour/a.png", "tumour/slide 2/b.JFIF"]
SAID = [
    r"14 in folders of the system \(", r"1 hidden \(tumour/\._a\.png\)",
    r"2 pipes, sockets or devices \(tumour/\w+\.png, tumour/\w+\.png\)",
    r"2 links that lead nowhere \(tumour/\w+\.png, tumour/\w+\.png\)",
    r"1 links that lead back to a folder above \(tumour/up\)",
    r"1 with an ending that Pillow cannot open here \(tumour/photo\.HEIC\)",
    r"1 pictures without a picture's ending \(tumour/scan_17\)",
]  # fmt: skip


def test_all_who_read_a_folder_find_the_same_and_say_what_they_left_out(folder: Path, tmp_path: Path) -> None:
    plip = PLIP(small_clip(tmp_path / "clip"))

    def embedded() -> list[str]:
        output = embed_folder(plip, folder, tmp_path / "out.parquet", progress=False)
        return list(pq.read_table(output)["file"].to_pylist())

    found = {
        "walk": lambda: find_pictures(folder).files,
        "read_folder": lambda: read_folder(folder)["file"][:],
        "embed": embedded,
        "pool": lambda: embed_pool(plip, folder, tmp_path / "pool").items["item"][:],
    }
    for name, call in found.items():
        with pytest.warns(UserWarning, match=r"left out of .*tiles: ") as caught:
            assert call() == FILES, name
        said = [str(one.message) for one in caught if "left out" in str(one.message)]
        assert len(said) == 1
        for part in SAID:
            assert re.search(part, said[0]), (name, part, said[0])
        for quiet in ("Thumbs.db", "DS_Store", "desktop.ini", "a.txt", "notes.csv"):
            assert quiet not in said[0]
    tiles = read_folder(folder)
    assert tiles.features["label"].names == ["stroma", "tumour"]
    assert tiles["slide"][:] == ["c.jpe", "a.png", "slide 2"]


def test_a_folder_without_litter_is_read_without_a_word(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png")
    (tmp_path / "a" / "1.txt").write_text("a caption")
    (tmp_path / "a" / "Makefile").write_text("all:")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert find_pictures(tmp_path).files == ["a/1.png"]
        assert len(read_folder(tmp_path)) == 1


def test_every_ending_that_pillow_opens_is_known() -> None:
    wanted = {".jpg", ".jpe", ".jfif", ".png", ".apng", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".ppm", ".svs"}
    wanted |= {".jp2", ".j2k"} if features.check("jpg_2000") else set()
    wanted |= {".avif"} if features.check("avif") else set()
    assert wanted <= picture_endings()
    assert picture_endings().isdisjoint({".eps", ".ps", ".h5", ".pdf", ".mpg", ".txt", ""})


def test_a_plugin_adds_its_endings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.heic").write_bytes(b"x")
    assert find_pictures(tmp_path, warn=False).files == []
    Image.init()
    monkeypatch.setitem(Image.EXTENSION, ".heic", "HEIF")
    monkeypatch.setitem(Image.OPEN, "HEIF", (None, None))
    assert find_pictures(tmp_path).files == ["a.heic"]


def test_linked_folders_never_go_round_in_circles(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png")
    picture(tmp_path / "b" / "2.png")
    (tmp_path / "a" / "to b").symlink_to(tmp_path / "b")
    (tmp_path / "b" / "to a").symlink_to(tmp_path / "a")
    found = find_pictures(tmp_path, warn=False)
    assert found.files == ["a/1.png", "a/to b/2.png", "b/2.png", "b/to a/1.png"]
    assert found.left_out.counts == {picture_files.CIRCLE: 2}


def test_names_that_no_table_can_hold_are_told(tmp_path: Path) -> None:
    try:
        picture(tmp_path / "a.png").rename(os.fsdecode(os.fsencode(tmp_path) + b"/M\xfcller.png"))
    except OSError:
        pytest.skip("this file system takes Unicode only")
    with pytest.warns(UserWarning, match=r"1 with a name that is not valid Unicode \(M\?ller\.png\)"):
        assert find_pictures(tmp_path).files == []


def test_a_closed_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "open" / "a.png")
    picture(tmp_path / "closed" / "b.png")
    scan = os.scandir

    def refusing(path: str | Path) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)  # whoever runs tests as root may open everything
    with pytest.warns(UserWarning, match=r"1 that may not be opened \(closed/?\)"):
        assert find_pictures(tmp_path).files == ["open/a.png"]


def test_what_lies_beside_the_classes_is_told_and_nothing_found_is_an_error_that_says_why(tmp_path: Path) -> None:
    picture(tmp_path / "loose.png")
    (tmp_path / "no picture").mkdir()
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a.heic").write_bytes(b"x")
    with pytest.raises(
        ValueError, match=r"(?s)Sort the pictures by class.*a\.heic.*1 beside the folders of the classes"
    ):
        read_folder(tmp_path)
    picture(tmp_path / "tumour" / "a.png")
    with pytest.warns(UserWarning, match=r"classes \(loose\.png\); 2 folders without a picture \(no picture, scans\)"):
        assert read_folder(tmp_path)["file"][:] == ["tumour/a.png"]
    plip = PLIP(small_clip(tmp_path / "clip"))
    shutil.rmtree(tmp_path / "tumour")
    with pytest.raises(ValueError, match=r"holds no picture; .*Left out: 1 with an ending .* \(a\.heic\)"):
        embed_folder(plip, tmp_path / "scans", tmp_path / "out.parquet")
