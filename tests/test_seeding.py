"""Every draw follows a seed: of the library and of the notebooks, by reading them; of a run, by watching it."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from aeslib import code, seeding
from aeslib.data.sources import stand_in_origin
from aeslib.data.synthetic.standins import world
from aeslib.errors import StateError
from aeslib.paths import ROOT
from aeslib.seeding import no_unseeded_draws, seeded, seeded_generator

LIBRARY = sorted(path for path in code.PACKAGE.rglob("*.py") if path.name != "seeding.py")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TORCH = {"rand", "randn", "randint", "randperm", "normal", "multinomial", "bernoulli", "poisson", "rand_like",
         "randn_like", "randint_like"}  # fmt: skip
IN_PLACE = {"normal_", "uniform_", "exponential_", "bernoulli_", "random_", "geometric_", "cauchy_", "log_normal_"}
NUMPY = {"default_rng", "Generator", "SeedSequence", "get_state"}
WEIGHTS = {"__init__", "grouped_weight", "reset"}
"""Functions that draw a network's first weights: torch gives them no generator of their own, so they are called inside
`seeded`."""
SEEDED_INSIDE = {"block", "joined", "pretrained", "restored", "start_of"}
"""Functions that return a network, or a part of one, whose weights do not depend on torch's default generator."""


