"""What the exercises of the losses accept, refuse, and say of what they refuse."""

import exercise_reading
import numpy as np
import pytest

from nnlib import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    Loss,
    MSELoss,
    log_softmax,
    logsumexp,
    numerical_gradient,
    one_hot,
    sigmoid,
    softmax,
    softplus,
)
from nnlib.exercises import check
from nnlib.exercises.losses import (
    SmoothedCrossEntropy,
    best_constants,
    cross_entropy,
    gradient_scale,
    largest_gap,
)

pytestmark = pytest.mark.usefixtures("no_progress")


def said_of(id, answer):
    return exercise_reading.said_of(f"losses/{id}", answer)


def by_nnlib(criterion):
    """Return an answer that has nnlib do the work."""

    def answer(prediction, target):
        return criterion(prediction, target), criterion.backward()

    return answer


# ---- right answers, written in other ways -------------------------------------------


def mse_by_hand(prediction, target):
    count = prediction.size
    total = 0.0
    gradient = np.empty_like(prediction)
    for place in np.ndindex(prediction.shape):
        error = prediction[place] - target[place]
        total += float(error) * float(error)
        gradient[place] = 2 * error / count
    return total / count, gradient


def mse_from_the_other_side(prediction, target):
    e = target - prediction
    return np.square(e).sum() / e.size, e * (-2 / e.size)


def huber_in_pieces(prediction, target, delta):
    e = prediction - target
    loss = np.empty_like(e)
    slope = np.empty_like(e)
    near, right, left = np.abs(e) <= delta, e > delta, e < -delta
    loss[near], slope[near] = e[near] ** 2 / 2, e[near]
    loss[right], slope[right] = delta * e[right] - delta**2 / 2, delta
    loss[left], slope[left] = -delta * e[left] - delta**2 / 2, -delta
    return loss.mean(), slope / e.size


def huber_by_nnlib(prediction, target, delta):
    return by_nnlib(HuberLoss(delta))(prediction, target)


