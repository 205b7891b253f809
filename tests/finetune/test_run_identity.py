"""A folder goes on with the run that it holds, and with no other."""

import dataclasses
import shutil

import numpy as np
import pytest
from datasets import Dataset, Image
from PIL import Image as Pillow
from safetensors.torch import load_file, save_file
from small_clip import small_clip, small_pairs

from plip_tutorial.finetune.identity import table_fingerprint
from plip_tutorial.finetune.loop import TrainConfig, finetune

CONFIG = TrainConfig(steps=2, batch_size=8, learning_rate=3e-3, precision="float32")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return small_clip(tmp_path_factory.mktemp("base") / "clip")


def on_disk(folder, *, seed=0):
    """Pairs whose pictures are files, as `own_tiles.read_csv` gives them."""
    folder.mkdir(exist_ok=True)
    pairs = small_pairs(seed=seed)
    for i, picture in enumerate(pairs["image"]):
        picture.save(folder / f"{i}.png")
    table = {**pairs.remove_columns("image")[:], "image": [str(folder / f"{i}.png") for i in range(len(pairs))]}
    return Dataset.from_dict(table).cast_column("image", Image())


def train(base, pairs, output, *, validation=None, **changes):
    config = dataclasses.replace(CONFIG, **changes)
    return finetune(base, pairs, config, output=output, validation=validation, progress=False)


def test_each_part_of_a_run_that_differs_is_named(base, tmp_path):
    pairs, held = on_disk(tmp_path / "pictures"), small_pairs(12, seed=3)
    other = small_clip(tmp_path / "other", seed=1)
    train(base, pairs, tmp_path / "run", validation=held)

    def refused(words, start=base, pairs=pairs, held=held, **changes):
        with pytest.raises(ValueError, match=rf"run holds a run with {words}\. Choose another output, .*--anew"):
            train(start, pairs, tmp_path / "run", validation=held, **changes)

    refused("another start checkpoint", start=other)
    refused("other captions of the pairs", pairs=pairs.map(lambda row, i: {"text": f"text {i}"}, with_indices=True))
    refused("other groups of the pairs", pairs=pairs.remove_columns("group_id"))
    refused(
        "other pictures of the pairs",
        pairs=on_disk(tmp_path / "others", seed=9).remove_columns("text").add_column("text", pairs["text"]),
    )
    refused("other pairs: 23 there and 22 here", pairs=pairs.select(range(22)))
    refused("other held-out pairs: 12 there and 11 here", held=held.select(range(11)))
    refused(
        "other captions and pictures of the held-out pairs",
        held=small_pairs(12, seed=4).map(lambda row: {"text": "x" + row["text"]}),
    )
    refused("other settings: warmup_steps is 0 there and 1 here, seed is 0 there and 7 here", warmup_steps=1, seed=7)
    refused("other settings: seed is 0 there and 7 here; another start checkpoint", start=other, seed=7)
    assert len(train(base, pairs, tmp_path / "run", validation=held, save_every=1)[1]) == 2  # what is free to change


def test_content_counts_and_not_the_place(base, tmp_path):
    pairs = on_disk(tmp_path / "pictures")
    moved = on_disk(tmp_path / "moved")
    train(base, pairs, tmp_path / "run")
    copy = shutil.copytree(base, tmp_path / "copy")
    assert len(train(copy, moved, tmp_path / "run")[1]) == 2
    # ... and the same place with another content is something else.
    Pillow.fromarray(np.zeros((16, 16, 3), np.uint8)).save(tmp_path / "pictures" / "4.png")
    with pytest.raises(ValueError, match="other pictures of the pairs"):
        train(base, pairs, tmp_path / "run")
    weights = load_file(copy / "model.safetensors")
    weights["logit_scale"] += 0.01
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="another start checkpoint"):
        train(copy, moved, tmp_path / "run")


def test_groups_count_by_who_belongs_together_and_not_by_their_names():
    pairs = small_pairs(9)
    plain = table_fingerprint(pairs)
    renamed = pairs.map(lambda row: {"group_id": 100 - 7 * row["group_id"]})
    assert table_fingerprint(renamed) == plain
    torn = pairs.map(lambda row, i: {"group_id": 77 if i == 3 else row["group_id"]}, with_indices=True)
    assert table_fingerprint(torn)["groups"] != plain["groups"]


def test_rows_in_another_order_are_other_pairs():
    pairs = small_pairs(9)
    assert table_fingerprint(pairs.select([1, 0, *range(2, 9)])) != table_fingerprint(pairs)
