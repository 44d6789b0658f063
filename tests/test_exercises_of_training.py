"""What the exercises of the training accept, refuse, and say of what they refuse."""

from copy import deepcopy

import exercise_reading
import numpy as np
import pytest

from nnlib import (
    SGD,
    Adam,
    CrossEntropyLoss,
    Linear,
    ReLU,
    Sequential,
    Tanh,
    batches,
    fit,
    mlp,
)
from nnlib.exercises import check
from nnlib.exercises import training as bank

pytestmark = pytest.mark.usefixtures("no_progress")


def said_of(id, answer):
    return exercise_reading.said_of(f"training/{id}", answer)


# ---- batches ------------------------------------------------------------------------


def yielding(x, y, batch_size, order):
    for start in range(0, len(order), batch_size):
        index = order[start : start + batch_size]
        yield x[index], y[index]


def shuffled_first(x, y, batch_size, order):
    x, y = x[order], y[order]
    steps = int(np.ceil(len(x) / batch_size))
    parts = [slice(i * batch_size, (i + 1) * batch_size) for i in range(steps)]
    return [[x[part], y[part]] for part in parts]


def split_at(x, y, batch_size, order):
    places = np.arange(batch_size, len(x), batch_size)
    return list(
        zip(np.split(x[order], places), np.split(y[order], places), strict=True)
    )


class InThisOrder:
    """Takes the place of a generator that shuffles."""

    def __init__(self, order):
        self.order = order

    def permutation(self, count):
        assert count == len(self.order)
        return self.order


def of_nnlib(x, y, batch_size, order):
    return batches(x, y, batch_size, rng=InThisOrder(order))


@pytest.mark.parametrize("answer", [yielding, shuffled_first, split_at, of_nnlib])
def test_batches_may_be_cut_in_any_way(answer):
    assert check("training/last-batch", answer)


def test_batches_of_the_right_size_and_the_wrong_samples_are_wrong():
    def backwards(x, y, batch_size, order):
        return bank.epoch_batches(x, y, batch_size, order[::-1])

    assert "Not yet. The smallest input that shows it" in said_of(
        "last-batch", backwards
    )


def test_the_partial_batch_is_what_the_smallest_case_shows():
    text = said_of("last-batch", bank._drops_what_is_left)
    assert "known mistake: drops what is left over." in text


# ---- the loss of an epoch -----------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        lambda losses, sizes: np.average(losses, weights=sizes),
        lambda losses, sizes: np.dot(losses, sizes) / np.sum(sizes),
        lambda losses, sizes: np.mean(np.repeat(losses, sizes)),
        lambda losses, sizes: np.average(np.float32(losses), weights=sizes),
        lambda losses, sizes: (
            np.dot(np.float32(losses), np.float32(sizes)) / np.float32(sum(sizes))
        ),
    ],
    ids=["average", "dot", "repeat", "rounded", "float32"],
)
def test_a_mean_over_samples_may_be_written_in_any_way(answer):
    assert check("training/epoch-loss", answer)


def test_the_statement_tells_the_truth_of_the_mean_of_means():
    """It passes where the loss is constant, and fails with a partial batch."""
    constant = ([0.7, 0.7, 0.7], [4, 4, 1])
    assert np.isclose(bank._mean_of_means(*constant), bank.epoch_loss(*constant))
    assert bank._mean_of_means([1.0, 4.0], [2, 1]) == 2.5
    assert bank.epoch_loss([1.0, 4.0], [2, 1]) == 2.0
    others = [m for m in bank.EPOCH_LOSS.mistakes if m.answer(*constant) != 0.7]
    assert {"adds up the means", "never divides"} <= {m.name for m in others}


# ---- by heart -----------------------------------------------------------------------


def with_momentum(model, x, y):
    criterion = CrossEntropyLoss()
    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(400):
        if criterion(model(x), y) < 0.01:
            return True
        model.backward_parameters(criterion.backward())
        optimizer.step()
    return criterion(model(x), y) < 0.01


def with_fit(model, x, y):
    history = fit(
        model, CrossEntropyLoss(), Adam(model.parameters(), lr=0.01), (x, y),
        epochs=400, batch_size=8, rng=np.random.default_rng(0), progress=False,
    )  # fmt: skip
    return bool(np.min(history.train_loss) < 0.01)


@pytest.mark.parametrize("answer", [with_momentum, with_fit])
def test_any_recipe_that_works_may_judge_a_network(answer):
    assert check("training/overfit", answer)


