"""What tissue is drawn with: smooth noise, flows, nuclei, walls.

A `Canvas` holds the amount of each stain at each pixel and knows how many pixels a micrometre has, so that a pattern
is written in micrometres and looks the same at 64 and at 224 pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


@lru_cache(maxsize=256)
def _spline(cells: int, size: int) -> Array:
    """Weights of a uniform cubic B-spline: (size, cells + 3), a row for each pixel."""
    position = (np.arange(size) + 0.5) * cells / size
    first = np.floor(position).astype(int)
    t = position - first
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], 1) / 6
    matrix = np.zeros((size, cells + 3), np.float32)
    np.put_along_axis(matrix, first[:, None] + np.arange(4), weights.astype(np.float32), axis=1)
    return matrix


def smooth_noise(draw: np.random.Generator, size: int, cells: int) -> Array:
    """Smooth random field, (size, size), mean 0 and standard deviation about 1, with ``cells`` bumps a side."""
    weights = _spline(max(1, cells), size)
    grid = draw.standard_normal((weights.shape[1],) * 2, np.float32)
    return np.asarray(2.1 * weights @ grid @ weights.T, np.float32)


def rough_noise(draw: np.random.Generator, size: int, cells: int, octaves: int = 3) -> Array:
    """Noise of several scales, each twice as fine and 0.6 times as strong as the one before; about unit variance."""
    layers = [0.6**i * smooth_noise(draw, size, cells * 2**i) for i in range(octaves)]
    return np.asarray(sum(layers) / np.sqrt(sum(0.36**i for i in range(octaves))), np.float32)


def smoothstep(x: Array, low: float, high: float) -> Array:
    """0 below ``low``, 1 above ``high``, smooth between; ``low`` may be the larger one, which turns it round."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def fill(layer: Array, where: Array, amount: Array | float) -> None:
    """Replace a layer inside a soft mask (0 to 1)."""
    layer += where * (amount - layer)


