"""Which model made a vector: weights, how they are put together, preprocessing, tokenizer, precision."""

from __future__ import annotations

import hashlib
from typing import Any


def model_fingerprint(model: Any, processor: Any, precision: str, crops: int = 1) -> str:
    """Sixteen hexadecimal digits that change with whatever an embedding depends on besides its input.

    Args:
        model: a `CLIPModel`; to hash the weights of a large one takes half a second.
        processor: its `CLIPProcessor`.
        precision: of the computation.
        crops: squares of each picture whose vectors are averaged.
    """
    towers = (model.config.text_config, model.config.vision_config)  # activation and heads are in no weight
    told = [precision, processor.image_processor.to_json_string(), processor.tokenizer.backend_tokenizer.to_str()]
    told += [f"{crops} crops"] if crops > 1 else []
    digest = hashlib.sha256()
    for text in (*told, *(tower.to_json_string() for tower in towers)):
        digest.update(text.encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().numpy())
    return digest.hexdigest()[:16]
