"""One function per kind of distortion: (B, 3, S, S) pictures 0-1, steps 0 to 4 as (B, 1, 1, 1), a source of chance."""

import math

import torch
from torch import Generator, Tensor
from torch.nn.functional import conv2d, interpolate, pad

BLOCK = 8


def normal(image: Tensor, chance: Generator, channels: int = 3) -> Tensor:
    """(B, channels, S, S) normal numbers."""
    return torch.randn(len(image), channels, *image.shape[2:], generator=chance)


def strength(step: Tensor, first: float, last: float) -> Tensor:
    """Geometric from `first` at step 0 to `last` at step 4."""
    return first * (last / first) ** (step / 4)


def smooth(image: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian blur, sigma in pixels, one for each picture."""
    reach = math.ceil(3 * float(sigma.max()))
    at = torch.arange(-reach, reach + 1.0)
    taps = torch.exp(-0.5 * (at / sigma.view(-1, 1)) ** 2)
    taps = (taps / taps.sum(1, keepdim=True)).repeat_interleave(image.shape[1], 0)[:, None, None]  # (3B, 1, 1, T)
    planes = image.flatten(0, 1)[None]
    planes = conv2d(pad(planes, (reach, reach, 0, 0), "replicate"), taps, groups=len(taps))
    planes = conv2d(pad(planes, (0, 0, reach, reach), "replicate"), taps.transpose(2, 3), groups=len(taps))
    return planes[0].view_as(image)


def scaled(image: Tensor, sigma64: Tensor) -> Tensor:
    """A blur given for 64 px at this picture's size."""
    return sigma64 * image.shape[3] / 64


def noise(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """The same normal noise everywhere."""
    return image + strength(step, 0.03, 0.2) * normal(image, chance)


def colour_noise(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Noise whose channels cancel in grey."""
    grain = normal(image, chance)
    return image + strength(step, 0.04, 0.2) * (grain - grain.mean(1, keepdim=True))


def correlated_noise(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Blotches: smoothed noise."""
    grain = smooth(normal(image, chance), torch.full((len(image),), 1.5))
    return image + strength(step, 0.05, 0.17) * grain / grain.std()


def masked_noise(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Noise where there is detail to hide it."""
    busy = (image - smooth(image, torch.full((len(image),), 1.5))).abs().mean(1, keepdim=True)
    return image + strength(step, 0.05, 0.35) * normal(image, chance) * (busy / 0.05).clamp(0, 1)


def high_frequency_noise(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Noise without its smooth part."""
    grain = normal(image, chance)
    return image + strength(step, 0.03, 0.22) * (grain - smooth(grain, torch.full((len(image),), 1.0)))


def impulses(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """White and black dots."""
    dice = torch.rand(len(image), 1, *image.shape[2:], generator=chance)
    share = strength(step, 0.005, 0.12)
    return torch.where(dice < share / 2, 0.0, torch.where(dice > 1 - share / 2, 1.0, image))


def quantise(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Few levels a channel: 24 down to 3."""
    levels = strength(step, 24, 3).round()
    return (image * levels).round() / levels


def blur(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Lens blur."""
    return smooth(image, scaled(image, strength(step, 0.5, 3.0)))


def denoise(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """What a denoiser leaves: small contrasts go, large edges stay."""
    low = smooth(image, scaled(image, strength(step, 0.8, 3.5)))
    fine, limit = image - low, strength(step, 0.02, 0.3)
    return low + fine.sign() * (fine.abs() - limit).clamp(min=0)


def cosines() -> Tensor:
    """(8, 8) orthonormal cosine transform."""
    k = torch.arange(BLOCK)
    matrix = torch.cos(torch.pi / BLOCK * (k + 0.5) * k[:, None]) * (2 / BLOCK) ** 0.5
    matrix[0] /= 2**0.5
    return matrix


def blocks(image: Tensor) -> Tensor:
    """(B, 3, S/8, 8, S/8, 8): a view of 8 x 8 blocks."""
    return image.unflatten(3, (-1, BLOCK)).unflatten(2, (-1, BLOCK))


def compressed(image: Tensor, coarse: Tensor) -> Tensor:
    """Blocks' cosine coefficients rounded, the fine ones more coarsely, as JPEG does."""
    dct = cosines()
    parts = torch.einsum("ui,bcyixj,vj->bcyuxv", dct, blocks(image), dct)
    grid = torch.arange(BLOCK)
    table = coarse[..., None, None] * (1 + 0.5 * (grid[:, None] + grid)).view(1, 1, 1, BLOCK, 1, BLOCK)
    parts = (parts / table).round() * table
    return torch.einsum("ui,bcyuxv,vj->bcyixj", dct, parts, dct).reshape_as(image)


def jpeg(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Blocks and ringing."""
    return compressed(image, strength(step, 0.05, 0.7))


def wavelet(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Three Haar levels with small details set to 0, as JPEG2000 loses them."""
    limit = strength(step, 0.03, 0.6)
    low, details = image, []
    for _ in range(3):
        mean = interpolate(low, scale_factor=0.5, mode="area")
        details.append(low - interpolate(mean, scale_factor=2.0))
        low = mean
    for detail in reversed(details):
        blocky, soft = interpolate(low, scale_factor=2.0), interpolate(low, scale_factor=2.0, mode="bilinear")
        low = blocky.lerp(soft, step / 4) + torch.where(detail.abs() > limit * 0.5, detail, 0.0)
    return low


def dice(image: Tensor, chance: Generator, high: int, wide: int) -> Tensor:
    """(B, 1, S, S) one random number 0-1 per block of a (high, wide) grid of blocks' sizes."""
    rows, columns = image.shape[2] // high, image.shape[3] // wide
    return (
        torch.rand(len(image), 1, rows, columns, generator=chance).repeat_interleave(high, 2).repeat_interleave(wide, 3)
    )


def lost_blocks(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Strips of blocks that arrive from elsewhere."""
    moved = image.roll((BLOCK, 2 * BLOCK), (2, 3))
    return torch.where(dice(image, chance, BLOCK, 2 * BLOCK) < strength(step, 0.03, 0.4), moved, image)


def lost_bands(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Patches that have lost their details or ring with wrong ones."""
    coarse = interpolate(
        interpolate(image, scale_factor=1 / BLOCK, mode="area"), scale_factor=float(BLOCK), mode="bilinear"
    )
    wrong = coarse + (image - coarse).flip(3)
    return torch.where(dice(image, chance, BLOCK, BLOCK) < strength(step, 0.1, 0.75), wrong, image)


def shifted_pattern(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Small patches copied from a few pixels away."""
    moved = image.roll((3, -4), (2, 3))
    return torch.where(dice(image, chance, 4, 4) < strength(step, 0.03, 0.35), moved, image)


def flat_blocks(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Blocks of one colour: many faint ones at first, few strong ones at last."""
    share, weight = strength(step, 0.35, 0.04), strength(step, 0.45, 1.0)
    colour = torch.cat([dice(image, chance, BLOCK, BLOCK) for _ in range(3)], 1)
    hit = (dice(image, chance, BLOCK, BLOCK) < share).float()
    return image + hit * weight * (colour - image)


def mean_shift(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Lighter in odd steps, darker in even ones."""
    return image + strength(step, 0.04, 0.3) * torch.where(step % 2 == 0, 1.0, -1.0)


def contrast(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Less in steps 1, 3, 5; more in 2 and 4."""
    factor = torch.where(step % 2 == 0, 0.85 - 0.14 * step, 1.1 + 0.13 * step)
    return 0.5 + (image - 0.5) * factor


def saturation(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Towards grey."""
    grey = image.mean(1, keepdim=True)
    return grey + (image - grey) * (0.6 - 0.15 * step)


def multiplicative_noise(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Noise as strong as the light."""
    return image * (1 + strength(step, 0.06, 0.45) * normal(image, chance))


def comfort_noise(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Fine detail replaced by noise of the same strength."""
    low = smooth(image, scaled(image, strength(step, 0.4, 2.0)))
    fine = image - low
    power = smooth(fine.square(), torch.full((len(image),), 2.0)).sqrt()
    return low + power * normal(image, chance)


def noisy_compression(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Noise, then blocks."""
    return compressed(noise(image, step, chance).clamp(0, 1), strength(step, 0.05, 0.45))


def dither(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Few colours with an ordered pattern between them."""
    order = torch.tensor([[0.0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 - 0.47
    tiles = order.repeat(image.shape[2] // 4, image.shape[3] // 4)
    levels = strength(step, 16, 1).round()
    return (image * levels + tiles).round() / levels


def aberration(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Red and blue drift apart; all soften a little."""
    apart = (1 + step.view(-1) * image.shape[3] / 64).round().int()
    red = torch.stack([one.roll(int(by), 1) for one, by in zip(image[:, 0], apart, strict=True)])
    blue = torch.stack([one.roll(-int(by), 1) for one, by in zip(image[:, 2], apart, strict=True)])
    return smooth(torch.stack([red, image[:, 1], blue], 1), scaled(image, strength(step, 0.3, 0.8)))


def sparse_sampling(image: Tensor, step: Tensor, chance: Generator) -> Tensor:
    """Most pixels thrown away and filled in from those around."""
    kept = (torch.rand(len(image), 1, *image.shape[2:], generator=chance) < strength(step, 0.6, 0.05)).float()
    width = scaled(image, strength(step, 0.5, 2.2))
    return smooth(image * kept, width) / smooth(kept.expand_as(image), width).clamp(min=1e-3)
