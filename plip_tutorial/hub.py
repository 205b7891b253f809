"""Models from a directory or from the Hugging Face hub: finding them, and loading them without noise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from transformers.utils import logging


def local(model: str | os.PathLike[str], token: str | None = None) -> str | os.PathLike[str]:
    """What `from_pretrained` is to be called with for ``model``: a directory stays what it is.

    >>> local("some/checkpoint")
    'some/checkpoint'
    """
    return model


@contextmanager
def quiet(model: str | os.PathLike[str] | None = None) -> Iterator[None]:
    """Without the bars of transformers, which would break ours, inside.

    Args:
        model: if it names no directory, the bars stay: a download deserves one.
    """
    hide = logging.is_progress_bar_enabled() and (model is None or os.path.isdir(model))
    if hide:
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if hide:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
