"""Which model made a vector: its weights, how they are put together, its preprocessing, its tokenizer, its precision.

To hash the weights of a CLIP takes half a second, so it is done once; and again when one of them has been replaced or
changed in place, which PyTorch counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from operator import is_
from typing import Any
from weakref import ReferenceType, ref


class ModelFingerprint:
    """The fingerprint of a model that may be changed by its owner."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._parts: list[ReferenceType[Any]] = []
        self._state: list[Any] = []
        self._text = ""

    def of(self, model: Any, processor: Any, precision: str) -> str:
        """Sixteen hexadecimal digits.

        Args:
            model: a `CLIPModel`. What is done to ``weight.data`` goes unseen.
            processor: its `CLIPProcessor`.
            precision: of the computation.
        """
        weights = model.state_dict(keep_vars=True)
        towers = (model.config.text_config, model.config.vision_config)  # activation and heads are in no weight
        settings = [
            precision,
            processor.image_processor.to_json_string(),
            *(tower.to_json_string() for tower in towers),
        ]
        parts = [ref(processor.tokenizer), *map(ref, weights.values())]  # one object, one reference while it lives
        state = [*settings, *(tensor._version for tensor in weights.values())]
        same = len(parts) == len(self._parts) and all(map(is_, parts, self._parts))
        if not same or state != self._state:
            self._parts, self._state = parts, state
            self._text = _digest(settings, processor.tokenizer, weights)
        return self._text


def _digest(settings: list[str], tokenizer: Any, weights: Mapping[str, Any]) -> str:
    precision, pictures, *towers = settings
    digest = hashlib.sha256()
    for text in (precision, pictures, tokenizer.backend_tokenizer.to_str(), *towers):
        digest.update(text.encode())
    for name, tensor in sorted(weights.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy())
    return digest.hexdigest()[:16]
