"""Variations of a picture that leave its caption true: what tissue allows, and no more.

A slide has no top and no left, so flips and quarter turns are free. Stains vary from lab to lab, and they vary in
*optical density* ``OD = -log10(I / I0)``, where the dyes add up: ``OD = amounts @ stains``. Scaling the amounts and
turning the stain vectors a little is what another lab would have done (Tellez et al. 2019).

The variations of a batch are a pure function of ``(seed, step)``. All pictures are changed at once, as one tensor.

>>> pictures = torch.full((2, 3, 8, 8), 200, dtype=torch.uint8)
>>> augment(pictures, AugmentConfig(), seed=0, step=5).shape
torch.Size([2, 3, 8, 8])
>>> bool((augment(pictures, None, seed=0, step=5) == pictures).all())
True
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, normalize, pad

from plip_tutorial.microcosm.seeding import seed_of
from plip_tutorial.microcosm.stain import EOSIN, HAEMATOXYLIN

_OFF = {
    "flips": False, "quarter_turns": False, "crop": 1.0, "rotation": 0.0, "stain_gain": 0.0, "stain_turn": 0.0,
    "brightness": 0.0, "contrast": 0.0, "focus": 0.0, "noise": 0.0,
}  # fmt: skip
DRAWS = 32  # random numbers reserved for each picture
# How strong each may be. A share of 1 empties a picture, and above it light becomes dark; a dye that is turned further
# gives off light; a focus above 1 inverts what is small.
SHARES = ("stain_gain", "brightness", "contrast")
LIMITS = {"rotation": 180.0, "stain_turn": 0.5, "focus": 1.0, "noise": 128.0}


@dataclass(frozen=True)
class AugmentConfig:
    """Which variations, and how strong; 0 or False switches one off.

    Attributes:
        flips: left-right and upside-down, each with probability one half.
        quarter_turns: by 0, 90, 180 or 270 degrees.
        crop: smallest share of the area that is kept, 0 to 1; 1 is off. The cut is scaled back to full size.
        rotation: largest angle in degrees, in either direction. Corners are filled by reflection.
        stain_gain: largest change of the amount of each dye, as a share of it.
        stain_turn: largest change of each entry of the stain vectors, in optical density for one unit of dye.
        brightness: largest change of all intensities, as a share of them.
        contrast: largest change of the distance from the mean, as a share of it.
        focus: how much of a blurred copy is mixed in at most; as much may be subtracted, which sharpens.
        noise: largest standard deviation of sensor noise, in grey levels.
    """

    flips: bool = True
    quarter_turns: bool = True
    crop: float = 0.6
    rotation: float = 0.0
    stain_gain: float = 0.3
    stain_turn: float = 0.05
    brightness: float = 0.1
    contrast: float = 0.0
    focus: float = 0.3
    noise: float = 3.0

    @classmethod
    def only(cls, **chosen: float) -> AugmentConfig:
        """The chosen variations and no others: ``AugmentConfig.only(flips=True, crop=0.5)``."""
        return cls(**{**_OFF, **chosen})  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        """Refuse what would give empty or inverted pictures, and what is no number."""
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop is the share of the area that is kept, above 0 and up to 1; got {self.crop}.")
        for name in SHARES:
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f"{name} is a share, from 0 to below 1; got {getattr(self, name)}. At 1 and above pictures would "
                    "be emptied or inverted."
                )
        for name, most in LIMITS.items():
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} goes from 0 to {most:g}; got {getattr(self, name)}.")


def augment(
    pictures: Tensor, config: AugmentConfig | None, *, seed: int, step: int, rows: slice | None = None, total: int = 0
) -> Tensor:
    """Vary a batch of pictures.

    Args:
        pictures: uint8, (n, 3, h, h), on any device.
        config: which variations; None leaves the pictures alone.
        seed: of the run.
        step: of the run.
        rows: which rows of the whole batch these are, when several processes share it. So two processes see the same
            pictures as one.
        total: pictures in the whole batch; only with ``rows``.

    Returns:
        float32, (n, 3, h, h), 0 to 255. It has not been rounded to grey levels.

    Raises:
        ValueError: for pictures that are not square RGB.
    """
    if pictures.ndim != 4 or pictures.shape[1] != 3 or pictures.shape[2] != pictures.shape[3]:
        raise ValueError(f"pictures must be (n, 3, h, h); got {tuple(pictures.shape)}.")
    if config is None:
        return pictures.float()
    draws = _draws(total or len(pictures), seed, step)[rows or slice(None)].to(pictures.device)
    varied = _mirrored(pictures, config, draws[:, :4]).float()
    varied = _cut(varied, config, draws[:, 4:8])
    varied = _stained(varied, config, draws[:, 8:24])
    return _scanned(varied, config, draws[:, 24:])


def _draws(n: int, seed: int, step: int) -> Tensor:
    """(n, DRAWS) uniform in [0, 1), the same on every device: they are always drawn on the CPU."""
    generator = torch.Generator().manual_seed(seed_of("augment", seed, step))
    return torch.rand(n, DRAWS, generator=generator)


def _mirrored(pictures: Tensor, config: AugmentConfig, draws: Tensor) -> Tensor:
    heads = (draws < 0.5)[:, :, None, None, None]  # (n, 4, 1, 1, 1)
    if config.flips:
        pictures = torch.where(heads[:, 0], pictures.flip(-1), pictures)
        pictures = torch.where(heads[:, 1], pictures.flip(-2), pictures)
    if config.quarter_turns:
        pictures = torch.where(heads[:, 2], pictures.rot90(1, (-2, -1)), pictures)
        pictures = torch.where(heads[:, 3], pictures.rot90(2, (-2, -1)), pictures)
    return pictures


def _cut(pictures: Tensor, config: AugmentConfig, draws: Tensor) -> Tensor:
    """Cut a square of random size, place and angle, and scale it to full size: one affine map for each picture."""
    if config.crop == 1 and config.rotation == 0:
        return pictures
    side = (config.crop + (1 - config.crop) * draws[:, 0]).sqrt()
    angle = math.radians(config.rotation) * (2 * draws[:, 1] - 1)
    shift = (1 - side)[:, None] * (2 * draws[:, 2:4] - 1)
    cosine, sine = side * angle.cos(), side * angle.sin()
    maps = torch.stack([cosine, -sine, shift[:, 0], sine, cosine, shift[:, 1]], 1).view(-1, 2, 3)
    grid = affine_grid(maps, list(pictures.shape), align_corners=False)
    return grid_sample(pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _stained(pictures: Tensor, config: AugmentConfig, draws: Tensor) -> Tensor:
    """Other amounts of the same dyes, and dyes of slightly other colour, in optical density."""
    if config.stain_gain == 0 and config.stain_turn == 0:
        return pictures
    n = len(pictures)
    density = -(pictures.clamp(1, 255) / 255).log10().flatten(2)  # (n, 3, h * h)
    gains = 1 + config.stain_gain * (2 * draws[:, :3] - 1)
    turns = config.stain_turn * (2 * draws[:, 3:12].reshape(n, 3, 3) - 1)
    stains = stain_matrix().to(pictures)
    # Read off the amounts with the usual vectors, then mix them with those of the other lab: one 3 x 3 matrix.
    recolour = (torch.linalg.inv(stains) * gains[:, None, :]) @ (stains + turns)  # (n, 3, 3)
    light = torch.pow(10.0, -(recolour.mT @ density))
    return (255 * light).view_as(pictures).clamp(0, 255)


def stain_matrix() -> Tensor:
    """(3, 3) optical density of haematoxylin, eosin and what is at right angles to both; rows are unit vectors."""
    stains = torch.tensor([HAEMATOXYLIN.tolist(), EOSIN.tolist()])
    rest = torch.linalg.cross(stains[0], stains[1])
    return normalize(torch.stack([stains[0], stains[1], rest]), dim=1)


def _scanned(pictures: Tensor, config: AugmentConfig, draws: Tensor) -> Tensor:
    """What the camera does: lens, exposure, sensor."""
    spread = (2 * draws - 1)[:, :, None, None, None]  # (n, 8, 1, 1, 1), -1 to 1
    if config.focus:
        pictures = pictures + config.focus * spread[:, 0] * (_blurred(pictures) - pictures)
    if config.contrast:
        mean = pictures.mean((1, 2, 3), keepdim=True)
        pictures = mean + (1 + config.contrast * spread[:, 1]) * (pictures - mean)
    if config.brightness:
        pictures = pictures * (1 + config.brightness * spread[:, 2])
    if config.noise:
        pictures = pictures + config.noise * draws[:, 3, None, None, None] * _grain(draws[:, 4], pictures)
    return pictures.clamp(0, 255)


def _blurred(pictures: Tensor) -> Tensor:
    """Binomial blur, standard deviation of one pixel; columns first, then rows."""
    for axis, edges in ((-1, (2, 2, 0, 0)), (-2, (0, 0, 2, 2))):
        length, wide = pictures.shape[axis], pad(pictures, edges, mode="reflect")
        shifted = [weight / 16 * wide.narrow(axis, k, length) for k, weight in enumerate((1, 4, 6, 4, 1))]
        pictures = torch.stack(shifted).sum(0)
    return pictures


def _grain(draws: Tensor, pictures: Tensor) -> Tensor:
    """White noise with a generator for each picture, so that a share of a batch gets the noise it had in the whole."""
    seeds = (draws.double() * 2**31).long().tolist()
    grains = [torch.randn(pictures.shape[1:], generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return torch.stack(grains).to(pictures)