def constants_by_descent(y, delta):
    c = np.median(y)
    for _ in range(20_000):
        c -= np.clip(c - y, -delta, delta).mean()
    return np.mean(y), np.sort(y)[len(y) // 2], c


def constants_at_the_kinks(y, delta):
    """The sum of the pulls is straight between kinks: find the piece with its zero."""
    kinks = np.sort(np.concatenate([y - delta, y + delta]))
    pulls = np.clip(kinks[:, None] - y, -delta, delta).sum(axis=1)
    i = int(np.flatnonzero(pulls >= 0)[0])
    rise = pulls[i] - pulls[i - 1]
    huber = kinks[i - 1] - pulls[i - 1] * (kinks[i] - kinks[i - 1]) / rise
    return y.sum() / len(y), np.median(y), huber


def bce_by_softplus(z, y):
    loss = y * softplus(-z) + (1 - y) * softplus(z)
    return loss.sum() / loss.size, sigmoid(z) / z.size - y / z.size


def bce_by_logaddexp(z, y):
    e = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    return (np.logaddexp(0, z) - y * z).mean(), (p - y) / z.size


def cross_entropy_with_one_hot(logits, labels):
    hot = one_hot(labels, logits.shape[1]).astype(logits.dtype)
    logits = logits - logits.max(axis=1, keepdims=True)
    lse = logsumexp(logits)
    loss = (lse - (hot * logits).sum(axis=1, keepdims=True)).mean()
    return loss, (softmax(logits) - hot) / len(labels)


def cross_entropy_row_by_row(logits, labels):
    losses, gradient = [], np.zeros_like(logits)
    for i, label in enumerate(labels):
        z = logits[i] - max(logits[i])
        losses.append(np.log(np.exp(z).sum()) - z[label])
        gradient[i] = np.exp(z) / np.exp(z).sum()
        gradient[i, label] -= 1
    return sum(losses) / len(losses), gradient / len(labels)


def gap_by_nnlib(loss, gradient, logits, labels):
    measured = numerical_gradient(lambda z: loss(z, labels), logits.copy())
    return np.max(np.abs(gradient(logits, labels) - measured))


def gap_on_copies(loss, gradient, logits, labels):
    worst, claimed = 0.0, gradient(logits, labels)
    for i in range(logits.shape[0]):
        for k in range(logits.shape[1]):
            up, down = logits.copy(), logits.copy()
            up[i, k] += 1e-5
            down[i, k] -= 1e-5
            slope = (loss(up, labels) - loss(down, labels)) / 2e-5
            worst = max(worst, abs(slope - claimed[i, k]))
    return worst


def scale_by_dividing(x, w, target):
    criterion = MSELoss()
    criterion(x @ w, target)
    right = x.T @ criterion.backward()
    short = np.einsum("bm,bo->mo", x, x @ w - target) / x.shape[0]
    return right, short, (short / right)[0, 0]


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("mse", mse_by_hand),
        ("mse", mse_from_the_other_side),
        ("mse", by_nnlib(MSELoss())),
        ("mean-and-median", constants_by_descent),
        ("mean-and-median", constants_at_the_kinks),
        ("huber", huber_in_pieces),
        ("huber", huber_by_nnlib),
        ("bce-from-logits", bce_by_softplus),
        ("bce-from-logits", bce_by_logaddexp),
        ("bce-from-logits", by_nnlib(BCEWithLogitsLoss())),
        ("cross-entropy", cross_entropy_with_one_hot),
        ("cross-entropy", cross_entropy_row_by_row),
        ("cross-entropy", by_nnlib(CrossEntropyLoss())),
        ("p-minus-y", gap_by_nnlib),
        ("p-minus-y", gap_on_copies),
        ("scale-of-the-gradient", scale_by_dividing),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_right_answer_may_be_written_in_another_way(id, answer):
    verdict = check(f"losses/{id}", answer)
    assert verdict, verdict


# ---- wrong answers that only some inputs show ----------------------------------------


def constants_searched(low, high):
    """Return an answer that looks for Huber's constant in an interval of its own."""

    def answer(y, delta):
        a, b = low, high
        for _ in range(100):
            middle = (a + b) / 2
            if np.clip(middle - y, -delta, delta).sum() < 0:
                a = middle
            else:
                b = middle
        return y.mean(), np.median(y), a

    return answer


def constants_without_sign(y, delta):
    mean, median, huber = best_constants(y, delta)
    return abs(mean), abs(median), huber


def huber_without_sign(y, delta):
    mean, median, huber = best_constants(y, delta)
    return mean, median, abs(huber)


@pytest.mark.parametrize(
    "answer",
    [
        *(constants_searched(*ends) for ends in [(0, 100), (0, 3), (0.5, 20)]),
        *(constants_searched(*ends) for ends in [(0, 1e6), (-100, 100)]),
        constants_without_sign,
        huber_without_sign,
    ],
)
def test_the_best_constant_may_lie_anywhere(answer):
    assert not check("losses/mean-and-median", answer)


@pytest.mark.parametrize("ends", [(0, 100), (0, 1e6), (-100, 100)])
def test_a_search_in_a_fixed_interval_is_told_what_brackets_the_constant(ends):
    text = said_of("mean-and-median", constants_searched(*ends))
    assert "known mistake: searches in a fixed interval." in text
    assert "`y.min()` and `y.max()` bracket it" in text


def bce_without_nan(z, y):
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-z))
        loss = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    wrong_side = np.abs((z > 0) - y)
    loss = np.where(np.isfinite(loss), loss, np.abs(z) * wrong_side)
    return float(loss.mean()), (sigmoid(z) - y) / z.size


def test_digits_that_are_lost_without_a_nan_are_noticed():
    text = said_of("bce-from-logits", bce_without_nan)
    assert "known mistake: puts a number in the place of NaN." in text
    assert "1 - σ(z) has lost its digits" in text


def bce_chosen(z, y):
    loss = np.where(y == 1, softplus(-z), softplus(z))
    return float(loss.mean()), (sigmoid(z) - y) / z.size


def bce_of_signs(z, y):
    t = 2 * y - 1
    return float(softplus(-t * z).mean()), (sigmoid(z) - y) / z.size


