"""What the exercises on speed accept, refuse, and say of what they refuse."""

import sys
import tracemalloc
from itertools import permutations

import exercise_reading
import numpy as np
import pytest

from nnlib import ReLU, flops, mlp
from nnlib.exercises import check
from nnlib.exercises import performance as bank

pytestmark = pytest.mark.usefixtures("no_progress")


def said_of(id, answer):
    return exercise_reading.said_of(f"performance/{id}", answer)


def network(sizes):
    return mlp(sizes, ReLU, rng=np.random.default_rng(0))


def shown(statement, name):
    """Return the function that a statement shows."""
    names = {"np": np}
    exec(statement.split("```python\n")[1].split("```")[0], names)
    return names[name]


# ---- an epoch -----------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [[3, 2], [4, 3, 5, 2], [784, 128, 64, 10]])
def test_an_epoch_costs_what_flops_counts_and_its_updates(sizes):
    model = network(sizes)
    for samples, batch_size in [(60, 7), (64, 64), (5, 8), (9, 1)]:
        full, rest = divmod(samples, batch_size)
        batches = [batch_size] * full + [rest] * (rest > 0)
        updates = 2 * sum(p.data.size for p in model.parameters())
        expected = sum(flops(model, size).step + updates for size in batches)
        work, seconds = bank.epoch_cost(sizes, samples, batch_size, 1e9)
        assert work == expected
        assert seconds == expected / 1e9


def test_the_remark_on_updates_is_right():
    sizes = [784, 128, 64, 10]
    without = 60_000 * flops(network(sizes), 1).step
    work = bank.epoch_cost(sizes, 60_000, 64, 1.0)[0]
    assert round(work / 1e9, 1) == 27.5
    assert round((work - without) / 1e9, 1) == 0.2
    work = bank.epoch_cost(sizes, 60_000, 1, 1.0)[0]
    assert round((work - without) / 1e9) == 13
    assert 0.3 < (work - without) / work < 0.35


def test_a_numpy_integer_is_a_count_too():
    def answer(*arguments):
        work, seconds = bank.epoch_cost(*arguments)
        return np.int64(work), np.float64(seconds)

    assert check("performance/epoch-flops", answer)


# ---- deep or wide -------------------------------------------------------------------


def by_formula(inputs, outputs, hidden, budget):
    """Solve the quadratic, and correct its last digit."""
    a, b = hidden - 1, inputs + outputs
    width = (
        budget // b if a == 0 else int((np.sqrt(b * b + 4 * a * budget) - b) / a / 2)
    )
    while a * (width + 1) ** 2 + b * (width + 1) <= budget:
        width += 1
    return width, 2 * (a * width**2 + b * width)


def test_a_formula_may_find_the_width():
    assert check("performance/equal-parameters", by_formula)


@pytest.mark.parametrize("case", bank.EQUAL_PARAMETERS.cases())
def test_the_width_is_the_largest_and_the_work_that_of_its_products(case):
    inputs, outputs, hidden, budget = case
    width, work = bank.equal_width(*case)

    def weights(width):
        model = network([inputs, *[width] * hidden, outputs])
        return sum(p.data.size for p in model.parameters() if p.data.ndim == 2)

    assert weights(width) <= budget < weights(width + 1)
    assert work == 2 * weights(width)


def test_the_remark_on_depth_is_right():
    assert bank.equal_width(64, 64, 1, 40_960) == (320, 81_920)
    assert bank.equal_width(64, 64, 9, 40_960) == (64, 81_920)


# ---- intensity ----------------------------------------------------------------------


@pytest.mark.parametrize(("size", "dtype"), [(2, "f2"), (4, "f4"), (8, "f8")])
def test_the_bytes_are_those_of_the_four_arrays(size, dtype):
    B, M, N = 5, 3, 2
    x, w, b = np.ones((B, M), dtype), np.ones((M, N), dtype), np.ones(N, dtype)
    arrays = [x, w, b, x @ w + b]
    F, Q, intensity = bank.layer_intensity(B, M, N, size)
    assert sum(array.nbytes for array in arrays) == Q
    assert flops(network([M, N]), B).forward == F
    assert intensity == F / Q


def test_the_remark_on_intensity_is_right():
    of = bank.layer_intensity
    assert round(of(1, 4096, 4096, 2)[2], 1) == 1.0
    assert round(of(1, 4096, 4096, 4)[2], 1) == 0.5
    assert round(of(1024, 4096, 4096, 4)[2]) == 341


# ---- the least time -----------------------------------------------------------------


