"""Bytes counted on tensors without contents, against bytes of real ones."""

import sys
from pathlib import Path

import pytest
import torch
from transformers import CLIPConfig, CLIPModel

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import gpu_memory

SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 2}
CONFIG = CLIPConfig(
    text_config={**SMALL, "vocab_size": 100}, vision_config={**SMALL, "image_size": 32, "patch_size": 8}
)


@pytest.mark.parametrize("half", [False, True])
def test_tensors_without_contents_count_like_real_ones(half):
    model = CLIPModel(CONFIG).train()
    found = gpu_memory.activations(CONFIG, half=half)
    assert found.weights == sum(p.numel() for p in model.parameters())
    for n in (1, 5):
        assert gpu_memory.forward(model, n, half=half) == found.fixed + n * found.per_pair


def test_a_kept_tensor_counts_once_and_weights_do_not_count():
    class Three(torch.nn.Module):
        config = CONFIG

        def __init__(self):
            super().__init__()
            self.layers = torch.nn.ModuleList(torch.nn.Linear(77, 1) for _ in range(3))

        def get_image_features(self, pixel_values):
            return type("Output", (), {"pooler_output": pixel_values})

        def get_text_features(self, input_ids):
            x = input_ids.float()
            return type("Output", (), {"pooler_output": sum(layer(x) for layer in self.layers)})

    assert gpu_memory.forward(Three(), 4, half=False) == 4 * 77 * 4  # three layers keep one input


def test_the_plan_fills_the_memory_and_not_more():
    found = gpu_memory.activations(CONFIG, half=False)
    memory = gpu_memory.RESERVED + 16 * found.weights + found.fixed + 50e6
    row = gpu_memory.table({"small": CONFIG}, memory=memory, chunk=8).loc["small, float32"]
    pictures = 9 * 3 * 32**2
    whole, cached = row["batch in one go"], row["batch in chunks of 8"]
    assert whole * (found.per_pair + pictures) <= 50e6 < (whole + 1) * (found.per_pair + pictures)
    assert 8 * found.per_pair + cached * pictures <= 50e6 < 8 * found.per_pair + (cached + 1) * pictures
    assert (gpu_memory.table({"small": CONFIG}, memory=1e9)["batch in one go"] == 0).all()
