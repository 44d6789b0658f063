"""What the exercises of the optimisers accept, refuse, and say of what they refuse."""

import math
import time

import exercise_reading
import numpy as np
import pytest

from nnlib import SGD, Adam, AdamW, CosineLR, Parameter, clip_grad_norm
from nnlib.exercises import check
from nnlib.exercises.optimizers import (
    BUDGET,
    EXERCISES,
    adamw_step,
    clip_together,
    corrected_means,
    lr_range_test,
    ravine_optimizer,
    warmup_cosine,
)

pytestmark = pytest.mark.usefixtures("no_progress")


def said_of(id, answer):
    return exercise_reading.said_of(f"optimizers/{id}", answer)


def mistake_in(id, answer):
    """Return the name of the known mistake that a wrong answer makes."""
    verdict = check(f"optimizers/{id}", answer)
    assert not verdict
    return verdict.mistake


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
def test_a_check_takes_no_time_to_speak_of(exercise):
    check(exercise.id, exercise.reference)  # what is known is run once
    begin = time.process_time()
    assert check(exercise.id, exercise.reference)
    assert time.process_time() - begin < 1


# ---- momentum by hand ---------------------------------------------------------------


def test_three_steps_of_momentum_are_nnlibs():
    w = Parameter(np.array([1.0]))
    sgd = SGD([w], lr=0.1, momentum=0.8)
    places = []
    for _ in range(4):
        w.grad[:] = 2 * w.data
        sgd.step()
        places.append(float(w.data[0]))
    assert check("optimizers/momentum-by-hand", tuple(places[:3]))
    assert places[3] == pytest.approx(-0.1792)  # as the remark says


def test_digits_behind_the_third_do_not_matter_and_a_wrong_one_does():
    assert check("optimizers/momentum-by-hand", (0.8, 0.48, np.float64(0.128000001)))
    text = said_of("momentum-by-hand", (0.8, 0.48, 0.13))
    assert "The weight after step 3 is not the expected value." in text
    assert "known mistake" not in text


# ---- clipping -----------------------------------------------------------------------


def clip_as_nnlib(grads, max_norm):
    params = []
    for g in grads:
        params.append(Parameter(np.zeros_like(g)))
        params[-1].grad[:] = g
    norm = clip_grad_norm(params, max_norm)
    return [p.grad for p in params], norm


def clip_one_long_vector(grads, max_norm):
    long = np.concatenate([g.ravel() for g in grads])
    norm = float(np.linalg.norm(long))
    long = long * min(1.0, max_norm / max(norm, 1e-12))
    ends = np.cumsum([g.size for g in grads])[:-1]
    parts = np.split(long, ends)
    return [p.reshape(g.shape) for p, g in zip(parts, grads, strict=True)], norm


@pytest.mark.parametrize("answer", [clip_as_nnlib, clip_one_long_vector])
def test_other_ways_to_clip_are_right(answer):
    assert check("optimizers/clipping", answer)


@pytest.mark.parametrize("share", [0.3, 0.9, 1.1, 2.4])
def test_the_limit_is_max_norm_itself(share):
    def another_limit(grads, max_norm):
        norm = math.sqrt(sum(float((g * g).sum()) for g in grads))
        factor = max_norm / norm if norm > share * max_norm else 1.0
        return [factor * g for g in grads], norm

    expected = "begins too early" if share < 1 else "begins too late"
    assert mistake_in("clipping", another_limit) == expected


def test_a_factor_of_numpy_makes_float64_of_float32():
    def by_a_factor_of_numpy(grads, max_norm):
        norm = np.sqrt(sum((g.astype(float) ** 2).sum() for g in grads))
        factor = max_norm / norm if norm > max_norm else 1.0
        return [factor * g for g in grads], norm

    assert mistake_in("clipping", by_a_factor_of_numpy) == "returns float64"


def test_clipping_keeps_the_direction_and_bounds_the_norm():
    rng = np.random.default_rng(1)
    grads = [rng.standard_normal(shape) for shape in ((3, 2), (4,))]
    clipped, norm = clip_together(grads, 0.1)
    assert math.sqrt(sum((g * g).sum() for g in clipped)) == pytest.approx(0.1)
    for new, old in zip(clipped, grads, strict=True):
        np.testing.assert_allclose(new * norm, 0.1 * old)


# ---- bias correction ----------------------------------------------------------------


def means_by_weights(gradients, beta):
    """Weigh all gradients at once; the weights are divided by their sum."""
    steps = np.arange(len(gradients))
    age = np.tril(steps[:, None] - steps)
    weights = np.tril(float(beta) ** age)
    return weights / weights.sum(axis=1, keepdims=True) @ gradients


