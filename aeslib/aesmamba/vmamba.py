"""VMamba, the image encoder: its first version (aesmamba 3.2.1, Fig 4; about 20M parameters) and its second (VMamba-B).

The first version gates each scan and merges patches; the second (the daggered row of aesmamba Table 1) has an MLP in
each block instead of the gate, one state a channel, and strided convolutions as stem and between stages.

Letters: B batch · H, W rows, columns of tokens · d channels outside a scan, D = 2 d inside · N states · R rank of Δ.
[liu2024vmamba]  Liu et al., VMamba: Visual state space model, 2024.
"""

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import silu, softplus

from aeslib.aesmamba.scan import cross_merge, cross_scan, selective_scan
from aeslib.backbones import Entry, register
from aeslib.errors import ParameterError, unknown
from aeslib.paths import cache_home

Version = Literal[1, 2]
PATHS = 4
"""Scans of a map: rows, columns, and both backwards."""
STEP, FLOOR = (1e-3, 0.1), 1e-4
"""Range of Δ at the start, drawn evenly in its logarithm, and its least value."""
Norm = partial(nn.LayerNorm, eps=1e-5)


class SS2D(nn.Module):
    """A selective scan along four paths (Fig 4b, 4c): [u, g] = W x, out = W' (LN(scan(SiLU(conv u))) ⊙ SiLU(g)).

    Each path has its own projections, decay rates and skip. The second version has no gate g and no bias in the
    depthwise convolution.
    """

    def __init__(self, dim: int, states: int, version: Version = 1) -> None:
        super().__init__()
        inner, self.rank, self.states = 2 * dim, math.ceil(dim / 16), states
        self.gated = version == 1
        self.in_proj = nn.Linear(dim, 2 * inner if self.gated else inner, bias=False)
        self.conv = nn.Conv2d(inner, inner, 3, padding=1, groups=inner, bias=self.gated)
        self.x_proj = nn.Parameter(torch.empty(PATHS, self.rank + 2 * states, inner))
        self.dt_weight = nn.Parameter(torch.empty(PATHS, inner, self.rank))
        self.dt_bias = nn.Parameter(torch.empty(PATHS, inner))
        self.A_log = nn.Parameter(torch.empty(PATHS, inner, states))
        self.skip = nn.Parameter(torch.ones(PATHS, inner))
        self.norm = Norm(inner)
        self.out_proj = nn.Linear(inner, dim, bias=False)
        self.reset()

    @torch.no_grad()
    def reset(self) -> None:
        """Starting values of the scan's own parameters."""
        for weight in self.x_proj:
            nn.init.kaiming_uniform_(weight, a=math.sqrt(5))
        nn.init.uniform_(self.dt_weight, -(self.rank**-0.5), self.rank**-0.5)
        low, high = (math.log(end) for end in STEP)
        step = torch.empty_like(self.dt_bias).uniform_(low, high).exp().clamp(min=FLOOR)
        self.dt_bias.copy_(inverse_softplus(step))
        self.A_log.copy_(torch.arange(1, self.states + 1).log().expand_as(self.A_log))
        self.skip.fill_(1)

    def core(self, u: Float[Tensor, "B H W D"]) -> Float[Tensor, "B H W D"]:
        """The four scans, merged."""
        paths = cross_scan(u)  # (L, B, 4, D)
        projected = torch.einsum("lbkd,krd->lbkr", paths, self.x_proj)
        delta, B, C = projected.split([self.rank, self.states, self.states], -1)
        delta = softplus(torch.einsum("lbkr,kdr->lbkd", delta, self.dt_weight).float() + self.dt_bias)
        A = -self.A_log.float().exp().transpose(1, 2)
        y = selective_scan(paths.float(), delta, A, B.float(), C.float(), self.skip)
        return cross_merge(y, *u.shape[1:3])

    def forward(self, x: Float[Tensor, "B H W d"]) -> Float[Tensor, "B H W d"]:
        """Tokens that have seen all others."""
        projected = self.in_proj(x)
        u, gate = projected.chunk(2, -1) if self.gated else (projected, None)
        u = silu(self.conv(u.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)
        y = self.norm(self.core(u)).to(projected.dtype)
        return self.out_proj(y if gate is None else y * silu(gate))


def inverse_softplus(y: Tensor) -> Tensor:
    """x with softplus(x) = y > 0, exact also for small y."""
    return y + torch.log(-torch.expm1(-y))


class VSSBlock(nn.Module):
    """x + SS2D(LN(x)) (Fig 4b), in the second version followed by x + MLP(LN(x)).

    `drop` is the rate at which whole branches are left out in training.
    """

    def __init__(self, dim: int, states: int, drop: float = 0.0, version: Version = 1) -> None:
        super().__init__()
        self.norm, self.scan = Norm(dim), SS2D(dim, states, version)
        self.mlp: nn.Module | None = None
        if version == 2:
            self.mlp = nn.Sequential(Norm(dim), nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))
        self.drop: nn.Module = nn.Identity()
        if drop:
            from torchvision.ops import StochasticDepth

            self.drop = StochasticDepth(drop, "row")

    def forward(self, x: Float[Tensor, "B H W d"]) -> Float[Tensor, "B H W d"]:
        """Tokens after the block."""
        x = x + self.drop(self.scan(self.norm(x)))
        return x if self.mlp is None else x + self.drop(self.mlp(x))


