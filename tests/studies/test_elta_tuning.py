"""Eleven settings for each method, on validation, at seeds that no table uses."""

from dataclasses import replace

from aeslib.profiles import PROFILES, get_profile
from aeslib.studies import elta, elta_tuning


def test_every_method_gets_eleven_settings():
    tried = {"ELTA": set(), "L&FDS": set(), "RankSim": set()}
    for cell in elta_tuning.grid(get_profile("default")):
        tried[cell.method or "ELTA"].add(replace(cell, seed=0))
    assert {method: len(cells) for method, cells in tried.items()} == dict.fromkeys(tried, 11)


def test_no_table_uses_the_seeds_of_tuning():
    night = PROFILES["night"]
    studies = (elta.ABLATION, elta.COMPARISON, elta.PLUG_IN, elta.MIXING, elta.CONTROL, elta.SWEEP)
    used = {cell.seed for study in studies for cell in study.grid(night)}
    assert not used & set(elta_tuning.SEEDS)
    assert {elta.Cell(seed=seed).pretext for seed in elta_tuning.SEEDS} == set(range(elta.PRETEXTS))


def test_the_settings_in_use_are_among_those_tried():
    cells = elta_tuning.grid(get_profile("default"))
    assert elta.MIXED["small"] in {cell.n for cell in cells if cell.mix}
    assert elta.WEIGHT["small"] in {cell.flsa for cell in cells}
    for method in ("L&FDS", "RankSim"):
        used = {replace(cell, data="ava", extra="", seed=100) for cell in elta.comparison(get_profile("default"))
                if cell.method == method}  # fmt: skip
        assert len(used) == 1
        assert used <= set(cells)
