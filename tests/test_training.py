"""Training: what fit learns, what it remembers, and where it goes on."""

import json
import math

import numpy as np
import pytest
from helpers import rng_of
from safetensors.numpy import load_file, save_file

from nnlib import (
    SGD,
    Adam,
    AdamW,
    CosineLR,
    CrossEntropyLoss,
    History,
    Linear,
    Loss,
    Module,
    MSELoss,
    Sequential,
    StepLR,
    Tanh,
    accuracy,
    evaluate,
    fit,
    mlp,
    save_weights,
)
from nnlib.training import _places


def blobs(n=60, classes=3, seed=0):
    """Points around the corners of a triangle, and which corner it is."""
    rng = rng_of(seed)
    labels = rng.integers(0, classes, n)
    corners = 4 * np.array([[0, 0], [1, 0], [0, 1]])[labels]
    return (corners + rng.standard_normal((n, 2))).astype(np.float32), labels


def network(seed=0, sizes=(2, 8, 3)):
    return mlp(sizes, Tanh, rng=rng_of(seed))


def weights(model):
    return [p.data.copy() for p in model.parameters()]


def same_bits(first, second):
    return all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


def run(model=None, optimizer=None, data=None, **more):
    """A short training; what is not given is the ordinary."""
    model = network() if model is None else model
    if optimizer is None:
        optimizer = SGD(network().parameters(), lr=0.1)
        if isinstance(model, Module):
            optimizer = SGD(model.parameters(), lr=0.1)
    settings = {"epochs": 3, "batch_size": 16, "rng": rng_of(7), "progress": False}
    history = fit(
        model,
        more.pop("criterion", CrossEntropyLoss()),
        optimizer,
        blobs() if data is None else data,
        more.pop("validation", None),
        **(settings | more),
    )
    return model, history


class Recorder(Module):
    """The identity, which keeps every batch that it sees, and its mode."""

    def __init__(self):
        self.batches, self.modes, self.backwards = [], [], 0

    def forward(self, x):
        self.batches.append(x.copy())
        self.modes.append(self.training)
        return x

    def backward(self, grad_output):
        self.backwards += 1
        return grad_output


class Constant(Loss):
    """A loss of the same value for every sample, whatever is predicted."""

    def __init__(self, value=1.0):
        self.value = value

    def forward(self, prediction, target):
        self._cache = prediction
        return self.value

    def backward(self):
        return np.zeros_like(self._cached())


class BatchSize(Constant):
    """The mean of a loss that is 1 for the first ten samples and 0 for others."""

    def forward(self, prediction, target):
        super().forward(prediction, target)
        return float(np.mean(target < 10))


# ---- learning -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda p: SGD(p, lr=0.3),
        lambda p: SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        lambda p: Adam(p, lr=0.03),
        lambda p: AdamW(p, lr=0.03),
    ],
)
def test_a_network_learns_to_tell_three_clouds_apart(make):
    model = network()
    _, history = run(
        model,
        make(model.parameters()),
        validation=blobs(seed=1),
        epochs=20,
        metric=accuracy,
    )
    assert history.train_loss[-1] < 0.3 * history.train_loss[0]
    assert history.validation_metric[-1] > 0.9


def test_a_network_can_learn_eight_samples_by_heart():
    """One that cannot has a bug; even random labels must go in."""
    rng = rng_of(0)
    x, y = rng.standard_normal((8, 2)).astype(np.float32), rng.integers(0, 3, 8)
    model = network(sizes=(2, 32, 3))
    run(model, Adam(model.parameters(), lr=0.02), (x, y), epochs=300, batch_size=8)
    assert accuracy(model(x), y) == 1
    assert CrossEntropyLoss()(model(x), y) < 0.01


def test_a_linear_layer_finds_the_linear_map_that_made_its_data():
    rng = rng_of(0)
    x = rng.standard_normal((200, 4))
    weight, bias = rng.standard_normal((4, 2)), rng.standard_normal(2)
    layer = Linear(4, 2, rng=rng, dtype=np.float64)
    run(
        layer,
        SGD(layer.parameters(), lr=0.3),
        (x, x @ weight + bias),
        criterion=MSELoss(),
        epochs=60,
    )
    np.testing.assert_allclose(layer.weight.data, weight, atol=1e-9)
    np.testing.assert_allclose(layer.bias.data, bias, atol=1e-9)