class PatchEmbed(nn.Module):
    """Patches of 4 × 4 pixels to tokens."""

    def __init__(self, dim: int, channels: int, patch: int) -> None:
        super().__init__()
        self.proj, self.norm = nn.Conv2d(channels, dim, patch, patch), Norm(dim)

    def forward(self, image: Float[Tensor, "B 3 H4 W4"]) -> Float[Tensor, "B H W d"]:
        """Tokens, channels last."""
        return self.norm(self.proj(image).permute(0, 2, 3, 1))


class Downsample(nn.Module):
    """A convolution over 3 × 3 tokens with stride 2, and a norm: how the second version halves a map."""

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(channels, dim, 3, 2, 1), Norm(dim)

    def forward(self, x: Float[Tensor, "B H W c"]) -> Float[Tensor, "B H2 W2 d"]:
        """Return half as many rows and columns, rounded up, channels last."""
        return self.norm(self.conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))


class ConvStem(nn.Sequential):
    """Two convolutions with stride 2 (the first to half the width) to tokens of 4 × 4 pixels, in the second version."""

    def __init__(self, dim: int, channels: int) -> None:
        super().__init__(Downsample(channels, dim // 2), nn.GELU(), Downsample(dim // 2, dim))

    def forward(self, image: Float[Tensor, "B 3 H4 W4"]) -> Float[Tensor, "B H W d"]:
        """Return tokens, channels last."""
        return super().forward(image.permute(0, 2, 3, 1))


class PatchMerging(nn.Module):
    """Four neighbouring tokens to one of twice the width; a last odd row or column is left out, as released."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm, self.reduction = Norm(4 * dim), nn.Linear(4 * dim, 2 * dim, bias=False)

    def forward(self, x: Float[Tensor, "B H W d"]) -> Float[Tensor, "B H2 W2 d2"]:
        """Half as many rows and columns."""
        height, width = (side // 2 * 2 for side in x.shape[1:3])
        corners = [x[:, row:height:2, column:width:2] for column in (0, 1) for row in (0, 1)]
        return self.reduction(self.norm(torch.cat(corners, -1)))


class Stage(nn.Module):
    """Blocks of one width, after the merging that leads to it (none in the first stage)."""

    def __init__(
        self, dim: int, depth: int, states: int, merge: bool, drops: Sequence[float], version: Version = 1
    ) -> None:
        super().__init__()
        halve = PatchMerging(dim // 2) if version == 1 else Downsample(dim // 2, dim)
        self.merge = halve if merge else nn.Identity()
        self.blocks = nn.Sequential(*(VSSBlock(dim, states, drops[i], version) for i in range(depth)))

    def forward(self, x: Float[Tensor, "B H W d"]) -> Float[Tensor, "B H2 W2 d2"]:
        """Tokens after this stage."""
        return self.blocks(self.merge(x))


class VMamba(nn.Module):
    """Pictures to tokens to pooled features, with a classifier where `num_classes` is not 0.

    The names that timm's models share are kept: `forward_features`, `forward_head`, `forward_intermediates`,
    `get_classifier`, `reset_classifier`, `num_features`, `feature_info`.
    """

    def __init__(
        self,
        dims: Sequence[int] = (96, 192, 384, 768),
        depths: Sequence[int] = (2, 2, 9, 2),
        states: int = 16,
        *,
        num_classes: int = 0,
        in_chans: int = 3,
        patch: int = 4,
        drop_path_rate: float = 0.0,
        version: Version = 1,
    ) -> None:
        super().__init__()
        if version not in get_args(Version):
            raise unknown("version of VMamba", version, map(str, get_args(Version)))
        if version != 1 and patch != 4:
            raise ParameterError(f"patch is {patch}; the second version's stem makes patches of 4 pixels.")
        if len(dims) != len(depths) or any(b != 2 * a for a, b in pairwise(dims)):
            raise ParameterError(
                f"dims {tuple(dims)} for depths {tuple(depths)}; expected as many, each twice the last."
            )
        drops = torch.linspace(0, drop_path_rate, sum(depths), device="cpu").split(list(depths))
        self.embed = PatchEmbed(dims[0], in_chans, patch) if version == 1 else ConvStem(dims[0], in_chans)
        self.stages = nn.ModuleList(
            Stage(dim, depth, states, k > 0, drops[k].tolist(), version)
            for k, (dim, depth) in enumerate(zip(dims, depths, strict=True))
        )
        self.norm = Norm(dims[-1])
        self.num_features = self.head_hidden_size = dims[-1]
        self.feature_info = [
            {"num_chs": dim, "reduction": patch * 2**k, "module": f"stages.{k}"} for k, dim in enumerate(dims)
        ]
        self.reset_classifier(num_classes)
        self.apply(_init)

    def reset_classifier(self, num_classes: int, global_pool: str | None = None) -> None:
        """A fresh classifier, or none for 0; pooling is always the mean over tokens."""
        if global_pool not in (None, "avg"):
            raise ParameterError(f"global_pool is {global_pool!r}; VMamba pools by the mean over tokens, 'avg'.")
        self.num_classes = num_classes
        self.head = nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()

    def get_classifier(self) -> nn.Module:
        """The classifier."""
        return self.head

    def no_weight_decay(self) -> set[str]:
        """Names of what weight decay leaves alone: decay rates and skips."""
        return {name for name, _ in self.named_parameters() if name.endswith(("A_log", "skip"))}

    def maps(self, image: Float[Tensor, "B 3 H4 W4"]) -> list[Float[Tensor, "B H W d"]]:
        """Tokens after each stage, channels last."""
        x, made = self.embed(image), []
        for stage in self.stages:
            x = stage(x)
            made.append(x)
        return made

    def forward_features(self, image: Float[Tensor, "B 3 H4 W4"]) -> Float[Tensor, "B H W d"]:
        """Normalised tokens of the last stage, channels last."""
        return self.norm(self.maps(image)[-1])

    def forward_head(self, x: Float[Tensor, "B H W d"], pre_logits: bool = False) -> Float[Tensor, "B c"]:
        """Mean over tokens, then the classifier."""
        pooled = x.mean((1, 2))
        return pooled if pre_logits else self.head(pooled)

    def forward_intermediates(
        self, x: Tensor, indices: int | Sequence[int] | None = None, *, norm: bool = False,
        stop_early: bool = False, output_fmt: str = "NCHW", intermediates_only: bool = False,
    ) -> list[Tensor] | tuple[Tensor, list[Tensor]]:  # fmt: skip
        """Maps of chosen stages (None: all; n: the last n), and the final tokens unless only those are asked for."""
        if output_fmt != "NCHW":
            raise ParameterError(f"output_fmt is {output_fmt!r}; only 'NCHW' is made.")
        everything = self.maps(x)
        final = self.norm(everything[-1])
        count = len(everything)
        wanted = (
            range(count) if indices is None else range(count - indices, count) if isinstance(indices, int) else indices
        )
        last = len(everything) - 1
        shown = [final if norm and k % count == last else everything[k] for k in wanted]
        chosen = [tokens.permute(0, 3, 1, 2) for tokens in shown]
        return chosen if intermediates_only else (final, chosen)

    def forward(self, image: Float[Tensor, "B 3 H4 W4"]) -> Float[Tensor, "B c"]:
        """Logits, or pooled features where there is no classifier."""
        return self.forward_head(self.forward_features(image))


def _init(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


RELEASED = "vmamba_tiny_e292.safetensors"


def tiny(pretrained: bool = False) -> VMamba:
    """VMamba-T, first version; `pretrained` reads the released weights from the cache folder, converted once.

    Raises:
        OSError: when they are not there; the message says how to get them.
    """
    model = VMamba()
    if pretrained:
        from safetensors.torch import load_file

        path = cache_home() / "weights" / RELEASED
        if not path.is_file():
            raise OSError(
                f"{path} is not there; download vmamba_tiny_e292.pth from VMamba's releases and run "
                f"python -m aeslib.aesmamba.release vmamba_tiny_e292.pth"
            )
        model.load_state_dict(load_file(path))
    return model


def small() -> VMamba:
    """For pictures of 64 pixels: 267,920 parameters."""
    return VMamba((16, 32, 64, 128), (1, 1, 2, 1), 4)


def base(pretrained: bool = False) -> VMamba:
    """Return VMamba-B of the second version, the encoder of the daggered row of aesmamba Table 1.

    Raises:
        OSError: when pretrained weights are asked for; this project has no converter for them.
    """
    if pretrained:
        raise OSError("the released weights of VMamba-B have no converter here; build it with pretrained=False.")
    return VMamba((128, 256, 512, 1024), (2, 2, 15, 2), 1, drop_path_rate=0.6, version=2)


def small_base() -> VMamba:
    """Return the second version for images of 64 pixels."""
    return VMamba((16, 32, 64, 128), (1, 1, 2, 1), 1, version=2)


register("vmamba", Entry(small, tiny, 22_124_448, "aesmamba 3.2.1, VMamba-T, first version"))
register("vmamba_b", Entry(small_base, base, 87_532_800, "aesmamba Table 1, VMamba-B, second version"))