def test_what_is_said_to_be_ill_is_ill_whatever_the_recipe():
    """The losses end far from the bound on either side: 0.01 is no close call."""
    for model, x, y in bank._networks():
        least = min(bank._trained(model, x, y))
        assert least < 0.004 or least > 0.013 or np.isnan(least)


def test_a_softmax_too_many_floors_the_loss_at_055():
    model, x, y = bank._networks()[1]
    losses = bank._trained(Sequential(*model), x, y, steps=800)
    floor = np.log(np.e + 2) - 1
    assert floor < min(losses) < floor + 0.002
    assert round(floor, 2) == 0.55


def test_logits_between_two_bounds_floor_the_loss():
    """So any bound from 0.015 up lets a network pass that is squeezed so."""
    reached = []
    for bound in (2, 2.5):
        name = f"logits between -{bound} and {bound}"
        model, x, y = next(c for c in bank._networks() if repr(c[0]).endswith(name))
        reached.append(min(bank._trained(model, x, y)))
        floor = np.log(1 + 2 * np.exp(-2 * bound))
        assert floor < reached[-1] < floor + 0.0015
    assert round(np.log(1 + 2 * np.exp(-4)), 3) == 0.036
    assert round(reached[1], 3) == 0.014


def overfit_with(make, steps=400, bound=0.01):
    """Return an answer with such an optimiser, so many steps and such a bound."""

    def answer(model, x, y):
        criterion, optimizer = CrossEntropyLoss(), make(model.parameters())
        for _ in range(steps):
            if criterion(model(x), y) < bound:
                return True
            model.backward_parameters(criterion.backward())
            optimizer.step()
        return False

    return answer


@pytest.mark.parametrize("bound", [0.02, 0.05, 0.1, 0.3, 0.5])
def test_a_bound_that_is_too_high_is_refused(bound):
    text = said_of("overfit", overfit_with(lambda p: Adam(p, lr=0.01), bound=bound))
    assert "model = a network" in text
    assert "known mistake: is content with a higher loss." in text


def test_more_than_400_steps_are_refused_and_one_after_the_last_look_is_not():
    text = said_of("overfit", overfit_with(lambda p: Adam(p, lr=0.01), steps=4000))
    assert "RuntimeError: this network has had more than 400 steps" in text
    assert check("training/overfit", overfit_with(lambda p: Adam(p, lr=0.01), 401))


@pytest.mark.parametrize(
    "make", [lambda p: SGD(p, lr=0.1), lambda p: Adam(p, lr=0.003)]
)
def test_400_steps_that_are_too_short_are_told_both_causes(make):
    text = said_of("overfit", overfit_with(make))
    assert "known mistake: says False of sound networks." in text
    assert "too few steps, or they are too short" in text
    assert "plain SGD at 0.1 is too slow" in " ".join(bank.OVERFIT.statement.split())


def test_a_bound_that_is_too_low_is_told_so():
    text = said_of("overfit", overfit_with(lambda p: Adam(p, lr=0.01), bound=0.001))
    assert "known mistake: says False of sound networks." in text
    assert "the bound is lower than 0.01" in text


def test_an_answer_that_is_always_the_same_is_described_by_what_it_says():
    for answer in (True, False):
        text = said_of("overfit", lambda model, x, y, answer=answer: answer)
        assert f"known mistake: says {answer} of every network." in text


# ---- the leak -----------------------------------------------------------------------


def split_first(x, y, order, n_train):
    train, validation = order[:n_train], order[n_train:]
    mean = np.mean(x[train], axis=0)
    std = np.sqrt(((x[train] - mean) ** 2).mean(axis=0))
    std[std == 0] = 1
    return [
        [(x[train] - mean) / std, y[train]],
        [(x[validation] - mean) / std, y[validation]],
    ]


def test_the_leak_may_be_mended_in_any_way():
    assert check("training/leak", split_first)


def scaled_by(change):
    """Return an answer that changes the deviation before it divides by it."""

    def answer(x, y, order, n_train):
        train, validation = order[:n_train], order[n_train:]
        scaled = (x - x[train].mean(axis=0)) / change(x[train].std(axis=0))
        return (scaled[train], y[train]), (scaled[validation], y[validation])

    return answer


