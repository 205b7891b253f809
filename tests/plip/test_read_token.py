"""The shortened last layer against the whole one."""

from pathlib import Path

import pytest
import torch
from transformers import CLIPConfig, CLIPModel

from plip_tutorial.plip.read_token import image_reader

SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2}


@pytest.fixture
def model() -> CLIPModel:
    torch.manual_seed(0)
    vision = SIZES | {"image_size": 32, "patch_size": 8}
    return CLIPModel(CLIPConfig(text_config=SIZES, vision_config=vision, projection_dim=16)).eval()


@torch.inference_mode()
def vectors(model: CLIPModel, pixels: torch.Tensor) -> torch.Tensor:
    return model.get_image_features(pixel_values=pixels).pooler_output


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_the_vectors_are_those_of_the_model(model: CLIPModel, attention: str) -> None:
    model.set_attn_implementation(attention)
    pixels = torch.randn(5, 3, 32, 32)
    torch.testing.assert_close(vectors(image_reader(model), pixels), vectors(model, pixels), rtol=0, atol=1e-6)


def test_the_model_itself_stays_whole(model: CLIPModel, tmp_path: Path) -> None:
    pixels = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        before = model.vision_model(pixel_values=pixels).last_hidden_state
        names = list(model.state_dict())
        reader = image_reader(model)
        after = model.vision_model(pixel_values=pixels).last_hidden_state
    assert list(model.state_dict()) == names
    torch.testing.assert_close(after, before, rtol=0, atol=0)
    assert {id(p) for p in reader.parameters()} == {id(p) for p in model.parameters()}  # no second set of weights


def test_weights_that_change_later_change_for_both(model: CLIPModel) -> None:
    pixels, reader = torch.randn(2, 3, 32, 32), image_reader(model)
    before = vectors(reader, pixels)
    with torch.no_grad():
        for weight in model.vision_model.encoder.layers[-1].mlp.parameters():
            weight.add_(0.1)
    assert not torch.allclose(vectors(reader, pixels), before)
    torch.testing.assert_close(vectors(reader, pixels), vectors(model, pixels), rtol=0, atol=1e-6)
