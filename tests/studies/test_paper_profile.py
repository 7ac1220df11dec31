"""The paper profile of every room but ELTA's (see test_elta.py) on picture files in the owners' layouts.

Real code, real files; only what cannot be had offline is replaced: published weights by random ones, BERT by a small
one of the same kind, and long schedules by single epochs.
"""

import json
from dataclasses import replace

import makers
import numpy as np
import pytest
import torch

from aeslib.aesmamba.text import TextEncoder, Vocabulary
from aeslib.backbones import build
from aeslib.data import load
from aeslib.data.adapters import ADAPTERS
from aeslib.profiles import get_profile
from aeslib.studies import aesmamba, aesmamba_people, aestheticnet, mtcnn, taskvec, taskvec_tasks, taskvec_views
from aeslib.taskvec.tasks import TASKS

PAPER = replace(get_profile("paper"), image_size=32, epochs=1, seeds=1, bootstrap=10)
CACHED = (
    mtcnn.pictures_of, mtcnn.prepared, aesmamba.prepared, aesmamba.texts, aesmamba.vocabulary,
    aesmamba_people.world_of, aesmamba_people.vocabulary, aestheticnet.ava,
    aestheticnet.proxy, aestheticnet.tid, aestheticnet.shaped,
    taskvec_tasks.task_parts, taskvec_tasks.stack_of, taskvec_views.users_of,
    taskvec_views.seen, taskvec.pam_of, taskvec.flickr_features, taskvec.meta_head,
)  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_kept():
    for cached in CACHED:
        cached.cache_clear()
    yield
    for cached in CACHED:
        cached.cache_clear()


@pytest.fixture
def owners(tmp_path, monkeypatch):
    """`owners("aadb", "eva")` puts labels and pictures there; `load` then says "real"."""
    root = tmp_path / "data"
    root.mkdir()
    monkeypatch.setenv("AESLIB_DATA", str(root))
    monkeypatch.chdir(tmp_path)

    def put(*keys):
        for key in keys:
            if not (root / key).exists():
                makers.make(key, root)
        for key in keys:
            folder = root / key / ADAPTERS[key].IMAGES[0]
            for seed, name in enumerate(load(key).table.frame["image_id"]):
                makers.jpeg(folder / (name if name.endswith((".jpg", ".bmp")) else f"{name}.jpg"), seed, (48, 40))
            assert load(key).source == "real"

    put.root = root
    monkeypatch.setattr("aeslib.studies.parts.held_out", every_third)
    return put


def every_third(table, seed):
    """So few pictures that a random tenth may be none."""
    published = table.frame["split"].to_numpy() == "validation"
    return published if published.any() else np.arange(len(table)) % 3 == 1


def small(name, *_, **__):
    """An encoder of that family in the small size, unless only the paper has it."""
    torch.manual_seed(0)
    return build("cnn")


def finite(arrays, *names):
    for name in names:
        assert np.isfinite(arrays[name]).all(), name


def test_multi_task_networks(owners, monkeypatch, tmp_path):
    makers.eva(owners.root / "eva", {str(100 + n): (n % 11, (2 * n) % 11, 5) for n in range(20)})
    owners("aadb", "eva")
    monkeypatch.setattr(mtcnn, "starting_encoder", lambda _: build("vgg16"))
    for key, outputs in (("aadb", 12), ("eva", 5)):
        found = mtcnn.compute(mtcnn.Cell(data=key), PAPER, tmp_path / f"{key}.safetensors").arrays
        assert found["second"].shape == (len(mtcnn.pictures_of(key, PAPER).test), outputs)
        finite(found, "first", "second", "across")
        assert np.isfinite(found["faithfulness"][:, :, 1]).all()  # random maps; Grad-CAM's may mark nothing
        assert not np.array_equal(found["first"], found["second"])
    assert mtcnn.pictures_of("aadb", PAPER).source == "real"


@pytest.fixture
def little_bert(monkeypatch):
    """A text encoder of BERT's shape (768 wide), untrained, over words of the comments at hand."""
    words = Vocabulary.learnt(["calm light soft crooked horizon busy art beginner photography expert age trait 1 2 3"])

    class Bert(TextEncoder):
        def __init__(self, pretrained=False):
            super().__init__(len(words), 768, layers=1, heads=12)

    for module in (aesmamba, aesmamba_people):
        monkeypatch.setattr(module, "bert_vocabulary", lambda: words)
        monkeypatch.setattr(module, "Bert", Bert)
    monkeypatch.setattr(aesmamba, "pretrained", small)
    monkeypatch.setattr("aeslib.studies.frozen.pretrained", small)
    plain = aesmamba.config_of
    monkeypatch.setattr(aesmamba, "config_of", lambda cell, profile: replace(plain(cell, profile), epochs=1))


def captions(folder):
    """Comments on every picture of the made AVA."""
    said = [{"filename": f"{n}.jpg", "imgid": n, "split": "train",
             "sentences": [{"raw": "calm light", "clean": "calm light", "tokens": ["calm", "light"]}]}
            for n in makers.AVA_IDS]  # fmt: skip
    text = json.dumps({"images": said, "dataset": "AVA"})
    makers.lines(folder / "CLEAN_AVA_FULL_AFTER_SUBJECTIVE_CLEANING.json", [text], last=False)


def more_ava(folder):
    """AVA with training pictures."""
    makers.ava(folder)
    votes = [[n, *makers.ava_votes(n), 12, 0, 873] for n in makers.AVA_IDS[:20]]
    head = ["image_id", *(f"score{k}" for k in range(2, 12)), "t1", "t2", "t3"]
    makers.csv(folder / "tanet/train.csv", head, votes)


