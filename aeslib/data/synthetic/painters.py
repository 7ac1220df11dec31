"""How each theme is painted: a backdrop, then a subject whose mask says what the lens was focused on.

`u`, `v` are coordinates seen from the subject in its radii: the subject fills about [-1, 1].
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from aeslib.data.synthetic.canvas import Canvas, band, below, boxes, disc, drift, hsv, outer, second_hue, skyline, soft

Backdrop = Callable[[Canvas], None]
Subject = Callable[[Canvas, Tensor], Tensor]
"""Paints the subject with edges that wide (B, 1), in radii; returns its mask (B, H, W)."""


def sky(c: Canvas, top: Tensor, bottom: Tensor, reach: Tensor | float = 0.6) -> None:
    """Fill the picture with a gradient from top to bottom that ends at `reach` of the height."""
    t = (c.y / reach).clamp(0, 1)[:, :, None]
    c.image = (top + (bottom - top) * t).expand(3, len(c.scenes), c.height, c.width).contiguous()


def clouds(c: Canvas, strength: float = 0.85) -> None:
    """White drifts above the horizon."""
    field = drift(c, 3, 6, 0) + 0.5 * drift(c, 8, 14, 1)
    high = ((c.col("horizon") - c.y) * 4).clamp(0, strength)
    c.paint(hsv(0.1, 0.03, 1), (field * 0.8 - 0.2).clamp_(0, 1).mul_(high[:, :, None]))


def ridge(c: Canvas, first: int, rough: float) -> Tensor:
    """(B, W) a mountain line about 0, heights up to `rough`."""
    total = torch.zeros_like(c.x)
    for k, amplitude in ((1.3, 0.5), (2.9, 0.3), (6.1, 0.14), (11.0, 0.06)):
        total = total + amplitude * ((c.x * k + c.phase((first + int(k)) % 12)).remainder(1) - 0.5).abs() * 2
    return (total - 0.5) * 2 * rough


def depth_of(c: Canvas, line: Tensor, near: Tensor, far: Tensor) -> Tensor:
    """(3, B, H, 1) ground colours from `far` at the line (B, 1) to `near` at the bottom."""
    t = ((c.y - line) / (1 - line)).clamp(0, 1)[:, :, None]
    return far + (near - far) * t


def detail(c: Canvas, mask: Tensor, strength: float, kx: int, ky: int) -> None:
    """Fine detail within a mask, as strong as the scene's texture."""
    c.light(drift(c, kx, ky, 3).mul_(mask).mul_((strength * (0.15 + c.col("texture")))[:, :, None]))


def landscape(c: Canvas) -> None:
    """Sky, clouds, two ranges of mountains, a meadow."""
    hue, other = c.scenes["hue"], second_hue(c)
    line = c.col("horizon")
    sky(c, hsv(0.58, 0.6, 0.8), hsv(other, 0.22, 0.98), line)
    clouds(c)
    c.paint(hsv(0.62, 0.35, 0.6), below(c, line - 0.08 + ridge(c, 0, 0.16)))
    c.paint(hsv(hue + 0.06, 0.4, 0.42), below(c, line - 0.01 + ridge(c, 4, 0.06)))
    meadow = below(c, line + 0.03 + 0 * c.x)
    c.paint(depth_of(c, line, hsv(hue, 0.75, 0.3), hsv(hue - 0.06, 0.6, 0.68)), meadow)
    detail(c, meadow, 0.1, 24, 22)


def tree(c: Canvas, edge: Tensor) -> Tensor:
    """A trunk and a crown of three rounds, lit from one side."""
    trunk = boxes(band(c.u, -0.13, 0.13, edge)[:, None], band(c.v, 0.2, 1.1, edge)[:, None])
    c.paint(hsv(0.07, 0.6, 0.3), trunk)
    crown = disc(c.u / 0.62, (c.v + 0.45) / 0.55, edge * 1.6)
    crown = torch.maximum(crown, disc((c.u + 0.42) / 0.5, (c.v + 0.05) / 0.42, edge * 2))
    crown = torch.maximum(crown, disc((c.u - 0.42) / 0.5, (c.v + 0.05) / 0.42, edge * 2))
    other = second_hue(c)
    c.paint(hsv(other, 0.7, 0.5), crown)
    c.paint(hsv(other + 0.02, 0.55, 0.8), disc((c.u + 0.25) / 0.5, (c.v + 0.45) / 0.4, 1.0 + 0 * edge).mul_(crown))
    return torch.maximum(trunk, crown)


