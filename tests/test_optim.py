"""Optimisers: PyTorch's steps, and what each rule promises."""

import math
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from helpers import (
    DTYPES,
    assert_clipping_matches_pytorch,
    assert_optimizer_matches_pytorch,
    assert_schedule_matches_pytorch,
    build,
    floats,
    inf,
    pytorch_cases,
    quick,
    rng_of,
)
from hypothesis import given
from hypothesis import strategies as st

from nnlib import (
    SGD,
    Adam,
    AdamW,
    CosineLR,
    Parameter,
    StepLR,
    clip_grad_norm,
    mlp,
    optim,
)

OPTIMIZERS = pytorch_cases("optimizer")
SCHEDULES = pytorch_cases("schedule")
every = pytest.mark.parametrize("expression", OPTIMIZERS)
of_both_dtypes = pytest.mark.parametrize("dtype", DTYPES)


def parameter(data, grad):
    p = Parameter(np.array(data, float))
    p.grad[...] = grad
    return p


def names(expressions):
    return {e.split("(")[0] for e in expressions}


def test_no_optimiser_and_no_schedule_is_left_out():
    abstract = {"Optimizer", "Schedule", "clip_grad_norm"}
    assert names(OPTIMIZERS) | names(SCHEDULES) | abstract == set(optim.__all__)


# ---- steps --------------------------------------------------------------------------


@every
@of_both_dtypes
def test_a_hundred_steps_are_those_of_pytorch(expression, dtype):
    assert_optimizer_matches_pytorch(expression, dtype)


@quick
@given(floats(low=-10, high=10), floats(low=-10, high=10), st.floats(0, 10))
def test_a_step_of_sgd_is_lr_times_the_gradient(data, grad, lr):
    p = parameter(data, grad)
    SGD([p], lr).step()
    np.testing.assert_allclose(p.data, data - lr * grad, rtol=1e-15)


def test_momentum_under_a_constant_gradient_reaches_the_speed_of_1_over_1_less_mu():
    p = parameter([0.0], 1.0)
    optimizer = SGD([p], lr=0.1, momentum=0.9)
    for _ in range(300):
        before = p.data[0]
        optimizer.step()
    assert before - p.data[0] == pytest.approx(0.1 / (1 - 0.9))


@quick
@given(st.floats(1e-3, 1e6), st.sampled_from([-1.0, 1.0]))
def test_the_first_step_of_adam_is_lr_whatever_the_scale_of_the_gradient(size, sign):
    p = parameter([0.0], sign * size)
    Adam([p], lr=0.1).step()
    assert p.data[0] == pytest.approx(-sign * 0.1, rel=1e-4)


@quick
@given(st.floats(1e-2, 1e4))
def test_adam_ignores_the_scale_of_the_gradient(scale):
    paths = []
    for factor in (1.0, scale):
        p = parameter([0.5, -2.0], 0.0)
        optimizer = Adam([p], lr=0.1, eps=1e-12)
        for step in range(5):
            p.grad[...] = factor * rng_of(step).standard_normal(2)
            optimizer.step()
        paths.append(p.data)
    np.testing.assert_allclose(paths[0], paths[1], rtol=1e-8)


def test_the_weight_decay_of_sgd_is_the_gradient_of_a_square():
    w, decay = 3.0, 0.2
    with_decay, with_penalty = parameter([w], 1.0), parameter([w], 1.0 + decay * w)
    SGD([with_decay], 0.1, weight_decay=decay).step()
    SGD([with_penalty], 0.1).step()
    assert with_decay.data[0] == pytest.approx(with_penalty.data[0], rel=1e-15)


def test_without_a_gradient_adamw_shrinks_by_its_decay_and_adam_by_its_lr():
    decoupled, coupled = parameter([10.0, 0.1], 0.0), parameter([10.0, 0.1], 0.0)
    AdamW([decoupled], lr=0.1, weight_decay=0.5).step()
    Adam([coupled], lr=0.1, weight_decay=0.5).step()
    np.testing.assert_allclose(decoupled.data, [9.5, 0.095], rtol=1e-15)
    np.testing.assert_allclose(coupled.data, [9.9, 0.0], atol=1e-7)


