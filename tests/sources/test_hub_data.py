"""The sets of the full track, read in pieces from a stand-in hub, against the same files read whole."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standin_content import NUCLEI, add_sets
from standin_hub import Fault, Hub, serve, use

from plip_tutorial import artifacts, microcosm, tracks
from plip_tutorial.sources import asking, hub_data
from plip_tutorial.storage import cache

N = 54
SPLITS = [(name, split) for name in hub_data.SETS for split in ("train", "test")]
PARTS = {
    ("1aurent/NCT-CRC-HE", "train"): "NCT_CRC_HE_100K-", ("1aurent/NCT-CRC-HE", "test"): "CRC_VAL_HE_7K-",
    ("1aurent/PatchCamelyon", "train"): "train-", ("1aurent/PatchCamelyon", "test"): "test-",
    ("RationAI/PanNuke", "train"): "fold1-", ("RationAI/PanNuke", "test"): ("fold2-", "fold3-"),
}  # fmt: skip


@pytest.fixture(scope="module")
def content() -> Hub:
    filled = Hub()
    add_sets(filled, N)
    return filled


@pytest.fixture
def server(content: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve(Hub(files={k: dict(v) for k, v in content.files.items()}, commits=content.commits)) as running:
        use(running, tmp_path, monkeypatch)
        monkeypatch.setattr(hub_data, "tqdm", lambda groups, **_: groups)
        yield running


def whole(running: Hub, name: str, split: str) -> list[dict[str, Any]]:
    """All rows of a split, the slow way."""
    files = running.files["datasets", name]
    chosen = sorted(file for file in files if file.removeprefix("data/").startswith(PARTS[name, split]))
    return [row for file in chosen for row in pq.read_table(io.BytesIO(files[file])).to_pylist()]


def label(name: str, row: dict[str, Any]) -> int | None:
    if name != "RationAI/PanNuke":
        return int(row["label"])
    kinds = [NUCLEI[kind] for kind in row["categories"]]
    neoplastic = kinds.count("Neoplastic")
    if neoplastic == 0:
        return 0
    return 1 if neoplastic >= 10 and neoplastic / len(kinds) > 0.3 else None


@pytest.mark.parametrize(("name", "split"), SPLITS)
def test_all_rows_are_those_of_the_files_with_the_labels_that_the_rule_gives(
    name: str, split: Any, server: Hub
) -> None:
    table = hub_data.tiles(name, split, 1000)
    assert table.column_names == ["image", "label", "patient", "slide", "lab"]
    assert table.features["label"].names == list(microcosm.PHRASES[name])
    expected = [(row["image"]["bytes"], label(name, row)) for row in whole(server, name, split)]
    stored = table.cast_column("image", type(table.features["image"])(decode=False))
    found = zip((picture["bytes"] for picture in stored["image"]), table["label"], strict=True)
    assert sorted(found) == sorted(pair for pair in expected if pair[1] is not None)
    assert len(set(table["slide"])) == len(set(table["patient"])) == len(table)  # nobody pretends to know groups
    assert set(table["lab"]) == {"unknown"}
    assert np.asarray(table[0]["image"]).shape == (64, 64, 3)


@pytest.mark.parametrize(("name", "split"), SPLITS)
def test_a_few_tiles_meet_every_class_though_the_files_are_sorted(name: str, split: Any, server: Hub) -> None:
    table = hub_data.tiles(name, split, 24)
    assert len(table) == 24
    assert len(set(table["label"])) == len(table.features["label"].names)
    assert np.any(np.diff(table["label"]) < 0)  # and come mixed


def test_only_what_is_needed_is_read_and_only_once(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_data, "PIECES", 3)
    name = "RationAI/PanNuke"
    hub_data.tiles(name, "train", 6)
    ranges = [headers["range"] for method, path, headers in server.asked if method == "GET" and "/cdn/" in path]
    assert ranges
    assert not any("fold2" in path or "fold3" in path for _, path, _ in server.asked)
    assert all(f"/{hub_data.SETS[name].revision}" in path for _, path, _ in server.asked if "resolve" in path)
    before = len(server.asked)
    hub_data.tiles(name, "train", 6)
    assert len(server.asked) == before


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("/api/", 99, 401, {"X-Error-Code": "RepoNotFound"}), r"not for everybody \(401\)"),
        (Fault("/api/", 99, 404, {"X-Error-Code": "RevisionNotFound"}), "gone|not for everybody"),
        (Fault("resolve", 99, 401, {"X-Error-Code": "GatedRepo"}), r"who reads it \(401\)"),
        (Fault("resolve", 99, 429, {"Retry-After": "0"}), r"fewer requests \(429\)"),
        (Fault("/cdn/", 99, cut=700), r"too slow \((RemoteProtocolError|ReadError)\)"),
        (Fault("/cdn/", 99, slow=0.6), r"too slow \(ReadTimeout\)"),
    ],
    ids=lambda value: "" if isinstance(value, str) else f"{value.status or ''}{value.where}{value.cut}{value.slow}",
)
def test_a_failure_that_stays_is_explained_and_no_part_of_a_set_is_kept(
    fault: Fault, says: str, server: Hub, tmp_path: Path
) -> None:
    server.faults.append(fault)
    with pytest.raises(asking.HubError, match=f"PatchCamelyon.*({says}).*PLIP_TUTORIAL_TRACK=tiny"):
        hub_data.tiles("1aurent/PatchCamelyon", "test", 12)
    assert [path for path in (tmp_path / "cache").iterdir() if path.name != ".locks"] == []
    server.faults.clear()
    assert len(hub_data.tiles("1aurent/PatchCamelyon", "test", 12)) == 12


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("/api/", 99, 200, body=b"<html>Please log in</html>"), "makes no sense .*JSONDecodeError"),
        (Fault("/tree/", 99, 200, body=b'[{"type": "file"}]'), "makes no sense .*KeyError"),
        (Fault("/tree/", 99, 200, body=b"[]"), "no parquet file of the split test is in it.*127.0.0.1"),
        (Fault("/cdn/", 99, 200, body=b"PAR1 the whole file"), "a file of the split test cannot be read"),
        (Fault("/cdn/", 99, 206, body=b"PAR1"), "a file of the split test cannot be read"),
    ],
    ids=lambda value: "" if isinstance(value, str) else f"{value.where} {value.body[:12]!r}",
)
def test_a_hub_that_makes_no_sense_is_given_up(
    fault: Fault, says: str, server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.faults.append(fault)
    with pytest.raises(asking.HubError, match=f"PatchCamelyon: .*{says}.*PLIP_TUTORIAL_TRACK=tiny") as raised:
        hub_data.tiles("1aurent/PatchCamelyon", "test", 12)
    assert server.address in str(raised.value)
    assert [path for path in (tmp_path / "cache").iterdir() if path.name != ".locks"] == []


def test_ctrl_c_ends_python_though_the_hub_still_drips(server: Hub, tmp_path: Path) -> None:
    server.faults.append(Fault("/cdn/", 10**6, drip=0.05))
    script = (
        "import os, signal, threading, time\n"
        "from plip_tutorial.sources import hub_data\n"
        "def press():  # again and again, as people do: Python drops what falls into a finalizer\n"
        "    while True:\n        time.sleep(2)\n        os.kill(os.getpid(), signal.SIGINT)\n"
        "threading.Thread(target=press, daemon=True).start()\n"
        "try:\n    hub_data.tiles('1aurent/PatchCamelyon', 'test', 12)\n"
        "except KeyboardInterrupt as error:\n    print(repr(error), flush=True)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    environment |= {"HF_ENDPOINT": server.address, "HF_HOME": str(tmp_path), cache.VARIABLE: str(tmp_path / "cache")}
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    assert b"KeyboardInterrupt" in ran.stdout


@pytest.mark.parametrize("fault", [Fault("resolve", 2, 429, {"Retry-After": "0"}), Fault("/cdn/", 2, cut=700)])
def test_a_failure_that_passes_is_waited_for(fault: Fault, server: Hub) -> None:
    server.faults.append(fault)
    assert len(hub_data.tiles("1aurent/NCT-CRC-HE", "test", 18)) == 18
    assert fault.times == 0


def test_a_damaged_or_missing_file_is_named(server: Hub) -> None:
    files = server.files["datasets", "1aurent/NCT-CRC-HE"]
    name = next(name for name in files if "CRC_VAL" in name)
    files[name] = files[name][:-40] + bytes(40)
    with pytest.raises(asking.HubError, match="NCT-CRC-HE: a file of the split test cannot be read"):
        hub_data.tiles("1aurent/NCT-CRC-HE", "test", 18)
    for name in [name for name in files if "CRC_VAL" in name]:
        del files[name]
    with pytest.raises(asking.HubError, match="no parquet file of the split test is in it"):
        hub_data.tiles("1aurent/NCT-CRC-HE", "test", 18)
    with pytest.raises(ValueError, match=r"unknown set or split: '1aurent/NCT', 'test'.*1aurent/NCT-CRC-HE"):
        hub_data.tiles("1aurent/NCT", "test", 9)


@pytest.mark.parametrize("name", ["1aurent/NCT-CRC-HE", "RationAI/PanNuke"])
def test_classes_in_another_order_are_refused(name: str, server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    part = hub_data.SETS[name]
    monkeypatch.setitem(hub_data.SETS, name, replace(part, names=part.names[::-1]))
    with pytest.raises(ValueError, match=f"{name} calls its classes .*{part.names[0]}.*expects .*{part.names[-1]}"):
        hub_data.tiles(name, "test", 12)


def test_a_set_is_as_large_as_its_track_allows(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tracks.VARIABLE, "full")
    asked = []
    with monkeypatch.context() as inner:
        inner.setattr(hub_data, "tiles", lambda name, split, n: asked.append(n))
        for gpu in (True, False):
            inner.setattr(tracks, "_has_gpu", lambda gpu=gpu: gpu)
            for split in ("train", "test"):
                artifacts.benchmark("RationAI/PanNuke", split)
    assert asked == [3000, 2000, 360, 360]
    monkeypatch.setattr(tracks, "_has_gpu", lambda: False)
    assert len(artifacts.benchmark("RationAI/PanNuke", n=9)) == 9


@given(st.lists(st.lists(st.integers(0, 4), max_size=60), max_size=8))
def test_the_rule_of_the_paper(categories: list[list[int]]) -> None:
    expected = [label("RationAI/PanNuke", {"categories": kinds}) for kinds in categories]
    assert hub_data.by_nuclei(categories).tolist() == [-1 if value is None else value for value in expected]


@given(st.integers(1, 300), st.integers(1, 300))
def test_places_are_spread_evenly(length: int, n: int) -> None:
    places = hub_data.spread(length, n)
    assert len(places) == min(n, length)
    gaps = np.diff(places)
    assert np.all(gaps >= 1)
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1
