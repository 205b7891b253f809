"""Captions that a label allows, and the pairs that the full track is fine-tuned on."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasets import ClassLabel, Dataset, Features, Image
from small_clip import png
from standin_hub import Hub, serve, use

from plip_tutorial import artifacts, microcosm, tracks
from plip_tutorial.artifacts import label_captions
from plip_tutorial.microcosm.captions import ENGLISH

CODES = list(microcosm.PHRASES["1aurent/NCT-CRC-HE"])


def tiles(n: int) -> Dataset:
    columns = {
        "image": [png(microcosm.render_tile("mucus", seed=i, size=16)) for i in range(n)],
        "label": [i % 9 for i in range(n)],
    }
    return Dataset.from_dict(columns, features=Features(image=Image(), label=ClassLabel(names=CODES)))


def test_every_code_has_captions_of_its_own_tissue_and_each_row_its_own() -> None:
    assert set(CODES) == set(label_captions.TISSUE_OF)
    texts = label_captions.captions(CODES * 20)
    assert texts[:9] == label_captions.captions(CODES)
    assert len(set(texts)) > 150
    tissues = label_captions.TISSUE_OF
    lymphocytes = [text for text, code in zip(texts, CODES * 20, strict=True) if code == "LYM"]
    words = {word for rule in ENGLISH["tissues"][tissues["LYM"]].values() for word in rule.lower().split()}
    assert all(words & set(text.lower().replace(",", " ").replace(".", " ").split()) for text in lymphocytes)
    with pytest.raises(ValueError, match=r"no captions for the labels \['XXX'\].*ADI"):
        label_captions.captions(["TUM", "XXX"])


def test_pairs_keep_their_picture_and_share_a_group_with_their_caption(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_captions, "captions", lambda codes, seed: [f"a {code}" for code in codes])
    pairs = label_captions.captioned(tiles(18))
    assert pairs.column_names == ["image", "text", "group_id", "source"]
    assert pairs["text"] == [f"a {code}" for code in CODES * 2]
    assert list(pairs["group_id"][:9]) == list(pairs["group_id"][9:])
    assert len(set(pairs["group_id"])) == 9


def test_a_readers_own_pairs_take_the_place_of_the_tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(png(microcosm.render_tile("mucus", seed=1))["bytes"])
    (tmp_path / "pairs.csv").write_text("image,caption\na.png,a pool of mucus\n")
    monkeypatch.setenv(artifacts.PAIRS, str(tmp_path / "pairs.csv"))
    for track in ("tiny", "full"):
        monkeypatch.setenv(tracks.VARIABLE, track)
        pairs = artifacts.training_pairs()
        assert list(pairs["text"]) == ["a pool of mucus"]
        assert {"image", "text", "group_id"} <= set(pairs.column_names)


def test_they_may_lie_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tiles(3).remove_columns("label").add_column("caption", ["mucus", "more mucus", "most mucus"])
    table.to_parquet(tmp_path / "train.parquet")
    hub = Hub()
    hub.add(
        "datasets", "reader/pairs", {"data/train-00000-of-00001.parquet": (tmp_path / "train.parquet").read_bytes()}
    )
    with serve(hub):
        use(hub, tmp_path, monkeypatch)
        monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")
        monkeypatch.setattr("datasets.config.HF_ENDPOINT", hub.address)
        monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", False)
        monkeypatch.setenv(artifacts.PAIRS, "reader/pairs")
        assert list(artifacts.training_pairs()["text"]) == ["mucus", "more mucus", "most mucus"]
        monkeypatch.setenv(artifacts.PAIRS, "reader/absent")
        with pytest.raises(FileNotFoundError, match=r"'reader/absent' doesn't exist on the Hub"):
            artifacts.training_pairs()