def test_targets_between_0_and_1_are_named():
    text = said_of("bce-from-logits", bce_chosen)
    assert "known mistake: knows only 0 and 1." in text
    text = said_of("bce-from-logits", bce_of_signs)
    assert "known mistake: knows only -1 and 1." in text


@pytest.mark.parametrize("bound", [1e4, 1e5])
def test_logits_are_not_clipped(bound):
    def clipped(z, y):
        z = np.clip(z, -bound, bound)
        return float((softplus(z) - y * z).mean()), (sigmoid(z) - y) / z.size

    assert not check("losses/bce-from-logits", clipped)
    if bound == 1e4:
        text = said_of("bce-from-logits", clipped)
        assert "known mistake: clips the logits." in text


def cross_entropy_of_lse(logits, labels):
    rows, log_p = np.arange(len(labels)), logits - logsumexp(logits)
    gradient = np.exp(log_p)
    gradient[rows, labels] -= 1
    return float(-log_p[rows, labels].mean()), gradient / len(labels)


def test_digits_that_float32_loses_near_1e4_are_noticed():
    text = said_of("cross-entropy", cross_entropy_of_lse)
    assert "float32" in text
    assert "known mistake: subtracts the log-sum-exp." in text


def cross_entropy_shifted(axis):
    """Return an answer that takes the maximum of the table, or along an axis."""

    def answer(logits, labels):
        rows, e = np.arange(len(labels)), np.exp(logits - logits.max(axis=axis))
        total = e.sum(axis=1, keepdims=True)
        log_p = logits - logits.max(axis=axis) - np.log(total)
        loss, p = -log_p[rows, labels].mean(), e / total
        p[rows, labels] -= 1
        return float(loss), p / len(labels)

    return answer


def cross_entropy_guarded(guard):
    """Return an answer that guards the logarithm, beside the textbook's gradient."""

    def answer(logits, labels):
        rows, p = np.arange(len(labels)), softmax(logits)
        loss = -np.log(guard(p[rows, labels])).mean()
        p[rows, labels] -= 1
        return float(loss), p / len(labels)

    return answer


def cross_entropy_of_every_label(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    lse = logsumexp(z)
    p = np.exp(z - lse)
    p[np.arange(len(labels)), labels] -= 1
    return float((lse - z[:, labels]).mean()), p / len(labels)


def cross_entropy_unshifted(z, labels):
    rows, log_p = np.arange(len(z)), z - np.log(np.exp(z).sum(1, keepdims=True))
    p = np.exp(log_p)
    p[rows, labels] -= 1
    return float(-log_p[rows, labels].mean()), p / len(z)


def cross_entropy_unshifted_and_divided(z, labels):
    rows, e = np.arange(len(z)), np.exp(z)
    loss = -(z - np.log(e.sum(1, keepdims=True)))[rows, labels].mean()
    p = e / e.sum(1, keepdims=True)
    p[rows, labels] -= 1
    return float(loss), p / len(z)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (
            cross_entropy_unshifted_and_divided,
            "does not shift before the log-sum-exp, and divides",
        ),
        (cross_entropy_unshifted, "does not shift before the log-sum-exp"),
        (cross_entropy_shifted(None), "shifts by the maximum of the table"),
        (cross_entropy_shifted(0), "shifts by the maxima of the columns"),
        (cross_entropy_guarded(lambda p: p + 1e-12), "adds 1e-12 inside the logarithm"),
        (cross_entropy_guarded(lambda p: p + 1e-7), "adds 1e-7 inside the logarithm"),
        (
            cross_entropy_guarded(lambda p: np.maximum(p, 1e-9)),
            "holds the probability at 1e-9",
        ),
        (cross_entropy_of_every_label, "takes every label for every row"),
    ],
)
def test_a_cross_entropy_that_loses_its_rows_or_digits_is_named(answer, name):
    assert f"known mistake: {name}" in said_of("cross-entropy", answer)


def gap_bounded(loss, gradient, logits, labels):
    return min(largest_gap(loss, gradient, logits, labels), 1.0)