@pytest.mark.parametrize("least", [1e-12, 1e-8, 1e-6])
def test_a_deviation_that_rounding_can_have_made_may_count_as_none(least):
    assert check("training/leak", scaled_by(lambda s: np.where(s < least, 1, s)))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda s: np.maximum(s, 1), "a small"),
        (lambda s: np.where(s < 0.5, 1, s), "a small"),
        (lambda s: np.where(s < 0.1, 1, s), "a small"),
        (lambda s: np.where(s < 0.02, 1, s), "a very small"),
    ],
)
def test_a_small_deviation_is_not_none(change, name):
    text = said_of("leak", scaled_by(change))
    assert f"known mistake: treats {name} deviation as none." in text


def test_the_function_of_the_statement_is_the_leak():
    names = {"np": np}
    code = bank.LEAK.statement.split("```python\n")[1].split("```")[0]
    exec(code, names)
    text = said_of("leak", names["leaky"])
    assert "known mistake: takes the mean of all samples." in text


def test_the_solution_does_not_look_at_the_validation_set():
    for x, y, order, n_train in bank._tables():
        (before, _), _ = bank.split_and_scale(x, y, order, n_train)
        changed = x.copy()
        changed[order[n_train:]] += 100
        (after, _), _ = bank.split_and_scale(changed, y, order, n_train)
        np.testing.assert_array_equal(before, after)
        (leaked, _), _ = bank._scaled_before_the_split(changed, y, order, n_train)
        assert not np.array_equal(leaked, before)


# ---- early stopping -----------------------------------------------------------------


def with_a_counter(losses, patience):
    best_epoch, best, bad = 1, losses[0], 0
    last = 1
    for i in range(1, len(losses)):
        last = i + 1
        bad += 1
        if losses[i] < best:
            best_epoch, best, bad = i + 1, losses[i], 0
        if bad >= patience:
            break
    return best_epoch, last


def with_numpy(losses, patience):
    filled = np.where(np.isnan(losses), np.inf, losses)
    lowest = np.minimum.accumulate(filled)
    better = np.r_[True, filled[1:] < lowest[:-1]]
    last_better = np.maximum.accumulate(np.where(better, np.arange(len(losses)), 0))
    ended = np.flatnonzero(np.arange(len(losses)) - last_better >= patience)
    last = ended[0] if len(ended) else len(losses) - 1
    return last_better[last] + 1, last + 1


def with_a_list(losses, patience):
    return list(bank.early_stopping(losses, patience))


@pytest.mark.parametrize("answer", [with_a_counter, with_numpy, with_a_list])
def test_early_stopping_may_be_written_in_any_way(answer):
    assert check("training/early-stopping", answer)


def test_early_stopping_agrees_with_the_definition_on_many_runs():
    rng = np.random.default_rng(0)
    for _ in range(300):
        losses = rng.integers(0, 9, rng.integers(1, 12)).astype(float).tolist()
        patience = int(rng.integers(1, 4))
        best, last = bank.early_stopping(losses, patience)
        seen = losses[:last]
        assert best == 1 + int(np.argmin(seen))
        assert last == len(losses) or last - best == patience
        assert (best, last) == with_a_counter(losses, patience)


def test_nan_is_counted_and_is_no_improvement():
    def passed_over(losses, patience):
        numbers = [(i, v) for i, v in enumerate(losses, start=1) if v == v]
        best, last = bank.early_stopping([v for _, v in numbers], patience)
        ended = last == len(numbers)
        return numbers[best - 1][0], len(losses) if ended else numbers[last - 1][0]

    assert "known mistake: does not count NaN as an epoch" in said_of(
        "early-stopping", passed_over
    )
    assert "known mistake: takes NaN for an improvement." in said_of(
        "early-stopping", bank._trips_over_nan
    )


# ---- to the same bits ---------------------------------------------------------------


class CopiesOfAll:
    def __init__(self, model, optimizer, rng):
        self.kept = deepcopy((model, optimizer, rng))

    def restore(self, model, optimizer, rng):
        kept_model, kept_optimizer, kept_rng = self.kept
        old = dict(kept_model.named_parameters())
        for name, p in model.named_parameters():
            np.copyto(p.data, old[name].data)
        for name, array in kept_optimizer.state().items():
            optimizer.state()[name][...] = array
        optimizer.lr = kept_optimizer.lr
        rng.bit_generator.state = kept_rng.bit_generator.state


class NewArrays(bank.Checkpoint):
    def restore(self, model, optimizer, rng):
        super().restore(model, optimizer, rng)
        for p, saved in zip(model.parameters(), self.weights, strict=True):
            p.data = saved.copy()