def test_without_the_ridge_no_comparison_is_right():
    """Where a byte is weighed against a FLOP both kinds of bound get a wrong word."""

    def by_intensity(work, moved, peak, bandwidth):
        return bank.least_time(work, moved, peak, bandwidth)[0], work / moved < 1

    text = said_of("roofline-time", by_intensity)
    assert "known mistake: compares bytes with FLOPs." in text
    intensities = {
        bool(ridge < 1): work / moved
        for work, moved, peak, bandwidth in bank.ROOFLINE_TIME.cases()[2:4]
        for ridge in [peak / bandwidth]
    }
    assert intensities[False] > 1 > intensities[True]


def test_no_operation_lies_on_the_ridge():
    for work, moved, peak, bandwidth in bank.ROOFLINE_TIME.cases():
        ratio = (work / peak) / (moved / bandwidth)
        assert (np.abs(np.log(ratio)) > 0.1).all()


def test_the_roof_of_the_whole_step_is_the_longer_of_the_sums():
    """As a diagnosis says: the intensity of all together is no operation's."""

    def of_all(work, moved, peak, bandwidth):
        F, Q = work.sum(), moved.sum()
        rate = min(peak, bandwidth * F / Q)
        return F / rate, moved / bandwidth > work / peak

    text = said_of("roofline-time", of_all)
    assert "known mistake: takes the longer of the two sums." in text


def in_a_loop(work, moved, peak, bandwidth):
    total, bound = 0.0, np.zeros(len(work), bool)
    for i in range(len(work)):
        total += max(work[i] / peak, moved[i] / bandwidth)
        bound[i] = work[i] / moved[i] < peak / bandwidth
    return total, bound


def by_rates(work, moved, peak, bandwidth):
    rates = np.minimum(peak, bandwidth * (work / moved))
    return float(np.sum(work / rates)), rates < peak


@pytest.mark.parametrize("answer", [in_a_loop, by_rates])
def test_the_least_time_may_be_found_in_any_way(answer):
    assert check("performance/roofline-time", answer)


# ---- the innermost loop -------------------------------------------------------------