@pytest.mark.parametrize("expression", [e for e in OPTIMIZERS if "lr=" in e])
def test_the_bottom_of_a_bowl_is_found(expression):
    p = parameter([[3.0, -2.0]], 0.0)
    optimizer = build(expression, params=[p])
    for _ in range(400):
        p.grad[...] = 2 * p.data
        optimizer.step()
    # With short memories Adam goes to and fro at the bottom, by lr at the most.
    assert np.abs(p.data).max() <= (0.1 + 1e-9 if "betas" in expression else 1e-2)


def test_a_learning_rate_of_0_changes_nothing():
    for optimizer in (SGD, Adam, AdamW):
        p = parameter([1.0, 2.0], 5.0)
        optimizer([p], lr=0).step()
        assert np.array_equal(p.data, [1, 2])


@every
def test_a_learning_rate_set_between_steps_holds_from_the_next_step_on(expression):
    p = parameter([1.0, 2.0], 0.5)
    optimizer = build(expression, params=[p])
    optimizer.step()
    optimizer.lr = 0.0
    before = p.data.copy()
    optimizer.step()
    assert np.array_equal(p.data, before)


@every
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_step_works_in_place_and_keeps_dtype_and_gradient(expression, dtype):
    p = Parameter(np.ones((2, 2), dtype))
    p.grad[...] = 0.5
    data, grad = p.data, p.grad
    optimizer = build(expression, params=[p])
    for _ in range(2):
        optimizer.step()
    assert p.data is data
    assert p.grad is grad
    assert data.dtype == grad.dtype == dtype
    assert (grad == 0.5).all()
    assert (data != 1).all()
    for name, array in optimizer.state().items():
        assert name == "steps" or array.dtype == dtype


@every
def test_a_gradient_of_0_makes_no_warning(expression):
    p = Parameter(np.ones(3, np.float32))
    optimizer = build(expression, params=[p])
    for _ in range(3):
        optimizer.step()
    assert np.isfinite(p.data).all()


def test_each_parameter_has_its_own_memory():
    a, b = parameter([0.0], 1.0), parameter([0.0], 0.0)
    for make in (lambda p: SGD(p, 0.1, momentum=0.9), Adam):
        optimizer = make([a, b])
        optimizer.step()
        optimizer.step()
        assert b.data[0] == 0
        assert a.data[0] != 0


def test_parameters_may_come_from_a_generator_of_a_network():
    net = mlp([2, 3, 1], rng=rng_of(0))
    optimizer = SGD((p for p in net.parameters()), lr=0.1)
    assert optimizer.params == net.parameters()


# ---- memory -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SGD(params, lr=0.1)", ["steps"]),
        ("SGD(params, lr=0.1, momentum=0.9)", ["velocity.0", "velocity.1", "steps"]),
        ("Adam(params)", ["mean.0", "mean.1", "square.0", "square.1", "steps"]),
        ("AdamW(params)", ["mean.0", "mean.1", "square.0", "square.1", "steps"]),
    ],
)
def test_what_an_optimiser_remembers_has_a_name(expression, expected):
    params = [parameter([1.0, 2.0], 1.0), parameter([[3.0]], 1.0)]
    optimizer = build(expression, params=params)
    assert list(optimizer.state()) == expected


@every
def test_an_optimiser_whose_memory_is_copied_goes_on_alike(expression):
    def run(optimizer, p, steps):
        for step in steps:
            p.grad[...] = rng_of(step).standard_normal(3)
            optimizer.step()

    first, second = parameter([1.0, 2.0, 3.0], 0), parameter([1.0, 2.0, 3.0], 0)
    one, two = build(expression, params=[first]), build(expression, params=[second])
    run(one, first, range(4))
    for name, place in two.state().items():
        place[...] = one.state()[name]
    second.data[...] = first.data
    run(one, first, range(4, 8))
    run(two, second, range(4, 8))
    assert np.array_equal(first.data, second.data)


# ---- schedules ----------------------------------------------------------------------


@pytest.mark.parametrize("expression", SCHEDULES)
def test_the_learning_rates_of_a_schedule_are_those_of_pytorch(expression):
    assert_schedule_matches_pytorch(expression)


def scheduled(make):
    optimizer = SGD([parameter([1.0], 0.0)], lr=0.4)
    return optimizer, make(optimizer)


