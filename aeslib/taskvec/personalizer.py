"""A front in scikit-learn's shape: photos and scores in, a personal model out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageOps
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.func import functional_call
from tqdm.auto import tqdm

from aeslib.data.images import decode, to_rgb
from aeslib.errors import ParameterError
from aeslib.metrics import srcc
from aeslib.seeding import torch_generator
from aeslib.taskvec.coefficients import Personal, initial
from aeslib.taskvec.network import TaskModel
from aeslib.taskvec.solve import solve_exact, solve_tangent, tangent
from aeslib.taskvec.vectors import TaskStack, check_same, parameters_of

Photo = str | Path | Image.Image | np.ndarray
SOLVERS = ("exact", "tangent")


def pictures_of(photos: Sequence[Photo] | Tensor, side: int) -> Tensor:
    """(K, 3, side, side) in 0–1 of files, PIL pictures, (H, W, 3) uint8 arrays or a ready tensor.

    Raises:
        DataError: naming a file that is missing or damaged.
        ParameterError: naming an entry that is no picture.
    """
    if isinstance(photos, Tensor):
        return photos
    return (
        torch.from_numpy(np.stack([_picture(photo, place, side) for place, photo in enumerate(photos)])).float() / 255
    )


def _picture(photo: Photo, place: int, side: int) -> np.ndarray:
    """(3, side, side) uint8, the middle square."""
    if isinstance(photo, (str, Path)):
        return decode(Path(photo), side, "crop")
    if isinstance(photo, np.ndarray):
        if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
            raise ParameterError(f"photo {place} is {photo.dtype} {photo.shape}; expected uint8 (H, W, 3).")
        return _picture(Image.fromarray(photo), place, side)
    if not isinstance(photo, Image.Image):
        raise ParameterError(f"photo {place} is {type(photo).__name__}; expected a path, PIL picture or array.")
    square = ImageOps.fit(to_rgb(photo), (side, side), Image.Resampling.BICUBIC)
    return np.asarray(square).transpose(2, 0, 1)


def checked_scores(scores: Sequence[float] | np.ndarray, count: int) -> Tensor:
    """(K,) finite scores with at least two different values."""
    given = np.asarray(scores, float)
    if given.shape != (count,):
        raise ParameterError(f"{count} photos and scores of shape {given.shape}; expected one score per photo.")
    if not np.isfinite(given).all():
        raise ParameterError(f"score {int(np.flatnonzero(~np.isfinite(given))[0])} is not finite; rate every photo.")
    if count < 2:
        raise ParameterError(f"{count} rated photo; a preference needs at least 2.")
    if len(np.unique(given)) < 2:
        raise ParameterError(f"all {count} scores are {given[0]:g}; a preference needs at least two different scores.")
    return torch.from_numpy(given).float()


class Personalizer(RegressorMixin, BaseEstimator):
    """Learns the coefficients of task vectors from one person's scores (taskvec 3.2, 3.3).

    Args:
        task_vectors: n task vectors over one start.
        model: the network that they belong to.
        config: how to learn; the paper's by default.
        solver: "exact" merges at every step; "tangent" is the first-order shortcut.
        side: of the pictures that the network sees.
        random_state: of the batches.
        progress: show a bar.

    After `fit`: `coef_` (n, L), `agreement_` (n,) SRCC of each task model with them, `weights_` the merged model.
    """

    def __init__(
        self,
        task_vectors: TaskStack,
        model: TaskModel,
        config: Personal | None = None,
        solver: Literal["exact", "tangent"] = "exact",
        side: int = 64,
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.task_vectors, self.model, self.config, self.solver = task_vectors, model, config, solver
        self.side, self.random_state, self.progress = side, random_state, progress

    def fit(self, images: Sequence[Photo] | Tensor, scores: Sequence[float] | np.ndarray) -> "Personalizer":
        """Learn from K photos with their scores, in any units: only their order counts."""
        if self.solver not in SOLVERS:
            raise ParameterError(f"solver is {self.solver!r}; expected one of {', '.join(SOLVERS)}.")
        check_same(parameters_of(self.model), self.task_vectors.start, "model and task vectors")
        given = checked_scores(scores, len(images))
        shown, stack, config = pictures_of(images, self.side), self.task_vectors, self.config or Personal()
        each = [
            self._scores(stack.merged(torch.eye(stack.n)[i][:, None].expand(stack.shape)), shown)
            for i in range(stack.n)
        ]
        self.agreement_ = np.array([float(srcc(one, given.numpy())) for one in each])
        begin = initial(torch.from_numpy(self.agreement_).float(), stack.shape[1], config.temperature)
        generator = torch_generator(self.random_state)
        if self.solver == "tangent":
            known, rows = tangent(self.model, stack, shown, len(shown), begin), torch.arange(len(shown))
            alpha = solve_tangent(known, rows[None], given[None], begin[None], config, generator)[0]
        else:
            with tqdm(total=config.steps, desc="coefficients", disable=not self.progress, leave=False) as bar:

                def tick(_: int, loss: float) -> None:
                    bar.update()
                    bar.set_postfix(loss=f"{loss:.3f}")

                alpha = solve_exact(self.model, stack, shown, given, begin, config, generator, tick)
        self.coef_, self.weights_ = alpha.numpy(), stack.merged(alpha)
        return self

    def predict(self, images: Sequence[Photo] | Tensor) -> np.ndarray:
        """(N,) scores on the template's 1 to 10."""
        check_is_fitted(self)
        return self._scores(self.weights_, pictures_of(images, self.side))

    def score(self, images: Sequence[Photo] | Tensor, scores: Sequence[float] | np.ndarray) -> float:
        """SRCC of predictions with scores."""
        return float(srcc(self.predict(images), np.asarray(scores, float)))

    def _scores(self, weights: dict[str, Tensor], shown: Tensor) -> np.ndarray:
        self.model.eval()
        with torch.inference_mode():
            return functional_call(self.model, weights, (shown,)).numpy()