def gap_scaled(loss, gradient, logits, labels):
    claimed = gradient(logits, labels)
    measured = numerical_gradient(lambda z: loss(z, labels), logits.copy())
    return np.max(np.abs(measured - claimed) / np.maximum(1, np.abs(claimed)))


def gap_too_large(loss, gradient, logits, labels):
    found = largest_gap(loss, gradient, logits, labels)
    return found + 1 if found > 1e-6 else found


def test_a_distance_above_1_is_not_bounded():
    text = said_of("p-minus-y", gap_bounded)
    assert "known mistake: holds the distance at 1." in text
    text = said_of("p-minus-y", gap_scaled)
    assert "known mistake: divides by gradients above 1." in text


def test_a_distance_that_is_rounding_alone_is_no_number_to_hit():
    def only_right_claims(loss, gradient, logits, labels):
        found = largest_gap(loss, gradient, logits, labels)
        return found if found > 1e-6 else 1e-3

    text = said_of("p-minus-y", only_right_claims)
    assert "expected: 0, up to rounding got: 0.001" in text
    text = said_of("p-minus-y", gap_too_large)
    assert "expected: 0." in text
    assert "up to rounding" not in text


def gap_of_one_working_copy(loss, gradient, logits, labels):
    z, worst, claimed = logits.copy(), 0.0, gradient(logits, labels)
    for i in range(len(z)):
        for k in range(z.shape[1]):
            z[i, k] += 1e-5
            up = loss(z, labels)
            z[i, k] -= 2e-5
            slope = (up - loss(z, labels)) / 2e-5
            worst = max(worst, abs(slope - claimed[i, k]))
    return worst


def test_a_logit_that_is_not_put_back_is_named():
    text = said_of("p-minus-y", gap_of_one_working_copy)
    assert "known mistake: does not put the logit back in its copy." in text


@pytest.mark.parametrize("count", [1001, 10_001])
def test_a_grid_is_told_that_it_cannot_reach_six_digits(count):
    def by_grid(y, delta):
        grid = np.linspace(y.min(), y.max(), count)
        losses = [HuberLoss(delta)(np.full(len(y), c), y) for c in grid]
        return y.mean(), np.median(y), grid[np.argmin(losses)]

    text = said_of("mean-and-median", by_grid)
    assert f"known mistake: searches on a grid of {count}." in text
    assert "six digits are asked, and a grid cannot reach them" in text


# ---- the references, by another route -----------------------------------------------


def test_the_best_constants_have_the_least_losses():
    rng = np.random.default_rng(0)
    y = rng.standard_normal(15) ** 3
    near = np.linspace(-2, 2, 4001)
    found = best_constants(y, 0.4)
    losses = [
        lambda e: e**2,
        np.abs,
        lambda e: np.where(np.abs(e) < 0.4, e**2 / 2, 0.4 * (np.abs(e) - 0.2)),
    ]
    for constant, loss in zip(found, losses, strict=True):
        best = near[loss(near[:, None] - y).mean(axis=1).argmin()]
        assert abs(constant - best) <= 1e-3


def test_p_minus_y_is_caught_beside_a_floor():
    def floored(logits, labels):
        return float(-np.log(softmax(logits)[0, labels[0]] + 1e-9))

    logits, labels = np.array([[25.0, 0.0]]), np.array([1])

    def claim(logits, labels):
        return cross_entropy(logits, labels)[1]

    assert largest_gap(floored, claim, logits, labels) == pytest.approx(0.986, abs=1e-3)


@pytest.mark.parametrize("outputs", [1, 2, 5])
def test_the_short_cut_is_right_for_two_outputs_alone(outputs):
    rng = np.random.default_rng(outputs)
    x, w, target = (
        rng.standard_normal(s) for s in ((6, 3), (3, outputs), (6, outputs))
    )
    right, short, ratio = gradient_scale(x, w, target)
    numeric = numerical_gradient(lambda w: MSELoss()(x @ w, target), w)
    np.testing.assert_allclose(right, numeric, atol=1e-8)
    np.testing.assert_allclose(short, ratio * right)
    assert (ratio == 1) == (outputs == 2)


