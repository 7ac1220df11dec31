"""A start for small encoders, since nothing pretrained can be had offline: themes and visible qualities of the world.

Scenes are drawn for this alone and never carry an aesthetic score, so no truth leaks into what is judged later.
"""

from pathlib import Path

import numpy as np
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from aeslib.backbones import BACKBONES, Encoder, build
from aeslib.code import closure, digest, unchanged
from aeslib.data.synthetic.render import render
from aeslib.data.synthetic.scenes import THEMES, Camera, draw_scenes
from aeslib.data.synthetic.truth import QUALITIES, qualities
from aeslib.errors import StateError
from aeslib.numerics import numerics, one_thread
from aeslib.paths import artifacts_dir, exclusive
from aeslib.profiles import Profile
from aeslib.seeding import base_seed, numpy_generator, seeded
from aeslib.training.batches import Batch, Batches
from aeslib.training.checkpoint import read_weights, save_weights
from aeslib.training.fit import FitConfig, fit

SEED = 20_000
"""Far from the seeds of every study."""
SHARE = 3
"""One picture in so many is enough for an encoder that no other chapter starts from."""


class PretextModel(nn.Module):
    """An encoder with two linear heads: theme (12 classes) and visible qualities."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.theme = nn.Linear(encoder.num_features, len(THEMES))
        self.quality = nn.Linear(encoder.num_features, len(QUALITIES))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, 12) and qualities (B, Q)."""
        z = self.encoder(image)
        return self.theme(z), self.quality(z)


def objective(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
    """Cross-entropy of the theme plus ten times the squared error of the qualities (which spread over about 0.3)."""
    theme, quality = model(batch["image"])
    named, seen = cross_entropy(theme, batch["theme"]), mse_loss(quality, batch["quality"])
    right = (theme.argmax(1) == batch["theme"]).float().mean()
    return named + 10 * seen, {"theme_accuracy": right, "quality_mse": seen.detach()}


def theme_objective(model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the cross-entropy of the theme alone: nothing that beauty is made of is a target."""
    logits, _ = model(batch["image"])
    accuracy = (logits.argmax(1) == batch["theme"]).float().mean()
    return cross_entropy(logits, batch["theme"]), {"theme_accuracy": accuracy}


def pictures(n: int, size: int, seed: int = SEED) -> Batches:
    """n pictures of scenes drawn without any data set's habits, with their theme and qualities."""
    scenes = draw_scenes(numpy_generator(seed), n, Camera())
    targets: dict[str, np.ndarray] = {"theme": scenes["theme"].astype(np.int64), "quality": qualities(scenes)}
    return Batches(render(scenes, size).numpy(), targets, [f"pretext-{row}" for row in range(n)])


def pretrained(
    name: str,
    profile: Profile,
    *,
    share: int = 1,
    themes_only: bool = False,
    seed: int = 0,
    progress: bool = True,
) -> Encoder:
    """The encoder of that name with its starting weights: published ones in the paper profile, else the pretext's.

    Trained once on one in `share` of the profile's pictures and kept in `artifacts/PROFILE/pretext/`; a change of
    profile or code makes another.

    Args:
        name: on the list of encoders.
        profile: sizes.
        share: one picture in so many is enough.
        themes_only: learn the themes without the visible qualities, which are what scores are made of. Its weights
            have a file of their own.
        seed: another one gives other first weights and other images (not in the paper profile, where there is one set
            of published weights).
        progress: show a bar while it is trained.
    """
    if profile.size == "paper":
        with seeded(SEED):
            return build(name, "paper", pretrained=True)
    images = profile.pretext_images // share
    sizes = (images, profile.pretext_epochs, profile.image_size)
    draw = SEED + seed
    with seeded(draw):
        encoder = build(name)
        files = closure(f"import {__name__}, {BACKBONES[name].small.__module__}")
        label = f"{name}-themes" if themes_only else name
        moves = f"{f' seed {seed}' if seed else ''}{f' base seed {base_seed()}' if base_seed() else ''}"
        key = digest(f"{label} {sizes}{moves}", numerics(files), *files)
        path = artifacts_dir(profile.runs) / "pretext" / f"{label}-{key}.safetensors"
        if _put(path, encoder):
            return encoder
        with exclusive(path.with_suffix(".lock")), one_thread():
            if not _put(path, encoder):
                model = PretextModel(encoder)
                train = pictures(images, profile.image_size, draw)
                warmup = profile.pretext_epochs * train.steps // 5  # without it token models end lower
                config = FitConfig(epochs=profile.pretext_epochs, lr=2e-3, schedule="cosine", warmup=warmup, seed=draw)
                with unchanged(files):
                    history = fit(model, theme_objective if themes_only else objective, train, config,
                                  checkpoint=path.with_suffix(".part.safetensors"),
                                  progress=f"pretext of {label}" if progress else "")  # fmt: skip
                save_weights(path, encoder.state_dict(), {"history": history.rows})
    return encoder


def _put(path: Path, encoder: Encoder) -> bool:
    """Load kept weights; False when there are none (or a damaged file, which is then made again)."""
    try:
        encoder.load_state_dict(read_weights(path)[0])
    except StateError:
        return False
    return True