@pytest.mark.parametrize("answer", [CopiesOfAll, NewArrays])
def test_a_checkpoint_may_be_kept_in_any_way(answer):
    assert check("training/resume", answer)


@pytest.mark.parametrize("kind", list(bank._OPTIMIZERS))
def test_a_resumed_training_is_the_uninterrupted_one(kind):
    training = bank._after_three_epochs(kind)
    training.run(3)
    *resumed, first = bank._resumed_twice(bank.Checkpoint, kind)
    for weights in resumed:
        np.testing.assert_array_equal(weights, training.weights())
    training.optimizer.lr /= 2
    training.run(1)
    np.testing.assert_array_equal(first, training.weights())


def test_plain_sgd_has_no_memory_to_leave_out():
    forgetful = bank._resumed_twice(bank._WithoutTheMemory, "SGD")
    for weights, right in zip(
        forgetful, bank._resumed_twice(bank.Checkpoint, "SGD"), strict=True
    ):
        np.testing.assert_array_equal(weights, right)


def test_what_is_left_out_hardly_shows_in_the_loss_and_does_in_the_bits():
    right = bank._resumed_twice(bank.Checkpoint, "Adam")[0]
    for answer in (bank._Rounds, bank._WithoutTheGenerator):
        wrong = bank._resumed_twice(answer, "Adam")[0]
        assert 0 < np.abs(wrong - right).max() < 0.05


# ---- the spirals --------------------------------------------------------------------


def recipe(sizes, activation, make, epochs):
    """Return an answer with such a network, optimiser and length."""

    def answer(train, rng):
        model = mlp(sizes, activation, rng=rng)
        fit(
            model, CrossEntropyLoss(), make(model.parameters()), train,
            epochs=epochs, batch_size=32, rng=rng, progress=False,
        )  # fmt: skip
        return model

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        recipe([2, 64, 64, 3], ReLU, lambda p: Adam(p, lr=0.01), 100),
        recipe([2, 64, 64, 3], Tanh, lambda p: SGD(p, lr=0.1, momentum=0.9), 150),
    ],
    ids=["Adam", "Tanh"],
)
def test_there_is_more_than_one_road_past_the_baseline(answer):
    assert check("training/spirals", answer)


def test_the_statement_tells_the_truth_of_the_baseline():
    x, y = bank._new_points()
    shares = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        model = bank._the_baseline(bank.spirals(300, 3, 0.05, rng=rng), rng)
        shares.append(bank.accuracy(model(x), y))
    assert 0.67 < min(shares) < max(shares) < 0.89
    assert abs(np.mean(shares) - 0.78) < 0.02


def test_the_baseline_is_far_from_the_bound_and_the_solution_is_past_it():
    baseline = bank._share_of_new_points(bank._the_baseline)
    assert 0.7 < baseline < 0.88
    assert bank._share_of_new_points(bank.train_spirals) > bank.BASELINE_BOUND + 0.005


class Nearest:
    """Tells of a point what the nearest one is that it has seen."""

    def __init__(self, train):
        self.x, self.y = train

    def __call__(self, x):
        off = ((x[:, None] - self.x) ** 2).sum(axis=2)
        return np.eye(3)[self.y[off.argmin(axis=1)]]


def test_it_is_a_network_and_learns_from_the_points_that_it_is_given():
    text = said_of("spirals", lambda train, rng: Nearest(train))
    assert "not a network (a `Module`), but of type Nearest" in text

    def draws_many(train, rng):
        many = bank.spirals(2000, 3, 0.05, rng=rng)
        return recipe([2, 64, 64, 3], ReLU, lambda p: Adam(p, lr=0.01), 20)(many, rng)

    assert "known mistake: draws points of its own." in said_of("spirals", draws_many)


def test_networks_that_fail_are_told_why():
    text = said_of("spirals", recipe([2, 32, 3], ReLU, lambda p: SGD(p, lr=0.1), 30))
    assert "The worst of three trainings tells" in text
    assert "94% is asked for" in text
    two = said_of("spirals", lambda train, rng: mlp([2, 8, 2], rng=rng))
    assert "logits of shape (3000, 2), not (3000, 3)" in two

    def broken(train, rng):
        model = Linear(2, 3, rng=rng)
        model.weight.data[...] = np.nan
        return Sequential(model)

    assert "logits that are not finite" in said_of("spirals", broken)
