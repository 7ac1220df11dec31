"""What a GPU did with the scan and with the paper-size networks."""

from __future__ import annotations

import json
from pathlib import Path

from aeslib.paths import ROOT

SCHEMA = json.loads(Path(__file__).with_name("gpu.schema.json").read_text(encoding="utf-8"))


def results_file() -> Path:
    """What `benchmarks/gpu.py` wrote."""
    return ROOT / "benchmarks" / "gpu.json"