def test_aesmamba_on_pictures_and_comments(owners, little_bert, tmp_path):
    more_ava(owners.root / "ava")
    captions(owners.root / "ava_captions")
    owners("ava", "ava_captions", "aadb", "para")
    cells = (
        aesmamba.Cell(data="aadb"),
        aesmamba.Cell(data="ava", encoder="resnet50", adapter=False, classes=""),
        aesmamba.Cell(data="ava_captions", text="comments"),
        aesmamba.Cell(data="ava_captions", text="stated"),
        aesmamba.Cell(data="aadb", classes="ce", lam=0.1, ratio=50),
        aesmamba.Cell(data="para", task="attributes"),
    )
    for cell in cells:
        found = aesmamba.compute(cell, PAPER, tmp_path / "part.safetensors").arrays
        assert found["pred"].shape == found["truth"].shape
        finite(found, "pred", "val")


def test_personas(owners, little_bert, monkeypatch, tmp_path):
    owners("para")
    monkeypatch.setitem(aesmamba_people.DRAWN, "paper", (3, 1))
    learnt = aesmamba_people.personalise
    monkeypatch.setattr(aesmamba_people, "personalise", lambda *given, **how: learnt(*given, **how | {"epochs": 1}))
    found = aesmamba_people.compute(aesmamba_people.Cell(kind="all"), PAPER, tmp_path / "part.safetensors").arrays
    assert aesmamba_people.world_of(PAPER).features.shape == (3, build("cnn").num_features)
    finite(found, "SRCC_own", "SRCC_shuffled")
    found = aesmamba_people.compute(aesmamba_people.Cell(kind="ridge"), PAPER, tmp_path / "part.safetensors").arrays
    finite(found, "SRCC_own", "SRCC_shuffled", "SRCC_crowd")
    assert "SRCC_true_persona" not in found  # nobody knows the truth of real votes


def test_architecture_search(owners, monkeypatch, tmp_path):
    more_ava(owners.root / "ava")
    owners("ava", "tid2013")
    monkeypatch.setitem(aestheticnet.SIDE, "paper", 32)
    short, net = aestheticnet.search_config, aestheticnet.net_config
    monkeypatch.setattr(aestheticnet, "search_config",
                        lambda p, seed: replace(short(p, seed), cells=(3, 3, 3), epochs=1, warmup=0, c=2))  # fmt: skip
    monkeypatch.setattr(aestheticnet, "net_config", lambda p, cbam=False: replace(net(p, cbam=cbam), c=4, cells=3))
    plain = aestheticnet.fit_config
    monkeypatch.setattr(aestheticnet, "fit_config", lambda p, cell: replace(plain(p, cell), epochs=1))
    found = aestheticnet.hunt(aestheticnet.Hunt(seed=0), PAPER, tmp_path / "search.safetensors")
    assert found.metrics["parameters"] > 0
    cells = (
        aestheticnet.Cell(net="published"),
        aestheticnet.Cell(net="published", view="own"),
        aestheticnet.Cell(net="published", view="crop"),
        aestheticnet.Cell(net="published", data="tid2013"),
    )
    own = aestheticnet.shaped(PAPER, "own").test
    assert {tuple(shape) for shape in own.shapes} == {(32, 32)}  # 48 × 40, in steps of 8
    assert {tuple(shape) for shape in own.filled} == {(31, 37)}
    for cell in cells:
        made = aestheticnet.compute(cell, PAPER, tmp_path / "part.safetensors").arrays
        assert all(np.isfinite(v).all() for v in made.values() if v.dtype.kind == "f")


def raters(folder):
    """Flickr-AES as its owners publish it: three users to train on and two to test; public copies have the latter."""
    rows = [f"W{user}, farm{user > 2:d}_{k}_a.jpg, {1 + (k + user) % 5}" for user in range(1, 6) for k in range(36)]
    makers.lines(folder / "FLICKR-AES_image_labeled_by_each_worker.csv", ["worker, imagePair, score", *rows])
    makers.lines(folder / "test_workers_ID.csv", ["ID", "W1", "W2"])


def test_task_vectors_and_users(owners, monkeypatch, tmp_path):
    more_ava(owners.root / "ava")
    albums = [[f"u{user}", f"{user}{k}.jpg", 1 + (k + user) % 5] for user in (1, 2) for k in range(7)]
    makers.csv(owners.root / "real_cur" / "ratings.csv", ["worker", "imagePair", "score"], albums)
    raters(owners.root / "flickr_aes")
    owners(*TASKS, "real_cur", "aadb")
    monkeypatch.setattr(taskvec_tasks, "pretrained", small)
    plain = taskvec_tasks.phases

    def once(profile, seed):
        plan = plain(profile, seed)
        return replace(plan, head=replace(plan.head, epochs=1), all=replace(plan.all, epochs=1))

    monkeypatch.setattr(taskvec_tasks, "phases", once)
    monkeypatch.setattr(taskvec_views, "LEAST", 2)
    monkeypatch.setattr(taskvec, "SHOTS", (3,))
    as_released = taskvec.personal
    monkeypatch.setattr(taskvec, "personal", lambda profile, shots: replace(as_released(profile, shots), steps=5))
    view = taskvec_views.View(world="real_cur")
    assert taskvec_views.users_of("real_cur", PAPER).source == "real"
    found = taskvec.run_users(view, PAPER, tmp_path / "part.safetensors").arrays
    assert found["zero"].shape == (2, len(TASKS))
