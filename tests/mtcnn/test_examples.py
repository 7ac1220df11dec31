import numpy as np
import pytest

from aeslib.errors import ParameterError
from aeslib.mtcnn.examples import per_decile

TRUTH = np.array([0.9, 0.1, 0.5, 0.2, 0.6, 1.0])
PRED = np.array([0.5, 0.2, 0.5, 0.9, 0.8, 0.9])


def test_one_of_each_part_in_order_of_truth():
    # parts (1, 3), (2, 4), (0, 5) with errors (.1, .7), (0, .2), (.4, .1)
    assert per_decile(TRUTH, PRED, parts=3).tolist() == [1, 2, 5]
    assert per_decile(TRUTH, PRED, parts=3, worst=True).tolist() == [3, 4, 0]


def test_too_few_images_are_told():
    with pytest.raises(ParameterError) as error:
        per_decile(TRUTH, PRED)
    assert str(error.value) == "6 images cannot be cut into 10 parts; pass parts=6 or fewer."
