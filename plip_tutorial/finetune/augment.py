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
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, normalize, pad

from plip_tutorial.microcosm.seeding import seed_of
from plip_tutorial.microcosm.stain import EOSIN, HAEMATOXYLIN, optical_density

DRAWS = 32  # random numbers reserved for each picture
# How strong each may be. A share of 1 empties a picture, and above it light becomes dark; a dye that is turned further
# gives off light; a focus above 1 inverts what is small.
SHARES = ("stain_gain", "brightness", "contrast", "light")
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
        light: largest change of the intensities of each colour by itself, as a share: another lamp, other glass.
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
    light: float = 0.0
    focus: float = 0.3
    noise: float = 3.0

    @classmethod
    def only(cls, **chosen: float) -> AugmentConfig:
        """The chosen variations and no others: ``AugmentConfig.only(flips=True, crop=0.5)``."""
        off: dict[str, Any] = {name: type(value)(0) for name, value in vars(cls()).items()}
        return cls(**off | {"crop": 1.0} | chosen)

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
    # Always drawn on the CPU, for the whole batch: the same on every device, whoever has which part.
    generator = torch.Generator().manual_seed(seed_of("augment", seed, step))
    draws = torch.rand(total or len(pictures), DRAWS, generator=generator)[rows or slice(None)].to(pictures.device)
    spread = 2 * draws - 1  # (n, DRAWS), -1 to 1

    # Flips and quarter turns.
    heads = (draws[:, :4] < 0.5)[:, :, None, None, None]
    if config.flips:
        pictures = torch.where(heads[:, 0], pictures.flip(-1), pictures)
        pictures = torch.where(heads[:, 1], pictures.flip(-2), pictures)
    if config.quarter_turns:
        pictures = torch.where(heads[:, 2], pictures.rot90(1, (-2, -1)), pictures)
        pictures = torch.where(heads[:, 3], pictures.rot90(2, (-2, -1)), pictures)
    pictures = pictures.float()

    # A square of random size, place and angle, scaled to full size: one affine map for each picture.
    if config.crop < 1 or config.rotation:
        side = (config.crop + (1 - config.crop) * draws[:, 4]).sqrt()
        angle = math.radians(config.rotation) * spread[:, 5]
        right, down = ((1 - side) * spread[:, place] for place in (6, 7))
        cosine, sine = side * angle.cos(), side * angle.sin()
        maps = torch.stack([cosine, -sine, right, sine, cosine, down], 1).view(-1, 2, 3)
        grid = affine_grid(maps, list(pictures.shape), align_corners=False)
        pictures = grid_sample(pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    # Other amounts of the same dyes, and dyes of slightly other colour, in optical density: read off the amounts with
    # the usual vectors, then mix them with those of the other lab, one 3 x 3 matrix.
    if config.stain_gain or config.stain_turn:
        density = optical_density(pictures.clamp(max=255)).flatten(2)  # (n, 3, h * h)
        gains = 1 + config.stain_gain * spread[:, 8:11]
        turns = config.stain_turn * spread[:, 11:20].reshape(-1, 3, 3)
        stains = stain_matrix().to(pictures)
        recolour = (torch.linalg.inv(stains) * gains[:, None, :]) @ (stains + turns)  # (n, 3, 3)
        light = torch.pow(10.0, -(recolour.mT @ density))
        pictures = (255 * light).view_as(pictures).clamp(0, 255)

    # What the camera does: lens, exposure, sensor.
    focus, contrast, brightness = spread[:, 24:27, None, None, None].unbind(1)
    if config.focus:
        pictures = pictures + config.focus * focus * (_blurred(pictures) - pictures)
    if config.contrast:
        mean = pictures.mean((1, 2, 3), keepdim=True)
        pictures = mean + (1 + config.contrast * contrast) * (pictures - mean)
    if config.brightness:
        pictures = pictures * (1 + config.brightness * brightness)
    if config.light:
        pictures = pictures * (1 + config.light * spread[:, 20:23, None, None])
    if config.noise:  # a generator for each picture, so that a part of a batch gets the noise it had in the whole
        seeds = (draws[:, 28].double() * 2**31).long().tolist()
        grain = [torch.randn(pictures.shape[1:], generator=torch.Generator().manual_seed(one)) for one in seeds]
        pictures = pictures + config.noise * draws[:, 27, None, None, None] * torch.stack(grain).to(pictures)
    return pictures.clamp(0, 255)


def stain_matrix() -> Tensor:
    """(3, 3) optical density of haematoxylin, eosin and what is at right angles to both; rows are unit vectors."""
    stains = torch.tensor([HAEMATOXYLIN.tolist(), EOSIN.tolist()])
    rest = torch.linalg.cross(stains[0], stains[1])
    return normalize(torch.stack([stains[0], stains[1], rest]), dim=1)


def _blurred(pictures: Tensor) -> Tensor:
    """Binomial blur, standard deviation of one pixel; columns first, then rows."""
    for axis, edges in ((-1, (2, 2, 0, 0)), (-2, (0, 0, 2, 2))):
        length, wide = pictures.shape[axis], pad(pictures, edges, mode="reflect")
        shifted = [weight / 16 * wide.narrow(axis, k, length) for k, weight in enumerate((1, 4, 6, 4, 1))]
        pictures = torch.stack(shifted).sum(0)
    return pictures
