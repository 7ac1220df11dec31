import numpy as np
import pandas as pd
import pytest

from aeslib.data.synthetic.raters import Habits
from aeslib.errors import ParameterError
from aeslib.mtcnn.humans import consistency, grouped, uneven_votes

HABITS = Habits(scale=(1, 5), spread=0.8)


def votes_of(n: int = 400, raters: int = 60, signal: float = 0.5) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    level = 3 + signal * rng.normal(size=n)
    return uneven_votes(level[:, None] + 0.3 * rng.normal(size=(n, raters)), HABITS, per_image=5, spread=1.2, seed=0)


def test_every_image_has_its_raters_and_some_are_busier():
    votes = votes_of()
    assert (votes.groupby("image")["rater"].nunique() == 5).all()
    assert set(votes["score"]) <= {1, 2, 3, 4, 5}
    busy = votes["rater"].value_counts()
    assert busy.max() > 4 * busy.median()


def test_being_part_of_the_mean_is_worth_something_where_nothing_is_shared():
    alone = consistency(votes_of(n=4000, signal=0.0))
    assert alone["SRCC_out"].mean() == pytest.approx(0, abs=0.04)
    assert alone["SRCC"].mean() > 0.35  # one fifth of the mean is the rater's own vote: sqrt(1/5) = 0.447


def test_by_hand():
    votes = pd.DataFrame({
        "image": np.repeat(np.arange(5), 2), "rater": [0, 1] * 5, "score": [1, 2, 2, 1, 3, 4, 4, 3, 5, 5],
    })  # fmt: skip
    found = consistency(votes, np.arange(5.0))
    # ranks (1,2,3,4,5) of rater 0, (2,1,4,3,5) of rater 1: rho = 1 - 6 * 4 / 120 = 0.8; the means tie in pairs
    assert found["SRCC_out"].tolist() == pytest.approx([0.8, 0.8])
    assert found["SRCC"].tolist() == pytest.approx([0.948683] * 2)
    assert found["images"].tolist() == [5, 5]
    assert found["model_out"].tolist() == pytest.approx([0.8, 1.0])


def test_groups_of_table_4():
    raters = pd.DataFrame({"images": [20, 99, 100, 199, 200], "SRCC": [0.1, 0.3, 0.4, 0.6, 0.9]})
    found = grouped(raters)
    assert found["raters"].to_dict() == {"(0, 100)": 2, "[100, 200)": 2, "[200, inf)": 1, "all": 5}
    assert found["SRCC"].tolist() == pytest.approx([0.2, 0.5, 0.9, 0.46])


def test_what_cannot_be_answered_is_refused():
    with pytest.raises(ParameterError) as error:
        uneven_votes(np.zeros((3, 2)), HABITS, per_image=5, spread=1, seed=0)
    assert str(error.value) == "5 raters an image of a crowd of 2; lower per_image."
    with pytest.raises(ParameterError) as error:
        consistency(pd.DataFrame({"image": [0], "rater": [0], "score": [3]}))
    assert str(error.value) == "an image with a single vote has no mean without that rater; give every image two votes."