def test_one_epoch_is_a_forward_a_loss_a_backward_and_a_step_per_batch():
    x, y = blobs(20)
    model, by_hand, rng = network(), network(), rng_of(7)
    run(model, data=(x, y), epochs=1, batch_size=8)
    criterion, optimizer = CrossEntropyLoss(), SGD(by_hand.parameters(), lr=0.1)
    order = rng.permutation(20)
    for batch in (order[:8], order[8:16], order[16:]):
        criterion(by_hand(x[batch]), y[batch])
        by_hand.backward(criterion.backward())
        optimizer.step()
    assert same_bits(weights(model), weights(by_hand))


def test_the_same_seed_gives_the_same_bits():
    runs = [run(validation=blobs(seed=1), metric=accuracy) for _ in range(2)]
    (first, history), (second, again) = runs
    assert same_bits(weights(first), weights(second))
    assert history.train_loss == again.train_loss
    assert history.validation_loss == again.validation_loss
    other, _ = run(rng=rng_of(8))
    assert not same_bits(weights(first), weights(other))


def test_inputs_and_targets_are_left_as_they_were():
    x, y = blobs()
    x.flags.writeable = y.flags.writeable = False
    run(data=(x, y), validation=(x, y), metric=accuracy)
    assert np.array_equal(x, blobs()[0])


def test_training_never_computes_the_gradient_of_the_input():
    recorder = Recorder()
    model = Sequential(recorder, Linear(2, 3, rng=rng_of(0)))
    model[1].backward = None  # `backward_parameters` is all that is called
    run(model)
    assert recorder.backwards == 0


# ---- batches and epochs -------------------------------------------------------------


def test_every_sample_is_seen_once_an_epoch_in_a_new_order():
    recorder = Recorder()
    x = np.arange(10, dtype=np.float32)[:, None].repeat(2, axis=1)
    model = Sequential(recorder, Linear(2, 3, rng=rng_of(0)))
    run(model, data=(x, np.zeros(10, int)), epochs=2, batch_size=4)
    assert [len(b) for b in recorder.batches] == [4, 4, 2, 4, 4, 2]
    epochs = [np.concatenate(recorder.batches[i : i + 3])[:, 0] for i in (0, 3)]
    for seen in epochs:
        assert np.array_equal(np.sort(seen), np.arange(10))
    assert not np.array_equal(*epochs)


@pytest.mark.parametrize("batch_size", [1, 3, 7, 10, 100])
def test_a_constant_loss_has_that_mean_whatever_the_batches(batch_size):
    """The sum of batch means would be larger, and a partial batch weigh too much."""
    _, history = run(
        data=blobs(10),
        criterion=Constant(0.7),
        batch_size=batch_size,
        validation=blobs(11),
    )
    np.testing.assert_allclose(history.train_loss, 0.7, rtol=1e-15)
    np.testing.assert_allclose(history.validation_loss, 0.7, rtol=1e-15)


@pytest.mark.parametrize("batch_size", [1, 4, 7, 9])
def test_the_epoch_loss_weights_each_batch_by_its_size(batch_size):
    x, _ = blobs(25)
    _, history = run(
        data=(x, np.arange(25)), criterion=BatchSize(), batch_size=batch_size
    )
    np.testing.assert_allclose(history.train_loss, 10 / 25, rtol=1e-15)


def test_a_network_trains_in_train_mode_and_is_left_in_eval_mode():
    recorder = Recorder()
    model = Sequential(recorder, Linear(2, 3, rng=rng_of(0)))
    run(model, epochs=2, batch_size=60, validation=blobs())
    assert recorder.modes == [True, False, True, False]
    assert not model.training
    assert not recorder.training


# ---- what is remembered -------------------------------------------------------------


def test_a_history_has_one_value_per_epoch():
    _, history = run(epochs=4, validation=blobs(seed=1), metric=accuracy)
    assert history.epochs == 4
    for values in (
        history.train_loss,
        history.validation_loss,
        history.validation_metric,
        history.seconds,
    ):
        assert len(values) == 4
        assert all(type(value) is float for value in values)
    assert min(history.seconds) > 0


def test_without_validation_or_metric_their_lists_stay_empty():
    _, history = run()
    assert history.validation_loss == history.validation_metric == []
    _, history = run(validation=blobs())
    assert len(history.validation_loss) == 3
    assert history.validation_metric == []
    assert History().epochs == 0


def test_the_validation_of_an_epoch_is_that_of_the_model_after_it():
    x, y = blobs(seed=1)
    model, history = run(validation=(x, y), metric=accuracy)
    assert history.validation_loss[-1] == CrossEntropyLoss()(model(x), y)
    assert history.validation_metric[-1] == accuracy(model(x), y)