def test_the_steps_are_those_of_numpys_strides():
    """Every order, on shapes that are not square: strides in numbers."""
    a, b = np.ones((4, 3)), np.ones((3, 5))
    c = a @ b
    letters = {"a": "ik", "b": "kj", "c": "ij"}
    for order in map("".join, permutations("ijk")):
        expected = []
        for name, array in (("a", a), ("b", b), ("c", c)):
            strides = dict(zip(letters[name], array.strides, strict=True))
            expected.append(strides.get(order[-1], 0) // array.itemsize)
        assert bank.inner_steps(order, a.shape, b.shape) == tuple(expected)


def test_every_order_is_asked_for():
    orders = {case[0] for case in bank.LOOP_ORDERS.cases()}
    assert {order[-1] for order in orders} == set("ijk")
    assert len(orders) == 6


def test_the_example_and_the_remark_on_orders_are_right():
    steps = {o: bank.inner_steps(o, (7, 4), (4, 6)) for o in
             map("".join, permutations("ijk"))}  # fmt: skip
    assert bank.inner_steps("ijk", (2, 3), (3, 5)) == (1, 5, 0)
    small = {order for order, found in steps.items() if max(found) == 1}
    assert small == {"ikj", "kij"}
    two_columns = {o for o, found in steps.items() if sorted(found)[1] > 1}
    assert two_columns == {"jki", "kji"}


# ---- a profile ----------------------------------------------------------------------


def test_the_remark_on_the_profile_is_right():
    seconds, factors = bank.PROFILE.cases()[-1]
    shares, part, faster = bank.where_to_begin(seconds, factors)
    assert part == 3
    gains = [1 / (1 - p + p / k) for p, k in zip(shares, factors, strict=True)]
    assert [round(100 * (gain - 1)) for gain in gains] == [5, 6, 6, 20]
    assert faster == max(gains)
    assert 0.2 < shares[3] < 0.27
    assert (seconds == 950).sum() == (seconds == 300).sum() == 1


def test_the_best_part_is_clear():
    """So that no rounding decides which one it is."""
    for seconds, factors in bank.PROFILE.cases():
        times = np.median(seconds, axis=0)
        after = [
            times.sum() - t * (1 - 1 / k) for t, k in zip(times, factors, strict=True)
        ]
        best, second = sorted(after)[:2]
        assert best < 0.99 * second


def by_time_saved(seconds, factors):
    times = np.median(seconds, axis=0)
    saved = times * (1 - 1 / factors)
    part = np.argmax(saved)
    return times / times.sum(), int(part), times.sum() / (times.sum() - saved[part])


def test_the_best_part_may_be_found_by_the_time_that_it_saves():
    assert check("performance/profile", by_time_saved)


# ---- without a loop -----------------------------------------------------------------


def with_einsum(x, c):
    squares = np.einsum("im,im->i", x, x)[:, None] + np.einsum("jm,jm->j", c, c)
    return squares - 2 * np.einsum("im,jm->ij", x, c)


def with_norms(x, c):
    first = np.linalg.norm(x, axis=1)[:, None] ** 2
    second = np.linalg.norm(c, axis=1) ** 2
    return np.maximum(first + second - 2 * np.dot(x, c.T), 0)


def with_scipy(x, c):
    from scipy.spatial.distance import cdist

    return cdist(x, c, "sqeuclidean")


@pytest.mark.parametrize("answer", [with_einsum, with_norms, with_scipy])
def test_the_loop_may_be_removed_in_any_way(answer):
    assert check("performance/remove-loop", answer)


def test_the_loop_of_the_statement_is_recognised():
    loops = shown(bank.REMOVE_LOOP.statement, "by_loops")
    text = said_of("remove-loop", loops)
    assert "known mistake: leaves a loop of Python." in text


def vectorised_by_name(x, c):
    f = np.vectorize(lambda i, j: ((x[i] - c[j]) ** 2).sum())
    return f(*np.indices((len(x), len(c))))


def recursive(x, c):
    if not len(x):
        return np.zeros((0, len(c)))
    first = ((x[0] - c) ** 2).sum(axis=1)
    return np.concatenate([first[None], recursive(x[1:], c)])


def mapped(x, c):
    return np.array(list(map(lambda a: ((a - c) ** 2).sum(axis=1), x)))  # noqa: C417


def generated(x, c):
    rows = (((a - c) ** 2).sum(axis=1) for a in x)
    return np.array(list(rows))


def with_while(x, c):
    out, i = np.zeros((len(x), len(c))), 0
    while i < len(x):
        out[i], i = ((x[i] - c) ** 2).sum(axis=1), i + 1
    return out


@pytest.mark.parametrize(
    "answer",
    [
        *(bank._one_loop, bank._in_one_line, bank._rows_with_numpy),
        *(bank._loops_and_numbers, vectorised_by_name, recursive, mapped),
        *(generated, with_while),
    ],
)
def test_a_loop_in_another_form_is_a_loop(answer):
    assert "The way it was made: a loop of Python." in said_of("remove-loop", answer)


@pytest.mark.parametrize("answer", [bank._by_loops, bank._by_broadcasting])
def test_where_the_numbers_are_right_no_table_is_shown(answer):
    said = said_of("remove-loop", answer)
    assert said.startswith("Not yet. The table of distances is right. The way")
    assert "Expected was: no loop of Python, no large array." in said
    assert "array(" not in said


@pytest.mark.parametrize("size", [16, 50, 64])
def test_pieces_of_the_samples_are_a_loop_and_no_array_of_all(size):
    def in_pieces(x, c):
        pieces = [x[i : i + size] for i in range(0, len(x), size)]
        return np.vstack([bank._by_broadcasting(piece, c) for piece in pieces])

    text = said_of("remove-loop", in_pieces)
    assert "known mistake: leaves a loop of Python." in text


def test_all_pairs_of_samples_are_found_however_they_are_made():
    def gram(x, c):
        pairs = np.einsum("im,jm->ij", x, x)
        return pairs.diagonal()[:, None] - 2 * x @ c.T + (c**2).sum(axis=1)

    assert "28.8 gigabytes" in said_of("remove-loop", gram)
    assert 60_000**2 * 8 == 28.8e9


def test_an_error_is_shown_on_an_input_that_raises_it():
    text = said_of(
        "remove-loop", lambda x, c: (x**2).sum(1) - 2 * x @ c.T + (c**2).sum(1)
    )
    assert "(3,) (3,2)" in text
    assert f"({bank.MANY[0]},)" not in text


def test_a_large_array_is_found_however_it_is_made():
    def tiled(x, c):
        wide = np.repeat(x, len(c), axis=0) - np.tile(c, (len(x), 1))
        return (wide**2).sum(axis=1).reshape(len(x), len(c))

    text = said_of("remove-loop", tiled)
    assert "known mistake: makes a large array in place of the loop." in text


def test_a_wrong_answer_is_told_what_is_wrong_and_not_how_it_was_made():
    def wrong(x, c):
        return 2 * bank._by_loops(x, c)

    text = said_of("remove-loop", wrong)
    assert "The table of distances differs" in text
    assert "a loop of Python" not in text


def test_the_count_of_steps_leaves_a_tracer_as_it_found_it():
    def mine(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(mine)
    try:
        assert check("performance/remove-loop", bank.squared_distances)
        assert sys.gettrace() is mine
    finally:
        sys.settrace(before)


def test_the_count_of_bytes_leaves_a_count_that_goes_on():
    tracemalloc.start()
    try:
        assert check("performance/remove-loop", bank.squared_distances)
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()
    assert check("performance/remove-loop", bank.squared_distances)
    assert not tracemalloc.is_tracing()


# ---- predict, then measure ----------------------------------------------------------


def one_picture_at_a_time(x, layers):
    return np.concatenate([bank.fast_forward(row[None], layers) for row in x])


def in_place(x, layers):
    for i, (weight, bias) in enumerate(layers):
        x = x @ weight
        x += bias
        if i < len(layers) - 1:
            np.maximum(x, 0, out=x)
    return x


def one_unit_at_a_time(x, layers):
    for i, (weight, bias) in enumerate(layers):
        x = np.stack([x @ w + b for w, b in zip(weight.T, bias, strict=True)], axis=1)
        if i < len(layers) - 1:
            x = np.maximum(x, 0)
    return x


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (one_picture_at_a_time, "Left: a loop over pictures."),
        (one_unit_at_a_time, "Left: a loop over units."),
        (in_place, ""),
    ],
)
def test_a_forward_may_be_fast_in_any_way_and_is_told_how_fast(answer, left):
    verdict = check("performance/predict-then-measure", answer)
    assert verdict
    assert "4 pictures: " in repr(verdict)
    assert left in repr(verdict)
    assert ("Left:" in repr(verdict)) == bool(left)


