"""The tiny CLIP is a CLIP: its tokenizer behaves as the large one's, its directory loads as any id on the hub does."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPModel, CLIPProcessor, CLIPTokenizer

from plip_tutorial.artifacts import tiny_architecture


@pytest.fixture(scope="module")
def tokenizer() -> CLIPTokenizer:
    return tiny_architecture.train_tokenizer(tiny_architecture.sample_texts(5), 1200)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_architecture.untrained(tmp_path_factory.mktemp("tiny"), seed=3)


@given(text=st.text(max_size=40))
def test_every_text_has_a_start_an_end_and_known_bytes_between(tokenizer: CLIPTokenizer, text: str) -> None:
    ids = tokenizer(text)["input_ids"]
    assert ids[0] == tokenizer.bos_token_id
    assert ids[-1] == tokenizer.eos_token_id
    assert tokenizer.eos_token_id not in ids[1:-1]  # nothing is unknown: every byte has its token
    assert 2 != tokenizer.eos_token_id == tokenizer.pad_token_id


def test_case_and_spaces_do_not_matter_and_words_come_back(tokenizer: CLIPTokenizer) -> None:
    first, second = tokenizer(["An  H&E image\nof Mucus", "an h&e image of mucus"])["input_ids"]
    assert first == second
    assert tokenizer.decode(second, skip_special_tokens=True).split() == ["an", "h", "&", "e", "image", "of", "mucus"]


def test_the_vocabulary_is_as_large_as_asked_for_and_the_same_each_time(tokenizer: CLIPTokenizer) -> None:
    again = tiny_architecture.train_tokenizer(tiny_architecture.sample_texts(5), 1200)
    assert again.get_vocab() == tokenizer.get_vocab()
    assert 514 < len(tokenizer) <= 1200


def test_the_directory_loads_like_a_hub_id_and_reads_texts_at_their_end_token(checkpoint: Path) -> None:
    model, processor = CLIPModel.from_pretrained(checkpoint).eval(), CLIPProcessor.from_pretrained(checkpoint)
    short = processor(text=["mucus"], return_tensors="pt")
    long = processor(text=["mucus"], padding="max_length", return_tensors="pt")
    with torch.no_grad():
        vectors = [model.get_text_features(**batch).pooler_output for batch in (short, long)]
    torch.testing.assert_close(*vectors, atol=1e-5, rtol=0)
    assert sum(weight.numel() for weight in model.parameters()) > 1e6
    assert {path.suffix for path in checkpoint.iterdir()} <= {".json", ".safetensors", ".txt"}


def test_the_seed_decides_the_weights_and_leaves_the_callers_random_state_alone(
    checkpoint: Path, tmp_path: Path
) -> None:
    state = torch.get_rng_state()
    same, other = (tiny_architecture.untrained(tmp_path / str(seed), seed=seed) for seed in (3, 4))
    assert torch.equal(torch.get_rng_state(), state)
    weights = [(path / "model.safetensors").read_bytes() for path in (checkpoint, same, other)]
    assert weights[0] == weights[1] != weights[2]