def means_of_adam(gradients, beta):
    p = Parameter(np.zeros(gradients.shape[1]))
    adam = Adam([p], betas=(beta, 0.999))
    means = []
    for t, g in enumerate(gradients, 1):
        p.grad[:] = g
        adam.step()
        means.append(adam.state()["mean.0"] / (1 - beta**t))
    return np.array(means)


@pytest.mark.parametrize("answer", [means_by_weights, means_of_adam])
def test_other_ways_to_correct_are_right(answer):
    assert check("optimizers/bias-correction", answer)


def test_the_corrected_mean_of_equal_gradients_is_that_gradient():
    same = np.full((50, 2), 3.0)
    np.testing.assert_allclose(corrected_means(same, 0.99), same)


def test_a_count_that_begins_late_is_named():
    def late(gradients, beta):
        m, result = 0, []
        for t, g in enumerate(gradients):
            m = beta * m + (1 - beta) * g
            result.append(m / (1 - beta**t) if t else m)
        return np.array(result)

    assert said_of("bias-correction", late)  # of its own kind, and refused
    with np.errstate(all="ignore"):
        name = mistake_in(
            "bias-correction",
            lambda g, beta: np.stack(
                [
                    sum((1 - beta) * beta ** (t - s) * g[s] for s in range(t + 1))
                    / (1 - np.float64(beta) ** t)
                    for t in range(len(g))
                ]
            ),
        )
    assert name == "counts the steps from 0"


def test_the_correction_is_not_left_out_later():
    def for_twenty_steps(gradients, beta):
        m, means = 0, []
        for t, g in enumerate(gradients, 1):
            m = beta * m + (1 - beta) * g
            means.append(m / (1 - beta**t) if t <= 20 else m)
        return np.array(means)

    assert said_of("bias-correction", for_twenty_steps)


# ---- the schedule -------------------------------------------------------------------


def test_without_a_warmup_the_schedule_is_nnlibs():
    schedule = CosineLR(SGD([Parameter(np.ones(1))], lr=0.3), 20, lr_min=0.01)
    for step in range(30):
        mine = warmup_cosine(step, 0, 20, 0.3, 0.01)
        assert mine == pytest.approx(schedule.lr_at(step), rel=1e-12)


def test_other_ways_to_plan_are_right():
    def with_numpy(step, warmup, total, lr_max, lr_min):
        rise = (step + 1) / warmup if warmup else np.inf
        share = np.clip((step - warmup) / (total - warmup), 0, 1)
        fall = lr_min + (lr_max - lr_min) * np.cos(np.pi * share / 2) ** 2
        return lr_max * rise if step < warmup else fall

    assert check("optimizers/cosine-schedule", with_numpy)


def test_the_highest_learning_rate_comes_twice_and_is_passed_smoothly():
    rates = [warmup_cosine(t, 4, 40, 0.5, 0.02) for t in range(41)]
    assert rates[3] == rates[4] == max(rates) == 0.5
    assert rates[40] == pytest.approx(0.02)
    assert np.all(np.diff(rates[4:]) < 0)


# ---- AdamW --------------------------------------------------------------------------


def test_twenty_steps_of_the_exercise_are_nnlibs():
    rng = np.random.default_rng(3)
    p = Parameter(rng.standard_normal((3, 2)))
    w, m, v = p.data.copy(), np.zeros((3, 2)), np.zeros((3, 2))
    optimizer = AdamW([p], lr=0.05, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.2)
    for t in range(1, 21):
        g = rng.standard_normal((3, 2))
        p.grad[:] = g
        optimizer.step()
        w, m, v = adamw_step(w, g, m, v, t, 0.05, 0.8, 0.95, 1e-4, 0.2)
        np.testing.assert_allclose(w, p.data, rtol=1e-12)


