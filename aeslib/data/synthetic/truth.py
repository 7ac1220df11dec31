"""What is good about a scene, and by how much: documented functions of what its pixels show.

`qualities` says what can be seen (0-1 each). `beauty` weighs it: each data set has a criterion of its own, each theme
asks for other things, and the weakest technical link counts again. Nothing here looks at a number that leaves no trace
in the picture: saturation and detail are taken after exposure, haze and blur.
"""

import numpy as np

from aeslib.data.synthetic.scenes import FILL, THEMES

QUALITIES = (
    "light", "contrast", "vivid", "harmony", "thirds", "balance", "depth", "sharp", "clean",
    "motion", "object", "content", "repetition", "symmetry", "simplicity",
)  # fmt: skip
APPEAL = (0.8, 0.75, 0.9, 0.5, 0.3, 0.65, 0.7, 0.8, 0.5, 0.55, 0.45, 0.25)
"""How much people like to look at each theme, 0-1."""

THEME_WEIGHTS: dict[str, dict[str, float]] = {
    "landscape": {"light": 1.4, "vivid": 1.3, "thirds": 1.3, "depth": 0.2},
    "seascape": {"light": 1.3, "simplicity": 1.5, "symmetry": 1.5},
    "sunset": {"vivid": 1.6, "harmony": 1.3, "light": 0.8},
    "city": {"contrast": 1.4, "repetition": 1.5, "sharp": 1.3},
    "street": {"balance": 1.5, "contrast": 1.4, "vivid": 0.5, "motion": 1.5},
    "portrait": {"depth": 1.6, "object": 1.4, "light": 1.3, "vivid": 0.5},
    "animal": {"sharp": 1.5, "object": 1.4, "depth": 1.3},
    "flower": {"vivid": 1.4, "depth": 1.5, "harmony": 1.3},
    "food": {"light": 1.4, "harmony": 1.4, "depth": 1.2},
    "architecture": {"symmetry": 2.0, "repetition": 1.6, "contrast": 1.3},
    "night": {"contrast": 1.5, "clean": 1.6, "light": 0.7},
    "abstract": {"harmony": 1.6, "repetition": 1.6, "contrast": 1.3, "object": 0.3},
}
"""Factor on a quality's weight, 1 where not named: what a theme asks for."""


def bell(x: np.ndarray, width: float) -> np.ndarray:
    """1 at 0, 0.37 at `width`."""
    return np.exp(-((x / width) ** 2))


def qualities(s: np.ndarray) -> np.ndarray:
    """(N, 15) what can be seen in scenes `s`, 0-1 each, in the order of `QUALITIES`."""
    clear = 1 - 0.75 * s["haze"]
    light = bell(s["exposure"], 1.1) * (0.6 + 0.4 * clear)
    contrast = s["contrast"] * clear * bell(s["exposure"], 2.0)
    vivid = s["saturation"] * clear * bell(s["exposure"], 1.8) * (0.4 + 0.8 * s["contrast"])
    focus = 1 - np.maximum(s["miss"], np.where(s["pan"] > 0, 0, s["motion"]))
    columns = {
        "light": light,
        "contrast": contrast,
        "vivid": vivid,
        "harmony": harmony(s["accent"], vivid),
        "thirds": thirds(s),
        "balance": balance(s),
        "depth": s["defocus"] * focus,
        "sharp": focus,
        "clean": 1 - s["noise"],
        "motion": 0.5 + 0.5 * s["motion"] * np.where(s["pan"] > 0, 1, -1),
        "object": (s["size"] / np.array(FILL)[s["theme"]] - 0.08)
        / 0.16
        * (1 - 0.6 * s["clutter"])
        * (0.5 + 0.5 * focus),
        "content": 0.6 * np.array(APPEAL)[s["theme"]] + 0.25 * (1 - s["clutter"]) + 0.15 * s["texture"] * focus,
        "repetition": np.clip((s["repetition"] - 1) / 5, 0, 1),
        "symmetry": s["symmetry"],
        "simplicity": 1 - s["clutter"],
    }
    return np.clip(np.stack([columns[name] for name in QUALITIES], axis=1), 0, 1).astype(np.float64)


def harmony(accent: np.ndarray, vivid: np.ndarray) -> np.ndarray:
    """1 for analogous, triadic or complementary hues, less between them; grey pictures cannot clash."""
    near = np.maximum.reduce([bell(accent - at, 0.08) for at in (0.0, 1 / 3, 0.5)])
    return 1 - (1 - near) * np.clip(2.5 * vivid, 0.1, 1)


def thirds(s: np.ndarray) -> np.ndarray:
    """1 with the subject on a crossing of the thirds, 0 beyond a fifth of the picture from it."""
    off = np.hypot(*(np.minimum(np.abs(s[axis] - 1 / 3), np.abs(s[axis] - 2 / 3)) for axis in "xy"))
    return np.clip(1 - off / 0.2, 0, 1)


def balance(s: np.ndarray) -> np.ndarray:
    """1 when the masses left and right hold each other: a subject off the middle wants a counterweight."""
    lean = np.abs(s["x"] - 0.5) * 3
    return np.clip(1 - np.abs(lean - s["counter"]) * 0.9, 0, 1)


def beauty(s: np.ndarray, q: np.ndarray, criterion: dict[str, float], appeal: float) -> np.ndarray:
    """(N,) how beautiful scenes are by one criterion, in no unit (calibrated by the stand-in).

    beauty = sum_k c_k m_tk (q_k - 1/2) + 0.4 min(light, sharp, clean) + appeal * A_t, with c the data set's criterion,
    m the theme's factors, A the theme's appeal.
    """
    weights = np.array([criterion.get(name, 0.0) for name in QUALITIES])
    factors = np.array([[THEME_WEIGHTS[theme].get(name, 1.0) for name in QUALITIES] for theme in THEMES])
    weakest = q[:, [QUALITIES.index(name) for name in ("light", "sharp", "clean")]].min(axis=1)
    total = ((q - 0.5) * factors[s["theme"]]) @ weights
    return total + 0.4 * weakest + appeal * np.array(APPEAL)[s["theme"]]
