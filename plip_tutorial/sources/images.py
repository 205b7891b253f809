"""Anything that holds a picture becomes an 8-bit RGB picture, or an error that says which one failed and why.

Slides arrive as paths, bytes, Pillow images and arrays; grey, 16-bit, palette, CMYK, with an alpha channel, lying on
their side with a note about it in EXIF. One door for all of them keeps every page free of special cases.

>>> to_rgb(np.zeros((2, 3), np.uint16)).size  # width, height
(3, 2)
>>> [picture.mode for picture in load([np.zeros((4, 4, 3), np.uint8), Image.new("CMYK", (4, 4))])]
['RGB', 'RGB']
"""

from __future__ import annotations

import io
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from importlib import import_module
from threading import Lock
from typing import Any, TypeVar
from urllib.request import Request, urlopen

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from plip_tutorial.sources.grey_levels import check_cut, to_uint8
from plip_tutorial.sources.picture_files import is_regular

ImageLike = str | os.PathLike[str] | bytes | Image.Image | NDArray[Any] | Mapping[str, Any]
MAX_PIXELS = 89_478_485  # Pillow's own line between a picture and a decompression bomb: a quarter of a gigabyte in RGB.
MAX_STRIP = 1000  # longest side over shortest; resized by the shortest side, a longer strip would become a bomb
MAX_BYTES = 256 * 1024**2  # what is read from a web address at most
PRIVATE = (str, os.PathLike, bytes, np.ndarray, Mapping)  # what two threads may read at once, even if it is the same
DECODING = Lock()  # for the others: an open file has one place to read at, and so has a Pillow image that was opened
T = TypeVar("T")
TIMEOUT = 20.0  # seconds for a web address to answer
# A table of the microcosm stores recipes. What draws them is loaded when one comes, be it in another process.
_drawn: Any = lambda *file: import_module("plip_tutorial.microcosm.pictures").opened(*file)  # noqa: E731
Image.register_open("MICROCOSM", _drawn, lambda prefix: prefix.startswith(b"MICROCOSM"))


class UnreadableImageError(ValueError):
    """A picture that could not be decoded: its ``index`` in a sequence, or None, its ``name`` and the ``reason``."""

    def __init__(self, name: str, reason: str, index: int | None = None, total: int | None = None) -> None:
        """Compose the message from its parts."""
        self.index, self.name, self.reason = index, name, reason
        place = "" if index is None else f" {index}" + (f" of {total}" if total is not None else "")
        super().__init__(f"image{place} ({name}) cannot be decoded: {reason}")


def to_rgb(image: ImageLike) -> Image.Image:
    """Decode one picture and turn it into 8-bit RGB.

    Args:
        image: path, http(s) address, encoded bytes, open binary file, Pillow image, array, or the
            ``{"bytes": ..., "path": ...}`` that `datasets` stores. Arrays are (h, w), (h, w, 1), (h, w, 3) or
            (h, w, 4). Numbers of more than 8 bits: `grey_levels` has the rules, and warns where they guess.

    Returns:
        A Pillow image of mode RGB. EXIF orientation is applied; what is transparent becomes white, like an empty slide.

    Raises:
        UnreadableImageError: with the name and the reason, also for pictures of more than `MAX_PIXELS` pixels.
    """
    try:
        return _rgb(_opened(image))
    except Exception as error:  # Pillow's decoders raise whatever they like: OSError, SyntaxError, struct.error ...
        reason = str(error) or type(error).__name__
        if isinstance(error, Image.DecompressionBombError):
            reason = "it claims to hold more pixels than can be decoded safely"
        # Neither an address in memory nor a path: the same picture is told in the same words everywhere.
        reason = re.sub(r":? (<\S+ object at \w+>|'[^']*')$", "", reason)
        raise UnreadableImageError(_name(image), reason) from error


def problem(image: ImageLike) -> str:
    """Why `to_rgb` could not decode a picture; empty if it can."""
    try:
        to_rgb(image)
    except UnreadableImageError as error:
        return "no such file" if isinstance(error.__cause__, FileNotFoundError) else error.reason
    return ""