def seascape(c: Canvas) -> None:
    """Sky, clouds, waves under a straight horizon, a strip of sand."""
    hue, line = c.scenes["hue"], c.col("horizon")
    sky(c, hsv(0.57, 0.5, 0.85), hsv(second_hue(c), 0.15, 1), line)
    clouds(c, 0.7)
    sea = below(c, line + 0 * c.x)
    c.paint(depth_of(c, line, hsv(hue - 0.05, 0.7, 0.5), hsv(hue, 0.75, 0.42)), sea)
    detail(c, sea, 0.1, 7, 30)
    beach = below(c, 0.9 + 0.05 * torch.sin(2 * torch.pi * (c.x + c.phase(2))), 0.03)
    c.paint(hsv(0.11, 0.35, 0.88), beach)


def boat(c: Canvas, edge: Tensor) -> Tensor:
    """Two sails over a hull."""

    def sail(side: float, reach: float) -> Tensor:
        slope = outer(-side * c.u / reach - 0.05, (c.v + 1) / 1.5)
        return (
            (slope / (edge[:, :, None] * 2) + 0.5)
            .clamp_(0, 1)
            .mul_(boxes(soft(side * c.u - 0.04, edge)[:, None], band(c.v, -1, 0.45, edge)[:, None]))
        )

    white, colour = sail(1, 0.75), sail(-1, 0.55)
    c.paint(hsv(0.1, 0.05, 0.97), white)
    c.paint(hsv(second_hue(c), 0.8, 0.75), colour)
    hull = disc(c.u / 0.85, (c.v - 0.5) / 0.34, edge * 2).mul_(soft(c.v - 0.5, edge)[:, :, None])
    c.paint(hsv(second_hue(c), 0.6, 0.28), hull)
    return torch.maximum(torch.maximum(white, colour), hull)


def sunset(c: Canvas) -> None:
    """A sky from violet to fire, its reflection in water, a dark shore."""
    hue, other, line = c.scenes["hue"], second_hue(c), c.col("horizon")
    sky(c, hsv(other - 0.2, 0.55, 0.42), hsv(hue, 0.8, 1), line)
    field = drift(c, 3, 10, 0) + 0.4 * drift(c, 7, 20, 1)
    c.paint(hsv(other, 0.65, 0.6), (field * 0.7 - 0.15).clamp_(0, 0.8).mul_(((line - c.y) * 5).clamp(0, 1)[:, :, None]))
    water = below(c, line + 0 * c.x)
    c.paint(depth_of(c, line, hsv(other - 0.15, 0.6, 0.22), hsv(hue, 0.7, 0.75)), water)
    detail(c, water, 0.08, 6, 30)
    shore = below(c, line - 0.03 + ridge(c, 1, 0.07)).mul_(1 - water)
    c.paint(hsv(other, 0.4, 0.12), shore)


def sun(c: Canvas, edge: Tensor) -> Tensor:
    """The sun with its glow and the glitter under it."""
    hue = c.scenes["hue"]
    glow = disc(c.u / 2.6, c.v / 2.6, 1.0 + 0 * edge)
    c.paint(hsv(hue + 0.03, 0.6, 1), glow.mul_(0.75))
    disc_ = disc(c.u / 0.75, c.v / 0.75, edge * 1.4)
    above = soft((c.col("horizon") - c.y) * 1.0)
    disc_ = disc_.mul_(above[:, :, None])
    c.paint(hsv(0.13, 0.25, 1), disc_)
    glitter = boxes(soft(0.5 - c.u.abs(), 0.7)[:, None], ((1 - above) * (0.5 + 0.5 * torch.sin(c.y * 140)))[:, None])
    c.paint(hsv(0.12, 0.4, 1), glitter.mul_(0.75))
    return torch.maximum(disc_, glitter)