def test_validation_changes_nothing_in_the_training():
    with_it, _ = run(validation=blobs(seed=1), metric=accuracy)
    without, _ = run()
    assert same_bits(weights(with_it), weights(without))


def test_the_schedule_steps_after_every_epoch():
    rates = []

    class Watched(SGD):
        def step(self):
            rates.append(self.lr)
            super().step()

    model = network()
    optimizer = Watched(model.parameters(), lr=0.4)
    run(model, optimizer, schedule=StepLR(optimizer, 2, 0.5), epochs=5, batch_size=60)
    assert rates == [0.4, 0.4, 0.2, 0.2, 0.1]


def test_a_loss_that_is_not_finite_is_recorded_and_training_goes_on(tmp_path):
    path = tmp_path / "run"
    _, history = run(criterion=Constant(math.nan), checkpoint=path)
    assert [math.isnan(loss) for loss in history.train_loss] == [True] * 3
    _, history = run(criterion=Constant(math.inf), epochs=4, checkpoint=path)
    assert history.train_loss[3] == math.inf
    assert math.isnan(history.train_loss[0])


def test_the_progress_bar_shows_the_epoch_and_the_loss(capsys):
    run(progress=True, validation=blobs(), metric=accuracy)
    shown = capsys.readouterr()
    assert shown.out == ""
    for text in ("epoch 3/3", "12/12", "loss ", "validation loss ", "metric "):
        assert text in shown.err
    run(progress=False)
    assert capsys.readouterr().err == ""


# ---- evaluate -----------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 7, 60, 1000])
def test_evaluation_does_not_depend_on_the_batches(batch_size):
    x, y = blobs()
    model = network()
    found = evaluate(
        model, CrossEntropyLoss(), (x, y), metric=accuracy, batch_size=batch_size
    )
    expected = CrossEntropyLoss()(model(x), y), accuracy(model(x), y)
    assert found == pytest.approx(expected, rel=1e-6)


def test_evaluation_changes_no_weight_and_ends_in_eval_mode():
    model = network()
    before = weights(model)
    loss, score = evaluate(model, CrossEntropyLoss(), blobs())
    assert score is None
    assert type(loss) is float
    assert same_bits(before, weights(model))
    assert not model.training


# ---- checkpoints --------------------------------------------------------------------


def sgd(model):
    return SGD(model.parameters(), lr=0.2, momentum=0.9), None


def adam(model):
    optimizer = Adam(model.parameters(), lr=0.02)
    return optimizer, CosineLR(optimizer, 6)


def adamw_in_steps(model):
    optimizer = AdamW(model.parameters(), lr=0.02)
    return optimizer, StepLR(optimizer, 2, 0.5)


class StopError(Exception):
    pass


class Stopping(CrossEntropyLoss):
    """Cross-entropy that raises an error at a certain call."""

    def __init__(self, calls):
        self.calls_left = calls

    def forward(self, prediction, target):
        self.calls_left -= 1
        if self.calls_left < 0:
            raise StopError
        return super().forward(prediction, target)


@pytest.mark.parametrize("make", [sgd, adam, adamw_in_steps])
@pytest.mark.parametrize("calls", [0, 2, 5, 11, 14, 24])
def test_an_interrupted_and_resumed_run_is_an_uninterrupted_one_bit_for_bit(
    tmp_path, make, calls
):
    """Five calls of the loss an epoch: four batches and a validation."""

    def six_epochs(seed, **more):
        model = network()  # the same weights whatever the seed of the order
        optimizer, schedule = make(model)
        return run(
            model,
            optimizer,
            epochs=6,
            schedule=schedule,
            rng=rng_of(seed),
            validation=blobs(seed=1),
            metric=accuracy,
            **more,
        )

    whole, history = six_epochs(7)
    path = tmp_path / "run.safetensors"
    with pytest.raises(StopError):
        six_epochs(7, checkpoint=path, criterion=Stopping(calls))
    assert path.exists() == (calls >= 5)
    # Another seed: the state of the generator comes from the file.
    resumed, again = six_epochs(7 if calls < 5 else 99, checkpoint=path)
    assert same_bits(weights(whole), weights(resumed))
    assert history.train_loss == again.train_loss
    assert history.validation_loss == again.validation_loss
    assert history.validation_metric == again.validation_metric
    assert len(again.seconds) == 6