def load(images: Iterable[ImageLike], *, skip_unreadable: bool = False) -> Iterator[Image.Image | None]:
    """Decode pictures one after the other, so that a million of them need the memory of one.

    Args:
        images: list, generator, array (n, h, w, 3), column of a data frame, or image column of a `datasets.Dataset`.
        skip_unreadable: yield None for a picture that cannot be decoded, instead of raising.

    Yields:
        RGB pictures in order; with ``skip_unreadable=True``, None in the place of a broken one.

    Raises:
        TypeError: if ``images`` is a single picture.
        UnreadableImageError: with the index, the name and the reason.
    """
    refuse_single(images)
    total = count(images)
    return (_decoded(image, i, total, skip_unreadable) for i, image in enumerate(undecoded(images)))


def load_each(
    images: Iterable[ImageLike],
    work: Callable[[Image.Image], T],
    *,
    skip_unreadable: bool = False,
    threads: int = 1,
    ahead: int = 1,
) -> Iterator[T | None]:
    """Decode pictures as `load` does and do some work on each, in several threads; what comes out is in order.

    Args:
        images: as in `load`; they are asked for in the reader's own thread.
        work: what is done with each RGB picture. It must not change it.
        skip_unreadable: as in `load`.
        threads: how many pictures are worked on at once.
        ahead: how many pictures may be asked for before the first of them is taken.
    """
    refuse_single(images)
    total = count(images)

    def done(index: int, image: ImageLike) -> T | None:
        with nullcontext() if isinstance(image, PRIVATE) else DECODING:
            picture = _decoded(image, index, total, skip_unreadable)
        return None if picture is None else work(picture)

    pool = ThreadPoolExecutor(threads)
    waiting: deque[Future[T | None]] = deque()
    try:
        for index, image in enumerate(undecoded(images)):
            waiting.append(pool.submit(done, index, image))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def count(images: Iterable[Any]) -> int | None:
    """Number of pictures if it is known beforehand, else None."""
    return len(images) if isinstance(images, Sized) else None


def _decoded(image: ImageLike, index: int, total: int | None, skip_unreadable: bool) -> Image.Image | None:
    try:
        return to_rgb(image)
    except UnreadableImageError as error:
        if skip_unreadable:
            return None
        hint = f"{error.reason.rstrip('.')}. Pass skip_unreadable=True to leave such images out."
        raise UnreadableImageError(error.name, hint, index, total) from error


def refuse_single(images: Any) -> None:
    """Raise a TypeError for one picture in the place of many; it would be read letter by letter, or row by row."""
    single = isinstance(images, (str, bytes, bytearray, memoryview, os.PathLike, Image.Image, Mapping))
    single = single or hasattr(images, "read")
    if hasattr(images, "__array__") and hasattr(images, "ndim") and not _is_column(images):
        shape = tuple(images.shape)
        single = len(shape) < 3 or (len(shape) == 3 and shape[-1] in (1, 3, 4))
        if not single and len(shape) == 3 and shape[0] in (1, 3, 4):
            hint = "Pass [np.moveaxis(image, 0, -1)] for the one, list(images) for the others."
            raise TypeError(f"shape {shape} is one image with its channels first, or {shape[0]} grey ones. {hint}")
    if single:
        raise TypeError(f"expected a sequence of images, got one image ({_name(images)}). Pass [image] or a column.")


def undecoded(images: Any) -> Any:
    """Take the stored bytes of a `datasets` column, not its pictures: a broken file would end the iteration."""
    images = list(images) if _is_column(images) else images  # in pandas a place is a name, which may begin with 5
    feature: Any = getattr(images, "features", None)
    source = getattr(images, "source", None)
    if source is None or type(feature).__name__ != "Image" or source.format["type"] == "custom":
        return images
    column = source.with_format(None).select_columns(images.column_name)
    return column.cast_column(images.column_name, type(feature)(decode=False))[images.column_name]