def city(c: Canvas) -> None:
    """Two rows of towers with windows over a river."""
    hue, other, line = c.scenes["hue"], second_hue(c), c.col("horizon")
    sky(c, hsv(hue, 0.5, 0.82), hsv(other, 0.25, 1), line + 0.2)
    clouds(c, 0.5)
    c.paint(hsv(hue, 0.25, 0.66), below(c, line + 0.05 - 0.32 * skyline(c, 11, 0)))
    front = below(c, line + 0.18 - 0.42 * skyline(c, 7, 3))
    c.paint(hsv(hue + 0.02, 0.3, 0.36), front)
    panes = boxes(
        soft(torch.sin(c.x * 2 * torch.pi * 28) - 0.1, 0.8)[:, None],
        soft(torch.sin(c.y * 2 * torch.pi * 22), 0.8)[:, None],
    )
    lit = drift(c, 20, 16, 5).clamp_(0, 1)
    c.paint(hsv(0.13, 0.45, 1), panes.mul_(front).mul_(lit).mul_(0.8))
    river = below(c, line + 0.2 + 0 * c.x)
    c.paint(depth_of(c, line + 0.2, hsv(hue, 0.5, 0.3), hsv(other, 0.25, 0.7)), river)
    detail(c, river, 0.1, 5, 26)


def tower(c: Canvas, edge: Tensor) -> Tensor:
    """A landmark: a shaft with a lit side and a spire."""
    shaft = boxes(band(c.u, -0.36, 0.36, edge)[:, None], band(c.v, -0.6, 1.6, edge)[:, None])
    spire = (outer(-c.u.abs() / 0.36, (c.v + 1.2) / 0.6) / (3 * edge[:, :, None]) + 0.5).clamp_(0, 1)
    spire = spire.mul_(band(c.v, -1.3, -0.55, edge)[:, :, None])
    whole = torch.maximum(shaft, spire)
    other = second_hue(c)
    c.paint(hsv(other, 0.6, 0.55), whole)
    c.paint(hsv(other, 0.35, 0.9), boxes(band(c.u, -0.3, -0.05, edge)[:, None], band(c.v, -0.55, 1.55, edge)[:, None]))
    return whole


def street(c: Canvas) -> None:
    """Walls that run to a vanishing point, a road, a strip of sky."""
    hue, line = c.scenes["hue"], c.col("horizon")
    sky(c, hsv(0.58, 0.3, 0.9), hsv(0.58, 0.08, 1), line)
    centre = 0.5 + 0.2 * (c.phase(0) - 0.5) * (1 - c.col("symmetry"))
    aside = (c.x - centre).abs()
    walls = ((outer(aside / 0.5, -((line - c.y).clamp(min=0) * 0.9 + 0.12))) / 0.02).clamp_(0, 1)
    t = (c.y).clamp(0, 1)[:, :, None]
    c.paint(hsv(hue, 0.5, 0.55) * (0.75 + 0.4 * t), walls)
    shops = boxes(soft(torch.sin(60 / (aside + 0.16)), 0.8)[:, None], soft(torch.sin(c.y * 75), 0.8)[:, None])
    c.paint(hsv(hue + 0.03, 0.35, 0.25), shops.mul_(walls).mul_(0.75))
    ground = below(c, line + 0.08 + 0 * c.x)
    c.paint(depth_of(c, line, hsv(0.6, 0.08, 0.34), hsv(0.6, 0.06, 0.62)), ground)
    kerb = (outer(-aside / 0.75, c.y - line - 0.06) / 0.02).clamp_(0, 1)
    c.paint(hsv(0.6, 0.04, 0.27), kerb.mul_(ground))
    dash = soft(torch.sin(26 / (c.y - line + 0.12)), 0.5) * soft(c.y - line - 0.1)
    c.paint(
        hsv(0.12, 0.1, 0.95),
        (outer(-aside / 0.06, (c.y - line).clamp(min=0)) / 0.3).clamp_(0, 1).mul_(dash[:, :, None]),
    )
    detail(c, ground, 0.07, 26, 22)