def test_a_cosine_starts_at_lr_passes_the_middle_and_stays_at_the_end():
    optimizer, schedule = scheduled(lambda o: CosineLR(o, 10, lr_min=0.1))
    rates = [schedule.lr_at(t) for t in range(15)]
    assert rates[0] == pytest.approx(0.4)
    assert rates[5] == pytest.approx(0.25)
    assert all(a > b for a, b in pairwise(rates[:11]))
    assert rates[10:] == [pytest.approx(0.1)] * 5
    assert optimizer.lr == 0.4  # asking changes nothing


@pytest.mark.parametrize(
    "make", [lambda o: StepLR(o, 3, 0.5), lambda o: CosineLR(o, 10)]
)
def test_resuming_is_stepping_as_often(make):
    stepped, schedule = scheduled(make)
    for _ in range(7):
        schedule.step()
    jumped, other = scheduled(make)
    other.resume(7)
    assert jumped.lr == stepped.lr
    assert other.steps == schedule.steps == 7


# ---- clipping -----------------------------------------------------------------------


@pytest.mark.parametrize("max_norm", pytorch_cases("clip"))
@of_both_dtypes
def test_clipped_gradients_are_those_of_pytorch(max_norm, dtype):
    assert_clipping_matches_pytorch(max_norm, dtype)


@quick
@given(floats(low=-100, high=100), floats(low=-100, high=100), st.floats(0.01, 1e3))
def test_after_clipping_the_norm_is_in_bounds_and_the_direction_is_the_same(
    first, second, max_norm
):
    params = [parameter(first, first), parameter(second, second)]
    norm = clip_grad_norm(params, max_norm)
    before = np.concatenate([first.ravel(), second.ravel()])
    after = np.concatenate([p.grad.ravel() for p in params])
    assert norm == pytest.approx(np.linalg.norm(before), rel=1e-12)
    assert np.linalg.norm(after) <= max_norm * (1 + 1e-12)
    factor = min(1.0, max_norm / (norm + 1e-6))
    np.testing.assert_allclose(after, factor * before, rtol=1e-12)


def test_short_gradients_are_left_as_they_are_to_the_bit():
    p = parameter([0.0, 0.0], [0.3, -0.4])
    assert clip_grad_norm([p], 1.0) == 0.5
    assert np.array_equal(p.grad, [0.3, -0.4])


def test_gradients_of_0_have_norm_0():
    assert clip_grad_norm([parameter([1.0], 0.0)], 1.0) == 0


# ---- errors -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ([], ValueError, "expected at least one parameter, got none"),
        ([np.ones(2)], TypeError, r"expected parameters, such as .*, got ndarray"),
        ([None], TypeError, r"expected parameters, such as .*, got NoneType"),
    ],
)
def test_anything_but_parameters_is_refused(kind, params, error, message):
    with pytest.raises(error, match=f"{kind} {message}"):
        getattr(optim, kind)(params, lr=0.1)
    with pytest.raises(error, match=f"clip_grad_norm {message}"):
        clip_grad_norm(params, 1.0)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
def test_a_module_in_place_of_its_parameters_is_refused(kind):
    net = mlp([2, 3, 1], rng=rng_of(0))
    with pytest.raises(
        TypeError, match=rf"{kind} expected parameters, such as .*, got Linear"
    ):
        getattr(optim, kind)(net, lr=0.1)
    with pytest.raises(
        TypeError, match=rf"{kind} expected parameters, such as .*, got Linear"
    ):
        getattr(optim, kind)(net[0], lr=0.1)