def _is_column(images: Any) -> bool:
    return getattr(images, "ndim", None) == 1 and getattr(getattr(images, "dtype", None), "kind", "") in set("OUT")


def _opened(image: Any) -> Image.Image:
    """A Pillow image whose pixels need not be decoded yet."""
    if isinstance(image, Mapping):
        if not {"bytes", "path"} & image.keys():
            names = ", ".join(map(str, image))
            raise ValueError(
                f"a mapping needs bytes or path; this one has {names}. Of a table pass the column of pictures"
            )
        image = image["bytes"] if image.get("bytes") is not None else image.get("path")
    if isinstance(image, str) and image.startswith(("http://", "https://")):
        request = Request(image, headers={"User-Agent": "plip-tutorial"})
        with urlopen(request, timeout=TIMEOUT) as answer:
            image = answer.read(MAX_BYTES + 1)
        if len(image) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES // 1024**2} MB")
    if isinstance(image, (bytes, bytearray, memoryview)):
        image = Image.open(io.BytesIO(image))
    elif isinstance(image, (str, os.PathLike)):
        image = Image.open(_regular(image))
    elif hasattr(image, "read"):
        image = Image.open(image)
    if isinstance(image, Image.Image):
        _check_size(image.width, image.height)  # before one pixel is decoded: the header of a bomb tells
        return image
    if hasattr(image, "__array__"):
        return _from_array(np.asarray(image))
    raise TypeError(f"no idea how to read a picture from {type(image).__name__}")


def _regular(path: str | os.PathLike[str]) -> str | os.PathLike[str]:
    if not is_regular(path):
        raise ValueError("it is no file but a pipe, a socket or a device")
    return path


def _check_size(width: int, height: int) -> None:
    if 0 in (width, height):
        raise ValueError(f"it is empty ({width} x {height} pixels)")
    if width * height > MAX_PIXELS:
        limit = f"more than the {MAX_PIXELS:,} that are decoded at once; cut it into tiles first"
        raise ValueError(f"it has {width} x {height} pixels, {limit}")
    if max(width, height) > MAX_STRIP * min(width, height):
        raise ValueError(f"it is a strip of {width} x {height} pixels, which no model can be shown")


def _rgb(image: Image.Image) -> Image.Image:
    deep = any(";16" in str(tile) for tile in getattr(image, "tile", ()))  # as the file has it; gone once decoded
    whole = image.mode.startswith("I")
    image = ImageOps.exif_transpose(image)
    if whole or image.mode == "F":
        return _from_array(np.asarray(image)).convert("RGB")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        image = image.convert("LA") if image.mode == "La" else image  # Pillow knows no direct way from there to RGBA
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image if image.mode == "RGB" else image.convert("RGB")
    if deep:  # of grey we get all 16 bits, of colours the upper eight
        check_cut(np.asarray(image))
    return image


def _from_array(values: NDArray[Any]) -> Image.Image:
    if values.ndim == 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 2 and not (values.ndim == 3 and values.shape[-1] in (3, 4)):
        hint = "; np.moveaxis(image, 0, -1) puts the channels last" if values.ndim == 3 else ""
        raise ValueError(f"shape {values.shape} is not (h, w), (h, w, 1), (h, w, 3) or (h, w, 4){hint}")
    _check_size(values.shape[1], values.shape[0])
    return _rgb(Image.fromarray(np.ascontiguousarray(to_uint8(values))))


def _name(image: Any) -> str:
    """How an error message calls a picture."""
    if isinstance(image, Mapping):
        return _name(image["path"]) if image.get("path") else "bytes of a data set"
    if isinstance(image, (str, os.PathLike)):
        return os.path.basename(image) or str(image)
    if isinstance(image, Image.Image):
        kind = f"Pillow image, mode {image.mode}, {image.width} x {image.height}"
        return os.path.basename(getattr(image, "filename", "")) or kind
    if isinstance(image, (bytes, bytearray, memoryview)):
        return f"{len(image)} bytes"
    return f"array, {image.dtype}, {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
