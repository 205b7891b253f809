"""Many pictures at once: rendered on all cores, kept as PNG in a `datasets` column.

PNG, because `datasets` would write a picture that came from a JPEG file as JPEG again, and lose grey levels.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TypedDict, TypeVar

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from PIL import Image
from tqdm.auto import tqdm

Recipe = TypeVar("Recipe")
CHUNK = 64  # pictures a task: large enough to hide what a task costs


class Encoded(TypedDict):
    """What a `datasets.Image` column stores."""

    bytes: bytes
    path: None


def encode(picture: NDArray[np.uint8]) -> Encoded:
    """Compress a uint8 (h, w, 3) array to PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return {"bytes": buffer.getvalue(), "path": None}


def _encode_all(draw: Callable[[Recipe], NDArray[np.uint8]], recipes: Sequence[Recipe]) -> list[Encoded]:
    return [encode(draw(recipe)) for recipe in recipes]


def render_all(
    draw: Callable[[Recipe], NDArray[np.uint8]], recipes: Sequence[Recipe], *, what: str = "pictures"
) -> list[Encoded]:
    """Draw a picture for each recipe, in order, on all cores when there are many.

    Args:
        draw: a function of the top level of a module (it is sent to other processes), recipe -> uint8 (h, w, 3).
        recipes: what to draw.
        what: word for the progress bar.
    """
    chunks = [recipes[start : start + CHUNK] for start in range(0, len(recipes), CHUNK)]
    if len(chunks) < 4:
        return _encode_all(draw, recipes)
    tasks = (delayed(_encode_all)(draw, chunk) for chunk in chunks)
    done = Parallel(n_jobs=-1, return_as="generator")(tasks)
    return [picture for part in tqdm(done, total=len(chunks), desc=f"drawing {what}", leave=False) for picture in part]