@pytest.mark.parametrize("bits", ["PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_every_kind_of_random_generator_is_resumed(tmp_path, bits):
    def of_seed(seed):
        return np.random.Generator(getattr(np.random, bits)(seed))

    whole, _ = run(epochs=4, rng=of_seed(0))
    run(epochs=2, rng=of_seed(0), checkpoint=tmp_path / "run")
    resumed, _ = run(epochs=4, rng=of_seed(5), checkpoint=tmp_path / "run")
    assert same_bits(weights(whole), weights(resumed))


def test_a_run_that_is_complete_is_read_and_not_trained_further(tmp_path):
    path = tmp_path / "run"
    model, history = run(epochs=3, checkpoint=path)
    content = path.read_bytes()
    again, same_history = run(network(5), epochs=3, checkpoint=path)
    assert same_bits(weights(model), weights(again))
    assert same_history == history
    assert not again.training
    fewer, history = run(network(5), epochs=2, checkpoint=path)
    assert history.epochs == 3
    assert same_bits(weights(model), weights(fewer))
    assert path.read_bytes() == content


def test_a_checkpoint_changes_nothing_in_the_training(tmp_path):
    with_it, _ = run(checkpoint=tmp_path / "run")
    without, _ = run()
    assert same_bits(weights(with_it), weights(without))
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def assert_not_resumed(path, message, model=None, optimizer=None, **more):
    """The run is refused, and model, optimiser, schedule, rng stay as they were."""
    model = network(3) if model is None else model
    optimizer = Adam(model.parameters(), lr=0.1) if optimizer is None else optimizer
    schedule, rng = StepLR(optimizer, 1), more.pop("rng", rng_of(4))
    before, content = weights(model), path.read_bytes()
    memory = [a.copy() for a in optimizer.state().values()]
    state = json.dumps(rng.bit_generator.state, default=np.ndarray.tolist)
    with pytest.raises(ValueError, match=message) as caught:
        run(model, optimizer, schedule=schedule, rng=rng, checkpoint=path, **more)
    assert path.name in str(caught.value)
    assert same_bits(before, weights(model))
    assert same_bits(memory, optimizer.state().values())
    after = json.dumps(rng.bit_generator.state, default=np.ndarray.tolist)
    assert after == state
    assert schedule.steps == 0
    assert optimizer.lr == 0.1
    assert path.read_bytes() == content


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "run.safetensors"
    model = network()
    run(model, Adam(model.parameters(), lr=0.1), epochs=2, checkpoint=path)
    return path


def test_the_checkpoint_of_another_model_is_refused(checkpoint):
    assert_not_resumed(
        checkpoint,
        r"does not fit the model: .*model.0.weight should be \(2, 9\) of float32, is "
        r"\(2, 8\)",
        network(sizes=(2, 9, 3)),
    )


def test_the_checkpoint_of_another_optimiser_is_refused(checkpoint):
    model = network()
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    message = "optimizer.velocity.0 is missing.*optimizer.mean.0 is not in the model"
    assert_not_resumed(checkpoint, message, model, optimizer)


def test_the_checkpoint_of_another_kind_of_generator_is_refused(checkpoint):
    assert_not_resumed(
        checkpoint,
        "written with a random generator of kind PCG64, got MT19937",
        rng=np.random.Generator(np.random.MT19937(0)),
    )


def test_weights_in_place_of_a_checkpoint_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(network(), path)
    assert_not_resumed(path, "holds weights, but is no checkpoint")


def test_a_checkpoint_cut_short_is_refused(checkpoint):
    whole = checkpoint.read_bytes()
    for length in (0, 7, 8, 100, len(whole) // 2, len(whole) - 1):
        checkpoint.write_bytes(whole[:length])
        assert_not_resumed(checkpoint, "is not a whole safetensors file")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "{",
        lambda text: "null",
        lambda text: "[]",
        lambda text: "{}",
        lambda text: json.dumps({**json.loads(text), "history": None}),
        lambda text: json.dumps({**json.loads(text), "history": {"loss": []}}),
        lambda text: text.replace('"train_loss": [', '"train_loss": ["x", '),
        lambda text: text.replace('"train_loss": [', '"train_loss": [0.5, '),
        lambda text: text.replace('"validation_loss": []', '"validation_loss": 3'),
        lambda text: json.dumps({**json.loads(text), "rng": None}),
        lambda text: json.dumps({**json.loads(text), "rng": {}}),
        lambda text: text.replace('"inc"', '"ink"'),
        lambda text: text.replace('"inc": ', '"inc": -'),
        lambda text: text.replace('"has_uint32": 0', '"has_uint32": "no"'),
    ],
)
def test_a_checkpoint_with_damaged_text_is_refused(checkpoint, change):
    arrays = load_file(checkpoint)
    model = network()
    model_run = Adam(model.parameters(), lr=0.1)
    progress = {
        "history": {
            "train_loss": [1.0, 0.5],
            "validation_loss": [],
            "validation_metric": [],
            "seconds": [0.1, 0.1],
        },
        "rng": rng_of(0).bit_generator.state,
    }
    text = json.dumps(progress)
    assert change(text) != text
    save_file(arrays, checkpoint, {"nnlib": change(text)})
    assert_not_resumed(checkpoint, "is a damaged checkpoint", model, model_run)


def test_a_checkpoint_in_a_folder_that_is_not_there_is_refused_before_any_training(
    tmp_path,
):
    model = network()
    before = weights(model)
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere"):
        run(model, checkpoint=tmp_path / "nowhere" / "run")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        run(model, checkpoint=tmp_path)
    assert same_bits(before, weights(model))


def test_a_checkpoint_holds_every_array_by_name(checkpoint):
    model = network()
    optimizer = Adam(model.parameters())
    assert set(load_file(checkpoint)) == set(_places(model, optimizer))


# ---- errors -------------------------------------------------------------------------

model = network()
x, y = blobs()


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "fit expected epochs of at least 1, got 0"),
        ({"epochs": 1.5}, TypeError, "fit expected epochs as an integer, got float"),
        ({"batch_size": 0}, ValueError, "fit expected batch_size of at least 1, got 0"),
        ({"rng": None}, TypeError, "fit expected rng as a numpy Generator"),
        ({"rng": 3}, TypeError, "fit expected rng as a numpy Generator"),
        ({"model": np.tanh}, TypeError, "fit expected model as a Module, got <ufunc"),
        (
            {"criterion": MSELoss},
            TypeError,
            "fit expected criterion as a Loss, got <class",
        ),
        (
            {"optimizer": "adam"},
            TypeError,
            "fit expected optimizer as an Optimizer, got 'adam'",
        ),
        (
            {"optimizer": SGD(network().parameters(), lr=0.1)},
            ValueError,
            "fit expected an optimizer over the model's parameters, got one over",
        ),
        (
            {"schedule": 0.1},
            TypeError,
            "fit expected schedule as a Schedule, got 0.1",
        ),
        (
            {"schedule": StepLR(SGD(model.parameters(), lr=0.1), 1)},
            ValueError,
            "fit expected a schedule of its optimizer, got another's",
        ),
        (
            {"metric": "accuracy"},
            TypeError,
            "fit expected metric as a function, got 'accuracy'",
        ),
        (
            {"data": x},
            TypeError,
            r"fit expected train as a pair \(x, y\), got ndarray",
        ),
        (
            {"data": (x, y.tolist())},
            TypeError,
            "fit expected train as two NumPy arrays, got ndarray and list",
        ),
        (
            {"data": (x, y[:-1])},
            ValueError,
            "train to hold as many inputs as targets, at least one, got 60 and 59",
        ),
        (
            {"data": (x[:0], y[:0])},
            ValueError,
            "train to hold as many inputs as targets, at least one, got 0 and 0",
        ),
        (
            {"validation": (x, y[:-1])},
            ValueError,
            "validation to hold as many inputs as targets, at least one, got 60 and 59",
        ),
        (
            {"data": (x.astype(float), y)},
            TypeError,
            "Linear expected x of float32, the dtype of its weight, got float64",
        ),
    ],
)
def test_a_training_that_cannot_be_is_refused_by_name(more, error, message):
    before = weights(model)
    with pytest.raises(error, match=message):
        run(**({"model": model} | more))
    assert same_bits(before, weights(model))


@pytest.mark.parametrize(
    ("arguments", "more", "error", "message"),
    [
        ((model, CrossEntropyLoss(), (x[:0], y[:0])), {}, ValueError, "got 0 and 0"),
        ((model, CrossEntropyLoss(), x), {}, TypeError, "data as a pair"),
        ((model, CrossEntropyLoss, (x, y)), {}, TypeError, "criterion as a Loss"),
        ((np.tanh, MSELoss(), (x, y)), {}, TypeError, "model as a Module"),
        (
            (model, CrossEntropyLoss(), (x, y)),
            {"batch_size": 0},
            ValueError,
            "batch_size of at least 1, got 0",
        ),
    ],
)
def test_an_evaluation_that_cannot_be_is_refused_by_name(
    arguments, more, error, message
):
    with pytest.raises(error, match=f"evaluate expected .*{message}"):
        evaluate(*arguments, **more)