def test_decay_within_the_step_from_the_old_weight_is_right():
    def as_published(w, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
        m = m + (1 - beta1) * (g - m)
        v = v + (1 - beta2) * (g * g - v)
        size = np.sqrt(v) / math.sqrt(1 - beta2**t) + eps
        return w - lr * (m / (1 - beta1**t) / size + weight_decay * w), m, v

    assert check("optimizers/adamw-or-l2", as_published)


@pytest.mark.parametrize(("last_m", "last_v"), [(10, 10), (10, 1000), (1000, 10)])
def test_no_correction_is_left_out_later(last_m, last_v):
    def for_ten_steps(w, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        m_hat = m / (1 - beta1**t) if t <= last_m else m
        v_hat = v / (1 - beta2**t) if t <= last_v else v
        step = m_hat / (np.sqrt(v_hat) + eps)
        return w * (1 - lr * weight_decay) - lr * step, m, v

    assert said_of("adamw-or-l2", for_ten_steps)


def test_writing_into_an_argument_is_noticed():
    def in_place(w, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
        new_w, *means = adamw_step(w, g, m, v, t, lr, beta1, beta2, eps, weight_decay)
        w *= 1 - lr * weight_decay
        return new_w, *means

    assert "the argument `w` was written into" in said_of("adamw-or-l2", in_place)


# ---- the range test -----------------------------------------------------------------


def test_a_range_test_by_multiplication_is_right():
    def by_factors(step, lr_min, lr_max, count):
        factor = (lr_max / lr_min) ** (1 / (count - 1))
        rates, losses = np.empty(count), np.empty(count)
        kept = 0
        while kept < count:
            rates[kept] = lr_min * factor**kept
            losses[kept] = step(rates[kept])
            if not losses[kept] <= 4 * losses[: kept + 1].min():
                break
            if np.isinf(losses[kept]):
                break
            kept += 1
        best = losses[:kept].argmin()
        return rates[:kept], losses[:kept], rates[best] / 10

    assert check("optimizers/lr-range-test", by_factors)


def range_test_that_stops(when):
    """Return a range test that stops where `when` is true of a loss and the least."""

    def test(step, lr_min, lr_max, count):
        rates, losses = [], []
        for lr in np.geomspace(lr_min, lr_max, count):
            loss = step(lr)
            if when(loss, min(losses, default=math.inf)):
                break
            rates.append(lr)
            losses.append(loss)
        return np.array(rates), np.array(losses), rates[int(np.argmin(losses))] / 10

    return test


@pytest.mark.parametrize(
    ("when", "mistake"),
    [
        (lambda loss, least: not math.isfinite(loss) or loss > 4.15 * least, "late"),
        (lambda loss, least: not math.isfinite(loss) or loss > 4.5 * least, "late"),
        (lambda loss, least: not math.isfinite(loss) or loss > 4.05 * least, "late"),
        (lambda loss, least: not math.isfinite(loss) or loss > 3.95 * least, None),
        (lambda loss, least: not math.isfinite(loss) or loss >= 4 * least, "stops at"),
        (lambda loss, least: math.isnan(loss) or loss > 4 * least, "minus infinity"),
        (lambda loss, least: False, "never stops"),
    ],
)
def test_a_range_test_that_stops_elsewhere_is_refused(when, mistake):
    found = mistake_in("lr-range-test", range_test_that_stops(when))
    assert mistake is None or (found and mistake in found), found


@pytest.mark.parametrize("extra", [1, 2])
def test_steps_after_the_end_are_refused(extra):
    def with_extra_steps(step, lr_min, lr_max, count):
        found = lr_range_test(step, lr_min, lr_max, count)
        for _ in range(extra):
            step(lr_max)
        return found

    text = said_of("lr-range-test", with_extra_steps)
    assert "The list of the calls of `step` is not the expected value" in text


def test_a_range_test_that_gives_two_things_is_told_how_many():
    text = said_of("lr-range-test", lambda *given: lr_range_test(*given)[:2])
    assert "the result has 2 elements; expected were 3" in text


def test_the_range_test_stops_beyond_the_edge_of_a_bowl_and_suggests_less():
    """The edge is 2 / c = 0.2; each gradient is one of a batch, with some noise."""
    rng = np.random.default_rng(6)
    w = np.ones(20)

    def step(lr):
        nonlocal w
        loss = float(10 * w @ w / 2)
        w = w - lr * (10 * w + rng.standard_normal(20))
        return loss

    rates, losses, best = lr_range_test(step, 1e-4, 10.0, 51)
    assert len(rates) == len(losses) < 51
    assert 0.1 < rates[-1] < 1
    assert 0.002 < best < 0.02


# ---- the ravine ---------------------------------------------------------------------


class HeavyBall:
    """Polyak's own form: it remembers where it was."""

    def __init__(self, params):
        self.p, self.before = params[0], params[0].data.copy()

    def step(self):
        here = self.p.data.copy()
        moved = here - 0.033 * self.p.grad + 0.67 * (here - self.before)
        self.p.data, self.before = moved, here


class Chebyshev:
    """Plain steps, whose learning rates are those of Chebyshev's polynomial of 64."""

    def __init__(self, params):
        # An order in which rounding stays small: long steps among short ones.
        order = [0]
        while len(order) < 64:
            order = [i for j in order for i in (j, 2 * len(order) - 1 - j)]
        self.p = params[0]
        roots = 50.5 + 49.5 * np.cos(np.pi * (2 * np.array(order) + 1) / 128)
        self.rates = iter([*(1 / roots), *[0.0] * 5000])

    def step(self):
        self.p.data -= next(self.rates) * self.p.grad


def test_other_ways_down_the_ravine_are_right():
    for answer in (
        lambda params: SGD(params, lr=0.013, momentum=0.8, nesterov=True),
        lambda params: SGD(params, lr=0.03, momentum=0.75),
        lambda params: Adam(params, lr=0.2, betas=(0.75, 0.99)),
        lambda params: AdamW(params, lr=0.2, betas=(0.75, 0.99), weight_decay=0),
        HeavyBall,
        Chebyshev,
    ):
        assert check("optimizers/ravine", answer), repr(
            check("optimizers/ravine", answer)
        )


class Secant:
    """Solves for the bowl's table: it is known after as many steps as weights."""

    def __init__(self, params):
        self.p, self.places, self.slopes = params[0], [], []

    def step(self):
        size = self.p.data.size
        if len(self.places) <= size:
            self.places.append(self.p.data.copy())
            self.slopes.append(self.p.grad.copy())
        if len(self.places) <= size:
            self.p.data -= 0.01 * self.p.grad
        else:
            moves, turns = np.diff(self.places, axis=0), np.diff(self.slopes, axis=0)
            self.p.data -= np.linalg.solve(np.linalg.solve(moves, turns), self.p.grad)


def test_one_that_solves_for_the_curvatures_needs_about_as_many_steps_as_weights():
    (exercise,) = (one for one in EXERCISES if one.id == "optimizers/ravine")
    for curvatures, *rest in exercise.cases():
        found = exercise.call(Secant, curvatures, *rest)
        assert len(curvatures) <= found.steps <= len(curvatures) + 1


def test_an_optimiser_that_leaves_the_bottom_again_is_refused():
    class Late(HeavyBall):
        steps = 0

        def step(self):
            super().step()
            self.steps += 1
            if self.steps > 60:
                self.p.data *= 1.5

    assert said_of("ravine", Late)


def test_the_ravines_numbers_are_as_the_texts_say():
    (exercise,) = (one for one in EXERCISES if one.id == "optimizers/ravine")

    def slowest(answer):
        return max(exercise.call(answer, *case).steps for case in exercise.cases())

    assert slowest(ravine_optimizer) == 56
    assert slowest(lambda params: SGD(params, lr=0.03, momentum=0.7)) == 41
    assert slowest(lambda params: SGD(params, lr=2 / 101)) == 346
    assert slowest(lambda params: Adam(params, lr=0.2, betas=(0.75, 0.99))) <= BUDGET
    found = ravine_optimizer([Parameter(np.zeros(2))])
    assert (round(found.lr, 3), round(found.momentum, 2)) == (0.033, 0.67)


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (lambda params: SGD(params, lr=0.001), "takes plain descent"),
        (lambda params: SGD(params, lr=0.5), "lets plain descent explode"),
        (lambda params: SGD(params, 0.1, 0.9), "lets momentum explode"),
        (lambda params: SGD(params, 0.03, 0.95), "takes too much momentum"),
        (lambda params: SGD(params, 0.005, 0.7), "creeps along the floor"),
        (lambda params: SGD(params, 0.0001, 0.5), "creeps along the floor"),
        (lambda params: Adam(params), "takes Adam as it comes"),
        (lambda params: Adam(params, lr=1.0), "takes Adam as it comes"),
        (
            lambda params: SGD(params, 0.005, 0.9, nesterov=True),
            "takes Nesterov's momentum with other numbers than it needs",
        ),
        (
            lambda params: SGD(params, 1 / 100, 9 / 11, nesterov=True),
            "takes the usual numbers for Nesterov's momentum",
        ),
        (
            lambda params: SGD(params, 0.033, 0.67, nesterov=True),
            "lets Nesterov's momentum explode",
        ),
        (lambda params: None, "returns nothing"),
        (lambda params: Adam, "returns the class"),
    ],
)
def test_ways_that_do_not_lead_down_are_named(answer, mistake):
    if (
        answer(None if mistake == "returns nothing" else [Parameter(np.ones(2))])
        is None
    ):
        # A body of None alone counts as not begun.
        answer = [lambda params: print(end="")][0]
    assert mistake_in("ravine", answer) == mistake


@pytest.mark.parametrize(
    "answer", [lambda params: 0.033, lambda params: [SGD(params, 0.033, 0.67)]]
)
def test_what_is_neither_an_optimiser_nor_a_class_is_not_called_one(answer):
    text = said_of("ravine", answer)
    assert "What it returned is no optimiser that can take a `step()`." in text
    assert "known mistake" not in text


def test_a_slow_optimiser_of_ones_own_is_told_its_steps():
    class Slow:
        def __init__(self, params):
            self.p = params[0]

        def step(self):
            self.p.data -= 0.015 * self.p.grad

    text = said_of("ravine", Slow)
    assert "The optimiser is slow. It took 4" in text
    assert "and 80 were allowed." in text