def functions(tree: ast.AST, name: str = "") -> Iterator[tuple[ast.Call, str]]:
    """Every call with the name of the function around it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call):
            yield node, name
        yield from functions(node, node.name if isinstance(node, ast.FunctionDef) else name)


def unseeded(source: str) -> list[str]:
    """Calls that draw from a global generator, or from one that nobody can seed."""
    return [
        f"line {call.lineno}: {ast.unparse(call)}" for call, where in functions(ast.parse(source)) if bad(call, where)
    ]


def bad(call: ast.Call, where: str) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return isinstance(call.func, ast.Name) and call.func.id == "default_rng" and not call.args
    owner, name = ast.unparse(call.func.value), call.func.attr
    names = {keyword.arg for keyword in call.keywords}
    if owner == "torch" and name in TORCH:
        return "generator" not in names and where not in WEIGHTS
    if owner in {"np.random", "numpy.random"}:
        return name not in NUMPY or (name == "default_rng" and not call.args)
    if name in IN_PLACE and not owner.endswith("init"):
        return "generator" not in names and where not in WEIGHTS
    return owner == "random" or (owner, name) in {("torch", "manual_seed"), ("torch", "seed")}


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("torch.rand(3)", 1),
        ("torch.rand(3, generator=g)", 0),
        ("x.exponential_()", 1),
        ("x.exponential_(generator=g).log_()", 0),
        ("np.random.rand(3)", 1),
        ("np.random.default_rng()", 1),
        ("np.random.default_rng(0).random()", 0),
        ("random.random()", 1),
        ("torch.manual_seed(0)", 1),
        ("torch.Generator().manual_seed(0)", 0),
        ("nn.init.trunc_normal_(w, std=0.02)", 0),
    ],
)
def test_the_reader_of_this_file_knows_a_draw_without_a_seed(source, lines):
    assert len(unseeded(source)) == lines


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(code.PACKAGE)))
def test_every_draw_of_the_library_names_its_generator(path):
    assert unseeded(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [*LIBRARY, *NOTEBOOKS], ids=lambda path: path.stem)
def test_the_base_seed_moves_every_generator(path):
    """All generators are made by `aeslib.seeding`, but for the fixed numbers that the renderer takes its noise from."""
    source = code.notebook_source(path) if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")
    own = re.findall(r"default_rng\(|torch\.Generator\(\)|RandomState\(|random_state=\d", source)
    assert own == (["default_rng("] if path.name == "canvas.py" else [])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_draw_of_a_notebook_names_its_generator(path):
    assert unseeded(code.notebook_source(path)) == []


# --- networks of a notebook are built, and its training batches drawn, inside `seeded` ---


def imported(tree: ast.Module) -> dict[str, object]:
    """Name → what a notebook imports from aeslib under it."""
    return {
        alias.asname or alias.name: getattr(import_module(node.module), alias.name, None)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("aeslib")
        for alias in node.names
    }


def builds_network(call: ast.Call, names: dict[str, object]) -> bool:
    """Whether a call makes a network with fresh weights: a class of networks, or a function that returns one."""
    made = names.get(call.func.id) if isinstance(call.func, ast.Name) else None
    if inspect.isclass(made):
        return issubclass(made, nn.Module)
    if not inspect.isfunction(made) or made.__name__ in SEEDED_INSIDE:
        return False
    kind = made.__annotations__.get("return")
    kind = made.__globals__.get(kind) if isinstance(kind, str) else kind
    return inspect.isclass(kind) and issubclass(kind, nn.Module)


def within(tree: ast.AST, words: tuple[str, ...]) -> set[ast.AST]:
    """All nodes inside `with` blocks that begin with one of these words."""
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.With) and ast.unparse(n.items[0]).startswith(words)]
    return {node for block in blocks for node in ast.walk(block)}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_networks_and_batches_of_a_notebook_follow_a_seed(path: Path):
    tree = ast.parse(code.notebook_source(path))
    names, allowed = imported(tree), within(tree, ("seeded(", "torch.device('meta')"))
    counted = {node for call in ast.walk(tree) if isinstance(call, ast.Lambda) for node in ast.walk(call)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node not in allowed | counted]
    assert [ast.unparse(call) for call in calls if builds_network(call, names) or augments(call)] == []


def augments(call: ast.Call) -> bool:
    """Whether a call hands out training batches, whose pictures are cut and mirrored at random."""
    return isinstance(call.func, ast.Attribute) and call.func.attr == "epoch"


# --- what the library offers for it ---


def test_a_seeded_block_repeats_and_leaves_no_trace():
    before = torch.get_rng_state()
    with seeded(3):
        first = nn.Linear(2, 2).weight
        assert torch.equal(torch.rand(2, generator=seeded_generator()), torch.rand(2)) is False
    with seeded(3):
        assert torch.equal(nn.Linear(2, 2).weight, first)
    with seeded(4):
        assert not torch.equal(nn.Linear(2, 2).weight, first)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_draw_that_no_seed_reaches_is_an_error(monkeypatch):
    token = seeding._inside.set(False)
    try:
        with pytest.raises(StateError) as error:
            seeded_generator()
    finally:
        seeding._inside.reset(token)
    assert str(error.value) == (
        "a draw from torch's default generator, which no seed has reached; put the call into "
        "`with aeslib.seeding.seeded(SEED):`, or let `aeslib.training.fit` make it."
    )


@pytest.mark.parametrize(
    ("draw", "names"),
    [
        (lambda: nn.Linear(2, 2), "torch"),
        (lambda: nn.functional.dropout(torch.ones(9)), "torch"),
        (np.random.rand, "numpy"),
        (lambda: (np.random.shuffle([1, 2]), torch.rand(1)), "torch and numpy"),
    ],
)
def test_unseeded_draws_are_seen(draw, names):
    with pytest.raises(StateError) as error, no_unseeded_draws("a run of toy.grid"):
        draw()
    assert str(error.value) == (
        f"a run of toy.grid drew from the global generator of {names}, which no seed has reached: the next run would "
        "give other numbers. Pass a generator made from the seed, or draw inside "
        "`with aeslib.seeding.seeded(seed):`."
    )


def test_seeded_draws_and_other_errors_pass():
    with no_unseeded_draws("a run"), seeded(0):
        torch.rand(3), np.random.default_rng(0).random()
    with pytest.raises(ZeroDivisionError), no_unseeded_draws("a run"):
        _ = int(torch.rand(1)) // 0


# --- one number moves all of them ---


def draws() -> list[float]:
    """One number of each kind of draw."""
    with seeded(3):
        of_blocks = [float(torch.rand(())), float(np.random.rand())]
    of_torch = float(torch.rand((), generator=seeding.torch_generator(3)))
    return [*of_blocks, of_torch, seeding.numpy_generator(3).random(), seeding.numpy_generator([3, 4]).random(),
            float(seeding.moved(3))]  # fmt: skip


def test_base_seed_0_leaves_seeds_and_another_moves_each():
    plain = draws()
    assert plain[3] == np.random.default_rng(3).random()
    assert plain[5] == 3
    with seeding.use_base_seed(1):
        first = draws()
        assert draws() == first
        with seeding.use_base_seed(2):
            second = draws()
    assert draws() == plain
    for values in zip(plain, first, second, strict=True):
        assert len(set(values)) == 3


def test_what_is_remembered_belongs_to_its_base_seed():
    calls = []

    @seeding.remembered(maxsize=4)
    def value(x: int) -> int:
        calls.append(x)
        return x + seeding.base_seed()

    assert [value(1), value(1)] == [1, 1]
    with seeding.use_base_seed(5):
        assert [value(1), value(1)] == [6, 6]
    assert value(1) == 1
    assert calls == [1, 1]


def test_the_world_moves_with_the_base_seed():
    plain = world("ava", 40, 0).mos
    with seeding.use_base_seed(1):
        moved = world("ava", 40, 0).mos
        assert stand_in_origin("ava", size=40, seed=0).detail.endswith("size 40, seed 0, base seed 1")
    assert not np.array_equal(plain, moved)
    assert np.array_equal(world("ava", 40, 0).mos, plain)