# ---- label smoothing ----------------------------------------------------------------


class SharedByTheWrong(Loss):
    """The other sharing: s/(K - 1) for each wrong class, and none for the right one."""

    def __init__(self, smoothing):
        self.smoothing = smoothing

    def forward(self, prediction, target):
        self.log_p = log_softmax(prediction)
        share = self.smoothing / (prediction.shape[1] - 1)
        self.q = np.full_like(prediction, share)
        self.q[np.arange(len(target)), target] = 1 - self.smoothing
        return np.mean(-(self.q * self.log_p).sum(axis=1))

    def backward(self):
        return (np.exp(self.log_p) - self.q) / len(self.q)


class AsAMixture(Loss):
    """(1 - s) of the cross-entropy and s of that against the even distribution."""

    def __init__(self, smoothing):
        self.s = smoothing
        self.plain = CrossEntropyLoss()

    def forward(self, prediction, target):
        self.p = softmax(prediction)
        even = -log_softmax(prediction).mean()
        return (1 - self.s) * self.plain(prediction, target) + self.s * float(even)

    def backward(self):
        even = (self.p - 1 / self.p.shape[1]) / len(self.p)
        return ((1 - self.s) * self.plain.backward() + self.s * even).astype(
            self.p.dtype
        )


@pytest.mark.parametrize("answer", [SharedByTheWrong, AsAMixture])
def test_either_sharing_and_any_way_to_write_it_is_right(answer):
    verdict = check("losses/label-smoothing", answer)
    assert verdict, verdict


class WholeShareForEach(SharedByTheWrong):
    def forward(self, prediction, target):
        super().forward(prediction, target)
        self.q = np.full_like(prediction, self.smoothing)
        self.q[np.arange(len(target)), target] = 1 - self.smoothing
        return float(-(self.q * self.log_p).sum()) / len(target)


class HalfTheShare(SmoothedCrossEntropy):
    def __init__(self, smoothing):
        super().__init__(smoothing / 2)


class InAList(SmoothedCrossEntropy):
    def backward(self):
        return super().backward().tolist()


class OneForEach(SmoothedCrossEntropy):
    def forward(self, prediction, target):
        return np.full(len(target), super().forward(prediction, target))


class Twice(SmoothedCrossEntropy):
    def backward(self):
        return 2 * super().backward()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (WholeShareForEach, "known mistake: adds without taking away."),
        (HalfTheShare, "it has 0.03333; expected was s/K = 0.06667 or s/(K - 1) = 0.1"),
        (InAList, "`backward` has to return an array."),
        (OneForEach, "`forward` has to return one float."),
        (Twice, "The gradient is not that of the loss. It has"),
    ],
)
def test_what_a_smoothed_loss_has_wrong_is_said(answer, words):
    assert words in said_of("label-smoothing", answer)


class NoLoss:
    """The right loss, in a class that is no `Loss`."""

    def __init__(self, smoothing):
        self.criterion = SharedByTheWrong(smoothing)

    def forward(self, prediction, target):
        return self.criterion.forward(prediction, target)

    def backward(self):
        return self.criterion.backward()


def test_a_smoothed_loss_need_not_be_a_subclass():
    assert check("losses/label-smoothing", NoLoss)


class InFloat32(SmoothedCrossEntropy):
    def forward(self, prediction, target):
        return np.float32(super().forward(prediction, target))


class ClearsItsCache(SmoothedCrossEntropy):
    def backward(self):
        gradient = super().backward()
        self._cache[0][:] = 0
        return gradient


class TwoRules(Loss):
    def __init__(self, smoothing):
        self.smoothing = smoothing
        self.rules = SharedByTheWrong(smoothing), SmoothedCrossEntropy(smoothing)

    def forward(self, prediction, target):
        self.rule = self.rules[self.chosen(prediction.shape[1])]
        return self.rule.forward(prediction, target)

    def backward(self):
        return self.rule.backward()


class TwoRulesByClasses(TwoRules):
    def chosen(self, classes):
        return classes == 10


