"""Change one thing in a generated scene and watch map and score follow. The view is thin: `respond` does the work."""

from base64 import b64encode
from dataclasses import dataclass
from html import escape
from io import BytesIO

import ipywidgets as widgets
import numpy as np
import torch

from aeslib.data.synthetic.render import render
from aeslib.errors import unknown
from aeslib.mtcnn.maps import block, enlarged, grad_cam
from aeslib.mtcnn.network import MultiTaskNet
from aeslib.mtcnn.targets import Scaling
from aeslib.plots.mtcnn import figure_maps
from aeslib.widgets.frames import Framed

LATENTS = {
    "exposure": (-2, 2), "saturation": (0, 1), "contrast": (0, 1), "haze": (0, 1), "defocus": (0, 1), "miss": (0, 1),
    "motion": (0, 1), "noise": (0, 1), "x": (0.1, 0.9), "y": (0.1, 0.9), "size": (0.05, 0.35), "clutter": (0, 1),
    "accent": (0, 0.5), "counter": (0, 1),
}  # fmt: skip
"""Columns of a scene that can be moved → lowest and highest value; `SCENE` says what they mean."""


@dataclass(frozen=True)
class Response:
    """What the network makes of one scene."""

    picture: np.ndarray
    """(3, H, W) uint8."""
    map: np.ndarray
    """(H, W) Grad-CAM of the chosen output, 0 to 1."""
    scores: np.ndarray
    """(K,) predictions in native units."""


def respond(
    model: MultiTaskNet, scaling: Scaling, scene: np.ndarray, *, output: str, latent: str, value: float, side: int = 64
) -> Response:
    """Set one column of a scene, render it anew and ask the network.

    Args:
        model: fine-tuned.
        scaling: of its outputs.
        scene: one row of a `SCENE` array; it is not changed.
        output: name of the output whose map is wanted.
        latent: one of `LATENTS`.
        value: what it is set to.
        side: of the picture in pixels.

    Raises:
        ParameterError: for an unknown output or latent.
    """
    for kind, name, known in (("output", output, scaling.names), ("latent", latent, LATENTS)):
        if name not in known:
            raise unknown(kind, name, known)
    moved = np.array([scene])
    moved[latent] = value
    picture = render(moved, side)
    image = picture.float() / 255
    cam = grad_cam(model, block(model, "block4_conv3"), image, scaling.names.index(output))
    with torch.inference_mode():
        scores = scaling.native(model(image).numpy())[0]
    return Response(picture[0].numpy(), enlarged(cam, side)[0].numpy(), scores)


class LatentExplorer(Framed, widgets.VBox):
    """Pick a picture, an output and what to change; picture, map and score answer."""

    together = (("change", "to"), ("picture",), ("output",))
    few = 3

    def __init__(self, model: MultiTaskNet, scaling: Scaling, scenes: np.ndarray, side: int = 64) -> None:
        self.model, self.scaling, self.scenes, self.side = model, scaling, scenes, side
        self.drawn: dict[tuple[int, str], Response] = {}
        wide = {"style": {"description_width": "90px"}, "layout": {"width": "420px"}}
        self.scene = widgets.IntSlider(min=0, max=len(scenes) - 1, description="picture", **wide)
        self.output = widgets.Dropdown(options=scaling.names, description="output", **wide)
        self.latent = widgets.Dropdown(options=list(LATENTS), description="change", **wide)
        self.value = widgets.FloatSlider(description="to", continuous_update=False, step=0.05, **wide)
        self.line, self.picture = widgets.HTML(), widgets.HTML()
        super().__init__([self.scene, self.output, self.latent, self.value, self.line, self.picture])
        self.add_class("aeslib-latents")
        for control in (self.scene, self.latent):
            control.observe(lambda _: self._reset(), "value")
        for control in (self.output, self.value):
            control.observe(lambda _: self._show(), "value")
        self._reset()

    def _reset(self) -> None:
        """The slider at what the scene has."""
        self.ready = False
        low, high = LATENTS[self.latent.value]
        self.value.min, self.value.max = min(low, self.value.value), max(high, self.value.value)
        self.value.value = float(np.clip(self.scenes[self.scene.value][self.latent.value], low, high))
        self.value.min, self.value.max = low, high
        self.ready = True
        self._show()

    def _show(self) -> None:
        if not self.ready:  # several controls are being set at once
            return
        scene, output, latent = self.scenes[self.scene.value], self.output.value, self.latent.value
        asked = {"output": output, "latent": latent, "side": self.side}
        case = (self.scene.value, output)
        if case not in self.drawn:
            self.drawn[case] = respond(self.model, self.scaling, scene, value=float(scene[latent]), **asked)
        before = self.drawn[case]
        now = respond(self.model, self.scaling, scene, value=self.value.value, **asked)
        k = self.scaling.names.index(output)
        change = now.scores[k] - before.scores[k]
        self.line.value = (
            f"<b>{escape(output)}: predicted {now.scores[k]:.3f}, as drawn {before.scores[k]:.3f} ({change:+.3f}); "
            f"{escape(latent)} {self.value.value:.2f}, as drawn {float(scene[latent]):.2f}</b>"
        )
        file = BytesIO()
        shown = {"Grad-CAM, block4_conv3": np.stack([before.map, now.map])}
        figure_maps(np.stack([before.picture, now.picture]), shown, ["as drawn", "changed"]).savefig(file, dpi=90)
        alt = f"Picture and map for {output}, as drawn and with {latent} {self.value.value:.2f}"
        self.picture.value = (
            f'<img alt="{escape(alt)}" src="data:image/png;base64,{b64encode(file.getvalue()).decode()}">'
        )
