"""Patch dropout: the tower sees the class token and the chosen patches, at their own places, and nothing else."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_clip import small_clip, small_pairs
from torch.nn.functional import cosine_similarity
from transformers import CLIPModel

from plip_tutorial.finetune.batches import Batch
from plip_tutorial.finetune.loop import TrainConfig, finetune
from plip_tutorial.finetune.patches import kept_patches, reading


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return CLIPModel.from_pretrained(small_clip(tmp_path_factory.mktemp("clip"))).eval()


@given(count=st.integers(1, 30), dropped=st.floats(0, 0.99), total=st.integers(1, 9), step=st.integers(0, 99))
def test_each_picture_keeps_its_share_once_and_the_processes_share_one_draw(count, dropped, total, step):
    kept = kept_patches(count, dropped, seed=1, step=step, total=total)
    assert kept.shape == (total, max(1, round(count * (1 - dropped))))
    assert all(row.tolist() == sorted(set(row.tolist())) for row in kept)
    assert 0 <= kept.min() <= kept.max() < count
    half = total // 2
    ranges = slice(0, half), slice(half, None)
    parts = [kept_patches(count, dropped, seed=1, step=step, total=total, rows=rows) for rows in ranges]
    assert torch.equal(torch.cat(parts), kept)


def test_every_patch_has_its_turn_and_steps_differ():
    draws = torch.stack([kept_patches(16, 0.5, seed=0, step=step, total=50) for step in range(40)])
    often = torch.bincount(draws.flatten(), minlength=16) / (40 * 50)
    assert ((often > 0.45) & (often < 0.55)).all()
    assert not torch.equal(draws[0], draws[1])


def test_the_tower_goes_on_with_the_chosen_tokens_alone(model):
    tower, pictures = model.vision_model, torch.randn(3, 3, 16, 16)
    kept = torch.tensor([[0, 2], [1, 3], [2, 3]])
    with torch.no_grad(), reading(tower.embeddings, kept):
        seen = tower.embeddings(pictures)
        short = model.get_image_features(pixel_values=pictures).pooler_output
    with torch.no_grad():
        whole = tower.embeddings(pictures)
        later = model.get_image_features(pixel_values=pictures).pooler_output
    for row, places in enumerate(kept):  # the slow way: one picture, one token at a time
        assert torch.equal(seen[row], torch.stack([whole[row, 0], *(whole[row, 1 + place] for place in places)]))
    assert not tower.embeddings._forward_hooks
    assert (cosine_similarity(short, later) < 0.9999).all()


def test_an_error_inside_leaves_no_hook_behind(model):
    with pytest.raises(KeyError), reading(model.vision_model.embeddings, torch.zeros(1, 1, dtype=torch.long)):
        raise KeyError
    assert not model.vision_model.embeddings._forward_hooks


def test_chunks_take_their_patches_along():
    batch = Batch(torch.zeros(5, 3, 2, 2), torch.zeros(5, 4), torch.arange(10).view(5, 2))
    assert torch.equal(torch.cat([chunk.patches for chunk in batch.chunks(2)]), batch.patches)


def test_chunked_training_drops_what_unchunked_training_drops(tmp_path):
    config = TrainConfig(steps=4, batch_size=8, learning_rate=1e-3, warmup_steps=1, patch_dropout=0.5)
    start, pairs = small_clip(tmp_path / "clip"), small_pairs()
    losses = {}
    for name, chunk, dropped in (("whole", 0, 0.5), ("chunks", 3, 0.5), ("all patches", 0, 0.0)):
        changed = TrainConfig(**{**vars(config), "chunk_size": chunk, "patch_dropout": dropped})
        history = finetune(start, pairs, changed, output=tmp_path / name, progress=False)[1]
        losses[name] = [row["loss"] for row in history]
    assert losses["chunks"] == pytest.approx(losses["whole"], abs=1e-5)
    assert losses["all patches"] != pytest.approx(losses["whole"], abs=1e-5)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_that_leaves_nothing_is_refused(share):
    with pytest.raises(ValueError, match=rf"patch_dropout is a share, from 0 to below 1; got {share}"):
        TrainConfig(patch_dropout=share)