@pytest.mark.parametrize(
    ("expression", "error", "message"),
    [
        ("SGD(params)", TypeError, "lr"),
        ("SGD(params, -0.1)", ValueError, "SGD expected lr of at least 0, got -0.1"),
        ("SGD(params, inf)", ValueError, "SGD expected lr of at least 0, got inf"),
        ("SGD(params, '1')", TypeError, "SGD expected lr as a number, got str"),
        (
            "SGD(params, 1, momentum=1)",
            ValueError,
            "SGD expected momentum of at least 0 and below 1, got 1",
        ),
        (
            "SGD(params, 1, momentum=-0.1)",
            ValueError,
            "SGD expected momentum of at least 0 and below 1, got -0.1",
        ),
        (
            "SGD(params, 1, nesterov=True)",
            ValueError,
            "SGD expected a momentum above 0 with nesterov, got 0",
        ),
        (
            "SGD(params, 1, weight_decay=-1)",
            ValueError,
            "SGD expected weight_decay of at least 0, got -1",
        ),
        ("Adam(params, lr=-1)", ValueError, "Adam expected lr of at least 0, got -1"),
        (
            "Adam(params, betas=(0.9, 1.0))",
            ValueError,
            r"Adam expected betas\[1\] of at least 0 and below 1, got 1.0",
        ),
        (
            "Adam(params, betas=(-0.1, 0.9))",
            ValueError,
            r"Adam expected betas\[0\] of at least 0 and below 1, got -0.1",
        ),
        (
            "Adam(params, betas=0.9)",
            TypeError,
            "Adam expected betas as two numbers, got 0.9",
        ),
        (
            "Adam(params, betas=(0.9,))",
            TypeError,
            r"Adam expected betas as two numbers, got \(0.9,\)",
        ),
        ("Adam(params, eps=0)", ValueError, "Adam expected eps above 0, got 0"),
        (
            "AdamW(params, weight_decay=-1)",
            ValueError,
            "AdamW expected weight_decay of at least 0, got -1",
        ),
        (
            "StepLR(optimizer, 0)",
            ValueError,
            "StepLR expected step_size of at least 1, got 0",
        ),
        (
            "StepLR(optimizer, 1.5)",
            TypeError,
            "StepLR expected step_size as an integer, got float",
        ),
        (
            "StepLR(optimizer, 1, 0)",
            ValueError,
            "StepLR expected gamma above 0, got 0",
        ),
        ("StepLR(params, 1)", TypeError, "StepLR expected an optimizer, got list"),
        (
            "CosineLR(optimizer, 0)",
            ValueError,
            "CosineLR expected total_steps of at least 1, got 0",
        ),
        (
            "CosineLR(optimizer, 1, -1)",
            ValueError,
            "CosineLR expected lr_min of at least 0, got -1",
        ),
        ("CosineLR(params, 1)", TypeError, "CosineLR expected an optimizer, got list"),
        (
            "clip_grad_norm(params, 0)",
            ValueError,
            "clip_grad_norm expected max_norm above 0, got 0",
        ),
        (
            "clip_grad_norm(params, None)",
            TypeError,
            "clip_grad_norm expected max_norm as a number, got NoneType",
        ),
    ],
)
def test_a_wrong_setting_is_refused_by_name(expression, error, message):
    p = parameter([1.0], 2.0)
    more = {"params": [p], "optimizer": SGD([p], lr=0.1), "inf": inf}
    with pytest.raises(error, match=message):
        build(expression, **more)
    assert p.data[0] == 1
    assert p.grad[0] == 2
    assert math.isclose(more["optimizer"].lr, 0.1)


@pytest.mark.parametrize("make", [partial(SGD, lr=0.1, momentum=0.9), Adam])
def test_memories_of_gradients_long_past_are_never_left_subnormal(make):
    parameter = Parameter(np.ones(3, dtype=np.float32))
    optimizer = make([parameter])
    parameter.grad[:] = 1
    optimizer.step()
    parameter.grad[:] = 0
    tiny, steps_with_subnormals = np.finfo(np.float32).tiny, 0
    for _ in range(2000):
        optimizer.step()
        memory = next(iter(optimizer.state().values()))
        steps_with_subnormals += bool(np.any((memory != 0) & (np.abs(memory) < tiny)))
    assert 0 < steps_with_subnormals <= 50
    assert np.all(memory == 0)


def test_forgetting_what_is_subnormal_moves_no_weight():
    rng = np.random.default_rng(0)
    parameter = Parameter(rng.normal(size=100).astype(np.float32))
    optimizer = SGD([parameter], lr=0.1, momentum=0.9)
    weight, velocity = parameter.data.copy(), np.zeros(100, dtype=np.float32)
    for i in range(1500):
        parameter.grad[:] = rng.normal(size=100) if i < 10 else 0
        velocity = np.float32(0.9) * velocity + parameter.grad
        weight = weight - np.float32(0.1) * velocity
        optimizer.step()
    assert np.array_equal(parameter.data, weight)
    assert np.any(velocity != 0)