class TwoRulesByShare(TwoRules):
    def chosen(self, classes):
        return self.smoothing > 0.25


class HalfTheShareOfTen(SmoothedCrossEntropy):
    def forward(self, prediction, target):
        half = self.smoothing / 2 if prediction.shape[1] == 10 else self.smoothing
        self.criterion = SmoothedCrossEntropy(half)
        return self.criterion.forward(prediction, target)

    def backward(self):
        return self.criterion.backward()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (InFloat32, "The loss is a float32; return a float."),
        (ClearsItsCache, "known mistake: writes into what it keeps."),
        (TwoRulesByClasses, "known mistake: shares by two rules."),
        (TwoRulesByShare, "known mistake: shares by two rules."),
        (HalfTheShareOfTen, "It is so with K = 10 and s = 0.1."),
    ],
)
def test_a_smoothed_loss_is_one_loss_to_the_last_digit(answer, words):
    assert words in said_of("label-smoothing", answer)


class HeldAt800(SmoothedCrossEntropy):
    def forward(self, prediction, target):
        super().forward(prediction, target)
        log_p, q = self._cache
        return -float((q * np.maximum(log_p, -800)).sum()) / len(q)


class Pinched(SmoothedCrossEntropy):
    def forward(self, prediction, target):
        super().forward(prediction, target)
        log_p, q = self._cache
        return -float((q * np.log(np.exp(log_p) + 1e-12)).sum()) / len(q)


class OneMaximum(SmoothedCrossEntropy):
    def forward(self, prediction, target):
        super().forward(prediction, target)
        q, z = self._cache[1], prediction - prediction.max()
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self._cache = log_p, q
        return -float((q * log_p).sum()) / len(q)


@pytest.mark.parametrize("answer", [HeldAt800, Pinched])
def test_what_fails_like_a_known_mistake_with_other_numbers_is_not_called_that(answer):
    text = said_of("label-smoothing", answer)
    assert "The loss is not the mean cross-entropy against its targets." in text
    assert "known mistake" not in text


def test_a_maximum_of_the_whole_table_is_named():
    text = said_of("label-smoothing", OneMaximum)
    assert "known mistake: shifts by one maximum for all rows." in text


@pytest.mark.parametrize(
    ("make", "gap", "least"),
    [
        (SmoothedCrossEntropy, np.log(91), 0.5),
        (SharedByTheWrong, np.log(81), 0.545),
    ],
)
def test_the_smoothed_loss_is_least_where_the_solution_says(make, gap, least):
    criterion = make(0.1)
    gaps = np.linspace(2, 8, 6001)
    logits = np.zeros((len(gaps), 10))
    logits[:, 0] = gaps
    losses = [criterion.forward(row[None], np.array([0])) for row in logits]
    assert abs(gaps[np.argmin(losses)] - gap) <= 1e-3
    assert round(float(min(losses)), 3) == pytest.approx(least, abs=1.1e-3)


# ---- what is said -------------------------------------------------------------------


def test_the_fault_is_shown_where_it_is_smallest():
    def floored(logits, labels):
        rows = np.arange(len(labels))
        p = softmax(logits)
        loss = float(-np.log(p[rows, labels] + 1e-9).mean())
        p[rows, labels] -= 1
        return loss, p / len(labels)

    text = said_of("cross-entropy", floored)
    assert "known mistake: adds 1e-9 inside the logarithm." in text

    def doubled(prediction, target):
        e = prediction - target
        return float(np.mean(e**2)), 4 * e / e.size

    text = said_of("mse", doubled)
    assert "prediction = array([[ 2., -1.]])" in text
    assert "The gradient differs most at [0, 1]" in text
    assert "known mistake" not in text


def test_an_answer_that_is_right_and_warns_is_told_so():
    def overflowing(z, y):
        return (np.logaddexp(0, z) - y * z).mean(), (1 / (1 + np.exp(-z)) - y) / z.size

    text = said_of("bce-from-logits", overflowing)
    assert "there was a warning on the way: overflow encountered in exp" in text
    assert "known mistake: overflows on the way." in text
