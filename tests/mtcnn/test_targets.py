import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aeslib.errors import ParameterError
from aeslib.metrics import srcc
from aeslib.mtcnn.targets import Scaling, columns

AADB = Scaling.of((0, 1), {"Content": (-1, 1), "Symmetry": (0, 1)})
EVA = Scaling.of((0, 10), {"light": (1, 4)})


def test_ranges_go_onto_0_to_1():
    native = np.array([[0.25, -1.0, 0.0], [0.5, 0.0, 0.4], [1.0, 1.0, 1.0]])
    assert AADB.names == ("Overall", "Content", "Symmetry")
    np.testing.assert_allclose(AADB.unit(native), [[0.25, 0, 0], [0.5, 0.5, 0.4], [1, 1, 1]], atol=1e-7)
    np.testing.assert_allclose(EVA.unit(np.array([[7.5, 2.5]])), [[0.75, 0.5]])
    np.testing.assert_allclose(EVA.native(np.array([[0.509, 0], [0.813, 1]])), [[5.09, 1], [8.13, 4]])


def test_literal_scaling_leaves_negative_targets_out_of_reach():
    assert AADB.as_printed().unit(np.array([[0.2, -0.5, 0.1]])).min() == -0.5


def test_the_single_task_keeps_the_overall_score():
    assert EVA.first(1).names == ("Overall",)
    np.testing.assert_allclose(EVA.first(1).unit(np.array([[4.0]])), [[0.4]])


@given(arrays(float, (7, 3), elements=st.floats(-1, 1)))
def test_scaling_and_back_is_nothing_and_ranks_stay(native):
    there = AADB.unit(native)
    np.testing.assert_allclose(AADB.native(there), native, atol=1e-6)
    truth = np.arange(7.0)
    exact = (native - AADB.low) / (AADB.high - AADB.low)
    assert srcc(exact[:, 0], truth) == srcc(native[:, 0], truth)


def test_columns_put_the_overall_score_first():
    score, attributes = np.array([1.0, 2.0]), np.array([[3.0], [4.0]])
    np.testing.assert_array_equal(columns(score, attributes, ("Overall", "a")), [[1, 3], [2, 4]])
    np.testing.assert_array_equal(columns(score, attributes, ("Overall",)), [[1], [2]])
    np.testing.assert_array_equal(columns(score, None, ("Overall",)), [[1], [2]])
    with pytest.raises(ParameterError) as error:
        columns(score, None, ("Overall", "a"))
    assert str(error.value) == "1 columns of targets for 2 outputs (Overall, a)."


def test_a_wrong_shape_is_told():
    with pytest.raises(ParameterError) as error:
        EVA.unit(np.zeros((4, 3)))
    assert str(error.value) == "scores have shape (4, 3); expected (N, 2): Overall, light."