def test_every_loop_that_is_left_is_named():
    def one_entry_at_a_time(x, layers):
        return np.concatenate([one_unit_at_a_time(row[None], layers) for row in x])

    given = bank._network_and_pictures(bank.TIMED, 4)
    assert (
        bank._loops_left(one_entry_at_a_time, *given) == "units and one over pictures"
    )
    assert bank._loops_left(bank.fast_forward, *given) == ""


def test_the_comment_on_the_turns_of_the_loop_is_right():
    first, second = (2 * 16 * m * n for m, n in ((784, 128), (128, 64)))
    assert first > second == 262_144


def test_the_forward_of_the_statement_is_right_and_slow():
    slow = shown(bank.PREDICT_THEN_MEASURE.statement, "slow_forward")
    for x, layers in bank.PREDICT_THEN_MEASURE.cases():
        np.testing.assert_array_equal(slow(x, layers), bank._slow_forward(x, layers))
        fast = bank.fast_forward(x, layers)
        tolerance = bank.PREDICT_THEN_MEASURE.tolerance
        np.testing.assert_allclose(slow(x, layers), fast, tolerance, tolerance)
    text = said_of("predict-then-measure", slow)
    assert "4 pictures: " in text
    assert "known mistake: is not fast enough." in text


class Stopwatch:
    """Says what each of the runs took, in turn, without running anything."""

    def __init__(self, slow, fast):
        self.slow, self.fast = iter(slow), iter(fast)

    def __call__(self, run):
        return next(
            self.slow if "_slow_forward" in run.__code__.co_names else self.fast
        )


@pytest.mark.parametrize(
    ("slow", "fast", "pace"),
    [
        ([2.0], [0.1, 0.1, 0.1], bank.FAST),
        ([2.0], [9.0, 9.0, 0.1], bank.FAST),  # the best of three counts
        ([2.0, 2.0], [0.5] * 5 + [0.1], bank.FAST),  # and the best of the rounds
        ([2.0] * 3, [0.11] * 9, bank.SLOW),
        ([9.0, 2.0, 2.0], [0.5] * 3 + [0.11] * 6, bank.SLOW),  # for both of them
        ([2.0], [1.5] * 3, bank.SLOW),  # nobody waits for what is hopeless
    ],
)
def test_the_pace_is_a_ratio_of_the_best_times(monkeypatch, slow, fast, pace):
    monkeypatch.setattr(bank, "_seconds", Stopwatch(slow, fast))
    assert bank._pace_of(bank.fast_forward, [0], None) == pace


def test_a_product_for_each_layer_is_far_from_the_bound():
    """Else a busy machine might refuse a right answer. Python's steps are counted."""
    given = bank._network_and_pictures([784, 128, 64, 10], 4)
    slow = bank._steps_of(bank._slow_forward, *given)
    fast = bank._steps_of(bank.fast_forward, *given)
    assert slow > 1000 * bank.AT_LEAST * fast


def test_a_wrong_forward_is_told_what_is_wrong_without_a_stopwatch(monkeypatch):
    def never(*arguments):
        raise AssertionError

    monkeypatch.setattr(bank, "_pace_of", never)
    logits, pace = bank._logits_and_pace(
        bank._forward(bias=0), *bank.PREDICT_THEN_MEASURE.cases()[0]
    )
    assert pace == bank.FAST
    assert logits.shape == (1, 3)
