"""What tissue is drawn with: flows, nuclei, walls, on a slide whose pixels are micrometres.

A `Canvas` holds the amount of each stain at each pixel and knows how many pixels a micrometre has, so that a pattern
is written in micrometres and looks the same at 64 and at 224 pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import ndtr

from plip_tutorial.microcosm.noise import Array, fill, rough_noise, smoothstep

FINE = 64  # bumps a side; finer noise has random numbers of its own, as how much of it is drawn depends on the pixels
OVERLAP = 0.3  # how much of a nucleus shows through another that lies on it


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
        self.h, self.e, self.b = (np.zeros((size, size), np.float32) for _ in range(3))

    def between(self, low: float, high: float) -> float:
        """Draw a number, even between two limits."""
        return float(self.draw.uniform(low, high))

    def chance(self, share: float) -> bool:
        """Throw a coin that falls on True so often."""
        return bool(self.draw.random() < share)

    def empty(self, where: Array) -> None:
        """Cut a hole: light passes where the mask is 1."""
        for layer in (self.h, self.e, self.b):
            fill(layer, where, 0.0)

    def tint(self, where: Array | float, *, e: float = 0.0, h: float = 0.0, grain: float = 0.2) -> None:
        """Replace what is there by an even ground with a little grain."""
        mask = np.broadcast_to(np.asarray(where, np.float32), self.e.shape)
        texture = 1 + grain * self.noise(7, 2)
        fill(self.e, mask, np.clip(e * texture, 0, None))
        fill(self.h, mask, np.clip(h * texture, 0, None))
        fill(self.b, mask, 0.0)

    def noise(self, scale: float, octaves: int = 1) -> Array:
        """Noise whose bumps are ``scale`` micrometres wide."""
        cells = max(1, round(self.field / scale))  # whatever the size is, so that 64 and 224 pixels show one picture
        fine = cells * 2**octaves > FINE
        draw = np.random.Generator(np.random.SFC64(int(self.draw.integers(2**31)))) if fine else self.draw
        return rough_noise(draw, self.size, cells, octaves)

    def flow(self, *, angle: float, waviness: float, scale: float = 60.0) -> Array:
        """A coordinate across fibres, in micrometres: lines of equal value run along ``angle``, bent by noise."""
        return np.asarray(self.y * np.cos(angle) - self.x * np.sin(angle) + waviness * self.noise(scale), np.float32)

    def strands(self, across: Array, width: float) -> Array:
        """Random brightness along a flow: (size, size), about -1 to 1, strands ``width`` micrometres wide."""
        knots = np.arange(-3 * self.field, 3 * self.field, width)  # wider than any flow, whatever the size
        return np.interp(across, knots, self.draw.uniform(-1, 1, len(knots))).astype(np.float32)

    def scatter(self, spacing: float, *, jitter: float = 0.45, where: Array | None = None) -> Array:
        """Points (n, 2) in micrometres on a jittered hexagonal grid, kept where ``where`` (0 to 1) says."""
        points = self.sites(spacing, jitter=jitter)
        return points if where is None else points[self.draw.random(len(points)) < self.at(where, points)]

    def sites(self, spacing: float, *, stretch: float = 1.0, angle: float = 0.0, jitter: float = 0.45) -> Array:
        """Points (n, 2) like those of `scatter`, ``stretch`` times as far from each other along ``angle``."""
        turned = angle or stretch > 1
        half = (0.71 if turned else 0.5) * self.field + spacing
        along = np.arange(-half - spacing * stretch, half + spacing * stretch, spacing * stretch)
        aside = np.arange(-half, half + spacing, 0.87 * spacing)
        grid = np.stack(np.meshgrid(along, aside), -1)
        grid[1::2, :, 0] += spacing * stretch / 2
        moved = self.draw.normal(0, jitter * spacing / 2, (grid.size // 2, 2)) * (stretch, 1)
        u, v = (grid.reshape(-1, 2) + moved).T
        x, y = u * np.cos(angle) - v * np.sin(angle), u * np.sin(angle) + v * np.cos(angle)
        return (np.stack([x, y], 1) + self.field / 2).astype(np.float32)

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
        amount: float = 0.55,
        hollow: float = 0.0,
        clumps: float = 0.15,
        nucleoli: float = 0.0,
    ) -> None:
        """Draw nuclei as soft ellipses at ``points`` (n, 2).

        Args:
            points: centres in micrometres.
            radius: of a circle with the same area, in micrometres.
            angle: direction of the long axis in radians, for each or for all; None draws it at random.
            elongation: long axis over short axis.
            variety: spread (of the logarithm) of size, shape and staining: pleomorphism.
            amount: haematoxylin of a nucleus.
            hollow: 0 for an even nucleus, up to 1 for a vesicular one, a pale middle in a dark membrane.
            clumps: how coarse the chromatin is.
            nucleoli: share of the nuclei with a nucleolus.
        """
        if not len(points):
            return
        own = self._fates(points)  # by place, since how many points there are may change with the size in pixels
        size = radius * np.exp(variety * own[:, 0])
        stretch = np.sqrt(np.maximum(1.0, elongation * np.exp(variety * own[:, 1])))
        turn = 9 * own[:, 2] if angle is None else np.broadcast_to(angle, len(points)) + 0.15 * own[:, 2]
        strength = amount * np.exp((0.6 * variety + 0.08) * own[:, 3])
        spot = np.where(ndtr(own[:, 4:5]) < nucleoli, 0.22 * own[:, 5:7], 9.0)
        grain = 1 + clumps * self.noise(1.7, 2)
        shape = np.stack([size * stretch, size / stretch, turn, strength, *spot.T], 1)
        self._stamp(points, shape.astype(np.float32), hollow, grain)

    def _fates(self, points: Array) -> Array:
        """Seven numbers of a normal distribution for each of ``points``, (n, 7), that depend on its place alone."""
        place = np.floor(32 * points).astype(np.int64)
        table: Array = self.draw.spawn(1)[0].standard_normal((1021, 7), np.float32)
        return table[(73_856_093 * place[:, 0] + 19_349_663 * place[:, 1]) % len(table)]

    def _stamp(self, points: Array, shape: Array, hollow: float, grain: Array) -> None:
        """Put ellipses on the canvas: where they overlap the darker one counts, and a part of the other."""
        reach = int(np.ceil(shape[:, 0].max() * self.pixels)) + 1
        corner = np.floor(points * self.pixels).astype(int) - reach
        seen = np.flatnonzero(((corner > -2 * reach - 1) & (corner < self.size)).all(1))
        centre, corner = points[seen] * self.pixels, corner[seen]
        long, short, turn, strength, spot_u, spot_v = (part[:, None, None] for part in shape[seen].T)
        place = corner[:, None] + np.arange(2 * reach + 1)[:, None]  # (n, side, 2) pixels around each nucleus
        offset = ((place + 0.5 - centre[:, None]) / self.pixels).astype(np.float32)
        dx, dy = offset[:, None, :, 0], offset[:, :, None, 1]
        cos, sin = np.cos(turn), np.sin(turn)
        u, v = (cos * dx + sin * dy) / long, (cos * dy - sin * dx) / short
        distance = np.sqrt(u * u + v * v)
        pixel = short * self.pixels  # of what is smaller than a pixel, only a part of the pixel is stained
        share = np.minimum(1, 3 * pixel**2 / np.minimum(pixel + 0.5, 1) ** 3)
        edge = np.clip((1 - distance) * pixel + 0.5, 0, 1) * share
        on = (place >= 0) & (place < self.size)
        cell, row, column = np.nonzero((edge > 0) & on[:, None, :, 0] & on[:, :, None, 1])
        i, j, cover = place[cell, row, 1], place[cell, column, 0], edge[cell, row, column]
        body = 1 - hollow * smoothstep(distance[cell, row, column], 0.95, 0.5)
        du, dv = u[cell, row, column] - spot_u[cell, 0, 0], v[cell, row, column] - spot_v[cell, 0, 0]
        body = np.maximum(body * grain[i, j], 1.15 * np.exp(-((du * du + dv * dv) / 0.07)))
        value = (strength[cell, 0, 0] * cover * body).astype(np.float32)
        darkest, total, covered = (np.zeros_like(self.h) for _ in range(3))
        np.maximum.at(darkest, (i, j), value)
        np.add.at(total, (i, j), value)
        np.maximum.at(covered, (i, j), cover)
        small = float(np.clip(2 - 2.5 * np.median(pixel), OVERLAP, 1)) if len(pixel) else 1.0
        full = np.median(strength) if len(strength) else 0.0  # a pixel is full when nuclei cover all of it
        drawn = np.maximum(darkest, darkest + small * (np.minimum(total, full) - darkest))
        self.h[:] = np.maximum(self.h, drawn) + OVERLAP * np.minimum(self.h, darkest)
        self.e *= 1 - 0.15 * np.minimum(covered, 1)

    def nearest(self, points: Array) -> Array:
        """Distance of each pixel to the nearest of ``points`` (n, 2), in micrometres."""
        return self._nearest(points, 1)[0][..., 0]

    def _nearest(
        self, points: Array, k: int, *, stretch: float = 1.0, angle: float = 0.0, bend: float = 0.0
    ) -> tuple[Array, NDArray[np.intp], Array]:
        """Look for the ``k`` nearest points of each pixel, where the way along ``angle`` is ``stretch`` times shorter.

        Returns:
            Their distances and numbers, (size, size, k), and all points in the space of these distances, (n, 2).
        """
        cos, sin = np.cos(angle), np.sin(angle)
        axes = np.array([[cos / stretch, -sin], [sin / stretch, cos]])
        place = np.stack([self.x, self.y], -1)
        if bend:
            place = place + bend * np.stack([self.noise(9 * bend, 2), self.noise(9 * bend, 2)], -1)
        pixels, there = place.reshape(-1, 2) @ axes, points @ axes
        distance, number = cKDTree(there).query(pixels, k=[*range(1, k + 1)])
        shape = (self.size, self.size, k)
        return distance.reshape(shape).astype(np.float32), number.reshape(shape), there

    def walls(
        self, sites: Array, *, stretch: float = 1.0, angle: float = 0.0, bend: float = 0.0
    ) -> tuple[Array, Array, NDArray[np.intp]]:
        """Voronoi cells of ``sites`` (n, 2), at least two.

        Args:
            sites: their middles.
            stretch: how much longer than wide they are.
            angle: the direction in which they are.
            bend: how far from a straight line the walls are, in micrometres.

        Returns:
            Distance to the nearest wall and to the nearest site, in micrometres, and the index of that site.
        """
        distance, number, there = self._nearest(sites, 2, stretch=stretch, angle=angle, bend=bend)
        near, far = distance[..., 0], distance[..., 1]
        gap = np.linalg.norm(there[number[..., 0]] - there[number[..., 1]], axis=-1)
        wall = (far**2 - near**2) / (2 * np.maximum(gap, 1e-3))
        return wall.astype(np.float32), near, number[..., 0]