def person(c: Canvas, edge: Tensor) -> Tensor:
    """A walker in a coloured coat with an umbrella-round head of hair."""
    coat = disc(c.u / 0.42, (c.v - 0.15) / 0.72, edge * 2)
    legs = boxes(
        (band(c.u, -0.26, -0.06, edge) + band(c.u, 0.06, 0.26, edge))[:, None], band(c.v, 0.6, 1.3, edge)[:, None]
    )
    head = disc(c.u / 0.24, (c.v + 0.78) / 0.28, edge * 4)
    c.paint(hsv(0.6, 0.4, 0.15), legs)
    c.paint(hsv(second_hue(c), 0.85, 0.75), coat)
    c.paint(hsv(0.07, 0.45, 0.85), head)
    c.paint(hsv(0.07, 0.5, 0.2), head * soft(-0.8 - c.v, edge)[:, :, None])
    return torch.maximum(torch.maximum(coat, legs), head)


def turned(c: Canvas) -> Tensor:
    """(B, H) `u` read down the rows, at equal shares of the sides: a shade or a bar that lies across the subject."""
    return c.u[:, torch.arange(c.height) * c.width // c.height]


def portrait(c: Canvas) -> None:
    """A wall or garden behind, with patches of light."""
    hue = c.scenes["hue"]
    sky(c, hsv(hue + 0.4, 0.4, 0.62), hsv(hue + 0.45, 0.5, 0.32), 1.0)
    patches = drift(c, 6, 6, 0)
    c.paint(hsv(hue + 0.42, 0.25, 0.95), (patches * 0.8 - 0.5).clamp_(0, 0.8))
    detail(c, torch.ones_like(patches), 0.09, 20, 20)


def face(c: Canvas, edge: Tensor) -> Tensor:
    """Shoulders, neck, face and hair, with eyes and mouth."""
    other, tone = second_hue(c), c.scenes["layout"][:, 5]
    shoulders = disc(c.u / 1.35, (c.v - 1.95) / 1.05, edge * 1.2)
    hair = disc(c.u / 0.86, (c.v + 0.12) / 1.08, edge * 1.4)
    c.paint(hsv(0.08, 0.55, 0.08 + 0.4 * c.scenes["layout"][:, 6] ** 2), hair)
    c.paint(hsv(other, 0.75, 0.65), shoulders)
    skin, shade = hsv(0.065, 0.3 + 0.3 * tone, 1 - 0.55 * tone), hsv(0.05, 0.4 + 0.3 * tone, 0.75 - 0.45 * tone)
    c.paint(shade, boxes(band(c.u, -0.28, 0.28, edge)[:, None], band(c.v, 0.4, 1.1, edge)[:, None]))
    oval = disc(c.u / 0.64, (c.v - 0.02) / 0.85, edge * 1.6)
    c.paint(skin, oval)
    side = torch.cos(2 * torch.pi * c.col("angle")) * (1 - c.col("symmetry"))
    c.paint(shade, oval * soft(-turned(c) * side - 0.1, 0.9)[:, :, None])
    eyes = disc((c.u.abs() - 0.27) / 0.13, (c.v + 0.08) / 0.09, edge * 6)
    mouth = disc(c.u / 0.25, (c.v - 0.45) / 0.09, edge * 6)
    c.paint(hsv(0.6, 0.4, 0.12), eyes)
    c.paint(hsv(0.99, 0.6, 0.6), mouth)
    c.paint(hsv(0.08, 0.55, 0.12), disc(c.u / 0.7, (c.v + 0.86) / 0.36, edge * 2).mul_(hair))
    return torch.maximum(torch.maximum(shoulders, hair), oval)


def meadow(c: Canvas) -> None:
    """Grass under a bright edge of wood."""
    line = c.col("horizon")
    hue, other = 0.27 + 0.25 * (c.scenes["hue"] - 0.09), second_hue(c)
    sky(c, hsv(other, 0.35, 0.85), hsv(other, 0.5, 0.5), line)
    c.light(drift(c, 9, 5, 0).mul_(0.12))
    grass = below(c, line + 0.02 + ridge(c, 2, 0.03), 0.03)
    c.paint(depth_of(c, line, hsv(hue, 0.7, 0.35), hsv(hue - 0.07, 0.55, 0.72)), grass)
    detail(c, grass, 0.12, 30, 12)


def animal(c: Canvas, edge: Tensor) -> Tensor:
    """A four-legged animal from the side: body, head, ears, legs, tail."""
    legs = sum(band(c.u, at, at + 0.16, edge) for at in (-0.62, -0.36, 0.2, 0.46))
    shape = boxes(torch.as_tensor(legs)[:, None], band(c.v, 0.2, 1.0, edge)[:, None])
    tail = boxes(band(c.u, -1.05, -0.65, edge)[:, None], band(c.v, -0.25, -0.05, edge)[:, None])
    shape = torch.maximum(shape, tail)
    body = disc((c.u + 0.02) / 0.82, (c.v - 0.12) / 0.42, edge * 2)
    head = disc((c.u - 0.72) / 0.36, (c.v + 0.38) / 0.34, edge * 3)
    ears = (outer(-((c.u - 0.72).abs() - 0.2).abs() / 0.14, (c.v + 1.05) / 0.4) / (6 * edge[:, :, None]) + 0.5).clamp_(
        0, 1
    )
    ears = ears.mul_(band(c.v, -1.1, -0.5, edge)[:, :, None])
    shape = torch.maximum(torch.maximum(shape, torch.maximum(body, head)), ears)
    coat = c.scenes["layout"][:, 6]
    c.paint(hsv(0.07, 0.6, 0.15 + 0.6 * coat), shape)
    c.paint(hsv(0.09, 0.35, 0.4 + 0.6 * coat), disc((c.u + 0.1) / 0.7, (c.v + 0.08) / 0.3, 1.0 + 0 * edge).mul_(shape))
    c.paint(hsv(0, 0, 0.05), disc((c.u - 0.82) / 0.08, (c.v + 0.44) / 0.08, edge * 8))
    c.paint(hsv(0, 0.2, 0.1), disc((c.u - 1.05) / 0.09, (c.v + 0.3) / 0.08, edge * 8))
    return shape


def garden(c: Canvas) -> None:
    """Leaves in green light."""
    hue = 0.3 + 0.3 * (c.scenes["hue"] - 0.9)
    sky(c, hsv(hue, 0.45, 0.6), hsv(hue + 0.04, 0.65, 0.26), 1.0)
    leaves = drift(c, 10, 10, 0)
    c.light(leaves.mul_(0.06 + 0.06 * c.col("texture")[:, :, None]))
    spots = drift(c, 7, 7, 6)
    c.paint(hsv(second_hue(c), 0.45, 0.9), (spots * 1.2 - 1.3).clamp_(0, 0.8))


def flower(c: Canvas, edge: Tensor) -> Tensor:
    """A stem and seven petals round a yellow heart."""
    stem = boxes(band(c.u, -0.07, 0.07, edge)[:, None], soft(c.v, edge)[:, None])
    c.paint(hsv(0.3, 0.65, 0.4), stem)
    hue = c.scenes["hue"]
    petals = torch.zeros_like(stem)
    for k in range(7):
        angle = 2 * np.pi * k / 7 + 0.3
        petal = disc((c.u - 0.58 * np.sin(angle)) / 0.36, (c.v + 0.58 * np.cos(angle)) / 0.36, edge * 2.6)
        petals = torch.maximum(petals, petal)
        if k == 3:
            inner = petals
    c.paint(hsv(hue, 0.75, 0.85), petals)
    c.paint(hsv(hue, 0.85, 0.62), disc(c.u / 0.62, c.v / 0.62, 0.8 + 0 * edge).mul_(petals))
    c.paint(hsv(hue + 0.02, 0.35, 1), (inner * 0.25))
    heart = disc(c.u / 0.3, c.v / 0.3, edge * 3)
    c.paint(hsv(second_hue(c) * 0.3 + 0.1, 0.8, 0.95), heart)
    return torch.maximum(petals, stem)


def table(c: Canvas) -> None:
    """A wooden or cloth table."""
    hue = c.scenes["hue"]
    sky(c, hsv(hue, 0.45, 0.62), hsv(hue, 0.55, 0.42), 1.0)
    detail(c, torch.ones_like(c.image[0]), 0.09, 3, 30)
    planks = soft(torch.sin(c.y * 2 * torch.pi * 4) - 0.97, 0.04)
    c.paint(hsv(hue, 0.6, 0.2), planks[:, :, None].expand(-1, -1, c.width) * 0.8)


def dish(c: Canvas, edge: Tensor) -> Tensor:
    """A plate with three heaps of food and leaves."""
    other = second_hue(c)
    c.paint(hsv(0, 0, 0.12), disc((c.u - 0.1) / 1.3, (c.v - 0.15) / 1.2, 0.35 + 0 * edge).mul_(0.6))
    plate = disc(c.u / 1.25, c.v / 1.15, edge)
    c.paint(hsv(0.12, 0.04, 0.97), plate)
    c.paint(hsv(0.12, 0.06, 0.82), disc(c.u / 0.95, c.v / 0.86, edge * 2))
    c.paint(hsv(0.12, 0.04, 0.93), disc(c.u / 0.9, c.v / 0.8, edge * 2))
    c.paint(hsv(0.08, 0.75, 0.62), disc((c.u + 0.28) / 0.46, (c.v - 0.1) / 0.4, edge * 3))
    c.paint(hsv(other, 0.85, 0.75), disc((c.u - 0.32) / 0.4, (c.v - 0.18) / 0.34, edge * 3))
    c.paint(hsv(0.3, 0.75, 0.55), disc((c.u - 0.05) / 0.36, (c.v + 0.32) / 0.26, edge * 3))
    detail(c, disc(c.u / 0.7, c.v / 0.6, edge * 3), 0.15, 28, 28)
    return plate


def facade(c: Canvas) -> None:
    """A wall of windows and pillars under a strip of sky."""
    hue, other = c.scenes["hue"], second_hue(c)
    line = c.col("horizon")
    sky(c, hsv(0.58, 0.5, 0.8), hsv(0.58, 0.2, 0.98), 0.4)
    wall = below(c, 0.5 * line - 0.1 + 0.06 * (c.x - 0.5) * (c.phase(1) - 0.5))
    c.paint(hsv(hue + 0.5, 0.25, 0.8), wall)
    count = 4 + 4 * c.phase(2)
    columns = soft(torch.cos(2 * torch.pi * (c.x - 0.5) * count) - 0.1, 0.3)
    panes = boxes(columns[:, None], (soft(torch.sin(c.y * 2 * torch.pi * 5), 0.3))[:, None])
    c.paint(hsv(hue, 0.5, 0.3), panes.mul_(wall))
    ledge = soft(torch.sin(c.y * 2 * torch.pi * 5 + 1.2) - 0.93, 0.1)
    c.paint(hsv(hue + 0.5, 0.3, 0.55), wall * ledge[:, :, None])
    c.paint(hsv(other, 0.2, 0.4), below(c, 0.93 + 0 * c.x))
    detail(c, wall, 0.08, 24, 24)


def gate(c: Canvas, edge: Tensor) -> Tensor:
    """A portal: a round arch between pillars."""
    other = second_hue(c)
    frame = boxes(band(c.u, -0.95, 0.95, edge)[:, None], soft(c.v + 0.2, edge)[:, None])
    frame = torch.maximum(frame, disc(c.u / 0.95, (c.v + 0.2) / 0.95, edge * 1.2))
    c.paint(hsv(other, 0.3, 0.92), frame)
    opening = boxes(band(c.u, -0.6, 0.6, edge)[:, None], soft(c.v + 0.2, edge)[:, None])
    opening = torch.maximum(opening, disc(c.u / 0.6, (c.v + 0.2) / 0.62, edge * 2))
    c.paint(hsv(other, 0.8, 0.42), opening)
    c.paint(hsv(other, 0.5, 0.16), opening * soft(0.04 - turned(c).abs(), edge)[:, :, None])
    return frame


def night(c: Canvas) -> None:
    """Dark sky with stars, black houses with lit windows, lamps on wet ground."""
    hue, other, line = c.scenes["hue"], second_hue(c), c.col("horizon")
    sky(c, hsv(hue, 0.8, 0.1), hsv(hue, 0.65, 0.34), line)
    stars = drift(c, 30, 30, 2)
    c.light((stars * 1.6 - 3.2).clamp_(0, 1).mul_(soft(line - 0.15 - c.y, 0.2)[:, :, None]))
    houses = below(c, line + 0.1 - 0.22 * skyline(c, 8, 1))
    c.paint(hsv(hue, 0.5, 0.06), houses)
    panes = boxes(
        soft(torch.sin(c.x * 2 * torch.pi * 24), 0.7)[:, None], soft(torch.sin(c.y * 2 * torch.pi * 18), 0.7)[:, None]
    )
    c.paint(hsv(0.12, 0.65, 1), panes.mul_(houses).mul_(drift(c, 16, 14, 6).clamp_(0, 1)))
    ground = below(c, line + 0.12 + 0 * c.x)
    c.paint(depth_of(c, line, hsv(hue, 0.5, 0.05), hsv(hue, 0.45, 0.2)), ground)
    gleam = boxes(
        soft(torch.sin(c.x * 2 * torch.pi * 3 + 6 * c.phase(4)) - 0.75, 0.3)[:, None],
        (1 - (c.y - line - 0.12).abs() * 1.6).clamp(0, 1)[:, None],
    )
    c.paint(hsv(other, 0.8, 0.9), gleam.mul_(ground).mul_(0.7))


def moon(c: Canvas, edge: Tensor) -> Tensor:
    """A moon or lamp with its halo."""
    c.paint(hsv(second_hue(c), 0.45, 0.75), disc(c.u / 2.2, c.v / 2.2, 1.0 + 0 * edge).mul_(0.55))
    ball = disc(c.u / 0.8, c.v / 0.8, edge * 1.4)
    c.paint(hsv(0.13, 0.12, 1), ball)
    c.paint(hsv(0.13, 0.12, 0.8), disc((c.u + 0.2) / 0.22, (c.v - 0.1) / 0.2, edge * 4).mul_(0.8))
    return ball


def pattern(c: Canvas) -> None:
    """Slanted stripes and large rounds in two hues."""
    hue, other = c.scenes["hue"], second_hue(c)
    sky(c, hsv(hue, 0.55, 0.75), hsv(hue + 0.05, 0.7, 0.45), 1.0)
    kx, ky = 2 + 5 * c.phase(0), 6 * (c.phase(1) - 0.5)
    a, b = 2 * torch.pi * kx * c.x, 2 * torch.pi * ky * c.y
    stripes = boxes_free(torch.stack([a.cos(), a.sin()], 1), torch.stack([b.cos(), -b.sin()], 1))
    c.paint(hsv(hue, 0.7, 0.35), (stripes * 4).clamp_(0, 1))
    c.paint(
        hsv(other, 0.65, 0.85),
        disc((c.x - c.across(c.phase(3))) / 0.34, (c.y - c.phase(4)) / 0.34, 0.04 + 0 * kx).mul_(0.85),
    )
    c.paint(
        hsv(hue + 0.04, 0.5, 0.95),
        disc((c.x - c.across(c.phase(5))) / 0.22, (c.y - c.phase(6)) / 0.22, 0.06 + 0 * kx).mul_(0.85),
    )
    detail(c, torch.ones_like(stripes), 0.08, 22, 22)


def boxes_free(columns: Tensor, rows: Tensor) -> Tensor:
    """(B, H, W) sum of F products, not clamped."""
    return torch.bmm(rows.transpose(1, 2), columns)


def rings(c: Canvas, edge: Tensor) -> Tensor:
    """A target of rings."""
    other = second_hue(c)
    whole = disc(c.u, c.v, edge)
    c.paint(hsv(other, 0.85, 0.8), whole)
    c.paint(hsv(other, 0.15, 0.97), disc(c.u / 0.72, c.v / 0.72, edge * 1.4))
    c.paint(hsv(other, 0.9, 0.5), disc(c.u / 0.45, c.v / 0.45, edge * 2.2))
    return whole


PAINTERS: dict[str, tuple[Backdrop, Subject]] = {
    "landscape": (landscape, tree),
    "seascape": (seascape, boat),
    "sunset": (sunset, sun),
    "city": (city, tower),
    "street": (street, person),
    "portrait": (portrait, face),
    "animal": (meadow, animal),
    "flower": (garden, flower),
    "food": (table, dish),
    "architecture": (facade, gate),
    "night": (night, moon),
    "abstract": (pattern, rings),
}
"""Theme: what is painted behind, and the subject."""