class Canvas:
    """Stain amounts of one tile.

    Attributes:
        size: pixels a side.
        field: micrometres a side.
        h, e, b: haematoxylin, eosin and blood, (size, size), 0 or more.
        x, y: the place of each pixel in micrometres.
    """

    def __init__(self, draw: np.random.Generator, *, size: int, field: float) -> None:
        """Start with an empty slide: ``size`` pixels and ``field`` micrometres a side."""
        self.draw, self.size, self.field = draw, size, field
        self.pixels = size / field
        axis = ((np.arange(size) + 0.5) / self.pixels).astype(np.float32)
        self.x, self.y = np.broadcast_to(axis, (size, size)), np.broadcast_to(axis[:, None], (size, size))
        self.box: tuple[slice, slice] = (slice(None), slice(None))
        self.h, self.e, self.b = (np.zeros((size, size), np.float32) for _ in range(3))

    def fork(self) -> Canvas:
        """The same canvas with random numbers of its own: what is drawn on it does not move what comes after."""
        fork = copy(self)
        fork.draw = self.draw.spawn(1)[0]
        return fork

    @contextmanager
    def window(self, centre: Array, reach: float) -> Iterator[Canvas | None]:
        """The part of the canvas within ``reach`` micrometres of a point, as views: to paint one gland is cheap.

        Gives None where the point is so far outside that nothing of it would be seen.
        """
        low = np.clip(((centre - reach) * self.pixels).astype(int), 0, self.size)
        high = np.clip(((centre + reach) * self.pixels).astype(int) + 1, 0, self.size)
        if (high <= low).any():
            yield None
            return
        part = copy(self)
        box = (slice(low[1], high[1]), slice(low[0], high[0]))
        part.x, part.y, part.h, part.e, part.b = (a[box] for a in (self.x, self.y, self.h, self.e, self.b))
        part.box = box
        yield part

    def between(self, low: float, high: float) -> float:
        """Draw a number, even between two limits."""
        return float(self.draw.uniform(low, high))

    def empty(self, where: Array) -> None:
        """Cut a hole: light passes where the mask is 1."""
        for layer in (self.h, self.e, self.b):
            fill(layer, where, 0.0)

    def noise(self, scale: float, octaves: int = 1) -> Array:
        """Noise whose bumps are ``scale`` micrometres wide."""
        cells = max(1, round(self.field / scale))  # whatever the size is, so that 64 and 224 pixels show one picture
        return rough_noise(self.draw, self.size, cells, octaves)[self.box]

    def flow(self, *, angle: float, waviness: float, scale: float = 60.0) -> Array:
        """A coordinate across fibres, in micrometres: lines of equal value run along ``angle``, bent by noise."""
        return np.asarray(self.y * np.cos(angle) - self.x * np.sin(angle) + waviness * self.noise(scale), np.float32)

    def strands(self, across: Array, width: float) -> Array:
        """Random brightness along a flow: (size, size), about -1 to 1, strands ``width`` micrometres wide."""
        knots = np.arange(-3 * self.field, 3 * self.field, width)  # wider than any flow, whatever the size
        return np.interp(across, knots, self.draw.uniform(-1, 1, len(knots))).astype(np.float32)

    def scatter(self, spacing: float, *, jitter: float = 0.45, where: Array | None = None) -> Array:
        """Points (n, 2) in micrometres on a jittered hexagonal grid, kept where ``where`` (0 to 1) says."""
        rows = np.arange(-spacing, self.field + spacing, spacing * 0.87)
        columns = np.arange(-spacing, self.field + spacing, spacing)
        grid = np.stack(np.meshgrid(columns, rows), -1)
        grid[1::2, :, 0] += spacing / 2
        points = (grid.reshape(-1, 2) + self.draw.normal(0, jitter * spacing / 2, (grid.size // 2, 2))).astype(
            np.float32
        )
        return points if where is None else points[self.draw.random(len(points)) < self.at(where, points)]

    def at(self, field: Array, points: Array) -> Array:
        """Values of a (size, size) array at points (n, 2) in micrometres."""
        index = np.clip((points * self.pixels).astype(int), 0, self.size - 1)
        return np.asarray(field[index[:, 1], index[:, 0]], np.float32)

    def nuclei(
        self,
        points: Array,
        *,
        radius: float,
        angle: Array | float | None = None,
        elongation: float = 1.2,
        variety: float = 0.12,
        amount: float = 0.8,
        hollow: float = 0.0,
    ) -> None:
        """Draw nuclei as soft ellipses at ``points`` (n, 2).

        Args:
            points: centres in micrometres.
            radius: of a circle with the same area, in micrometres.
            angle: direction of the long axis in radians, for each or for all; None draws it at random.
            elongation: long axis over short axis.
            variety: spread (of the logarithm) of size, shape and staining: pleomorphism.
            amount: haematoxylin in the middle of a nucleus.
            hollow: 0 for even chromatin, up to 1 for vesicular nuclei with a pale middle and a nucleolus.
        """
        n = len(points)
        if n == 0:
            return
        draw = self.draw.spawn(1)[0]  # its own, since n may change with the size in pixels
        size = radius * np.exp(draw.normal(0, variety, n))
        stretch = np.sqrt(np.maximum(1.0, elongation * np.exp(draw.normal(0, variety, n))))
        turn = draw.uniform(0, np.pi, n) if angle is None else np.broadcast_to(angle, n) + draw.normal(0, 0.12, n)
        strength = amount * np.exp(draw.normal(0, 0.6 * variety + 0.05, n))
        self._stamp(points, size * stretch, size / stretch, turn, strength, hollow)

    def _stamp(self, points: Array, long: Array, short: Array, turn: Array, strength: Array, hollow: float) -> None:
        """Take the maximum of the canvas and of each ellipse: nuclei that overlap do not add up."""
        reach = int(np.ceil(long.max() * self.pixels)) + 2
        corner = np.floor(points * self.pixels).astype(int) - reach
        seen = np.flatnonzero(((corner > -2 * reach - 1) & (corner < self.size)).all(1))
        centre, corner = points[seen] * self.pixels, corner[seen]
        long, short, turn, strength = (values[seen, None, None] for values in (long, short, turn, strength))
        place = corner[:, None] + np.arange(2 * reach + 1)[:, None]  # (n, side, 2) pixels around each nucleus
        offset = (place + 0.5 - centre[:, None]) / self.pixels
        dx, dy = offset[:, None, :, 0], offset[:, :, None, 1]
        cos, sin = np.cos(turn), np.sin(turn)
        u, v = (cos * dx + sin * dy) / long, (cos * dy - sin * dx) / short
        distance = np.sqrt(u * u + v * v)
        edge = np.clip((1 - distance) * short * self.pixels + 0.5, 0, 1)
        on = (place >= 0) & (place < self.size)
        cell, row, column = np.nonzero((edge > 0) & on[:, None, :, 0] & on[:, :, None, 1])
        value, distance = strength[cell, 0, 0] * edge[cell, row, column], distance[cell, row, column]
        if hollow:
            value *= 1 - hollow * (np.exp(-((distance / 0.6) ** 2)) - 0.8 * np.exp(-((distance / 0.22) ** 2)))
        np.maximum.at(self.h, (place[cell, row, 1], place[cell, column, 0]), value.astype(np.float32))

    def nearest(self, points: Array) -> Array:
        """Distance of each pixel to the nearest of ``points`` (n, 2), in micrometres."""
        return np.asarray(np.sqrt(self._squared(points).min(0)), np.float32)

    def _squared(self, points: Array) -> Array:
        """Squared distance of each of ``points`` (n, 2) to each pixel, (n, size, size)."""
        dx, dy = self.x[0] - points[:, :1], self.y[:, 0] - points[:, 1:]
        return np.asarray((dx * dx)[:, None, :] + (dy * dy)[:, :, None])

    def walls(self, sites: Array) -> tuple[Array, Array, NDArray[np.intp]]:
        """Voronoi cells of ``sites`` (n, 2).

        Returns:
            Distance to the nearest wall and to the nearest site, in micrometres, and the index of that site.
        """
        squared = np.ascontiguousarray(np.moveaxis(self._squared(sites), 0, -1))
        two = np.argpartition(squared, 1, axis=-1)[..., :2]
        distance = np.sqrt(np.take_along_axis(squared, two, -1))
        order = distance[..., 0] > distance[..., 1]
        near, far = np.minimum(*np.moveaxis(distance, -1, 0)), np.maximum(*np.moveaxis(distance, -1, 0))
        gap = np.linalg.norm(sites[two[..., 0]] - sites[two[..., 1]], axis=-1)
        wall = (far**2 - near**2) / (2 * np.maximum(gap, 1e-3))
        return wall.astype(np.float32), near.astype(np.float32), np.where(order, two[..., 1], two[..., 0])
