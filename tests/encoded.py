"""A picture as the bytes of a file."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """In a format of Pillow, with its options."""
    with io.BytesIO() as file:
        picture.save(file, kind, **options)
        return file.getvalue()
