"""What the tests of the core share: cases, frozen values, and the assertions that
the tests make of nnlib and that `test_mutants.py` makes of nnlib with a defect.

A thing under test is named by the expression that makes it, such as
``ELU(alpha=0.5)``, and made from `names`: nnlib's own, or a mutant's.
"""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nnlib
from nnlib import functional, matrix, optim

inf = np.inf
NNLIB = {**vars(functional), **vars(optim), **vars(nnlib), **vars(matrix)}

with np.load(Path(__file__).parent / "reference" / "pytorch.npz") as _file:
    PYTORCH = dict(_file)


def pytorch_cases(kind):
    """The expressions of one kind for which there are frozen values."""
    keys = (key.split("|") for key in PYTORCH)
    return sorted({key[1] for key in keys if key[0] == kind})


ACTIVATIONS = pytorch_cases("activation")
ELEMENTWISE = [a for a in ACTIVATIONS if a != "Softmax()"]
LOSSES = pytorch_cases("loss")
NUMBER_LOSSES = [c for c in LOSSES if c.startswith(("MSE", "MAE", "Huber"))]
DTYPES = ("float32", "float64")
SHAPES = ((1, 1), (1, 4), (5, 1), (7, 3))

# Hypothesis as a fixed list of well-chosen examples: the same at every run.
quick = settings(derandomize=True, database=None, deadline=None, max_examples=20)


def build(expression, names=None, **more):
    """What the expression makes, with nnlib's names or a mutant's."""
    return eval(expression, {**(NNLIB if names is None else names), **more})


def rng_of(*seed):
    """A generator that depends on the numbers given and on nothing else."""
    return np.random.default_rng(seed)


def frozen(array):
    """A copy that raises an error when it is written to."""
    array = np.array(array)
    array.flags.writeable = False
    return array


def away_from_zero(rng, shape):
    """Numbers from -3 to 3, at least 0.05 from the kinks at 0."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.05, 3, shape)


def floats(dtype="float64", low=-1e4, high=1e4, shape=(4, 3)):
    """Arrays of finite floats, of every size from the least to 1e4."""
    width = np.dtype(dtype).itemsize * 8
    elements = st.floats(low, high, width=width)
    return hnp.arrays(dtype, shape, elements=elements)


def loss_case(expression, rng, shape=(5, 3), dtype="float64"):
    """A prediction and a target for a loss, away from its kinks."""
    if expression.startswith("CrossEntropy"):
        labels = rng.integers(0, shape[1], shape[0])
        return frozen(2 * rng.standard_normal(shape).astype(dtype)), frozen(labels)
    if expression.startswith("BCELoss"):
        low, high = 0.05, 0.95
        prediction = rng.uniform(low, high, shape)
        target = rng.uniform(0, 1, shape)
    elif expression.startswith("BCEWith"):
        prediction = away_from_zero(rng, shape)
        target = rng.uniform(0, 1, shape)
    else:
        target = rng.standard_normal(shape)
        prediction = target + away_from_zero(rng, shape)
        size = np.abs(prediction - target)
        for kink in (0.3, 1.0):
            near = np.abs(size - kink) < 0.01
            prediction = np.where(near, prediction + 0.03, prediction)
    return frozen(prediction.astype(dtype)), frozen(target.astype(dtype))


# ---- gradients ----------------------------------------------------------------------


def assert_gradients_right(module, x, tolerance=1e-7):
    """Backward agrees with central differences for a random upstream."""
    report = nnlib.check_gradients(
        module, frozen(x), rng=rng_of(11), tolerance=tolerance
    )
    assert report, f"{module!r}\n{report}"


def assert_activation_gradients_right(expression, names=None):
    """On batches of several shapes, of one sample, of odd sizes, of three axes."""
    for shape in (*SHAPES, (2, 3, 4)):
        x = away_from_zero(rng_of(*shape), shape)
        module = build(expression, names)
        assert_gradients_right(module, x)


def assert_loss_gradients_right(expression, names=None):
    """On several shapes; the factor 1/N shows where N is not 1."""
    for shape in SHAPES:
        prediction, target = loss_case(expression, rng_of(*shape), shape)
        criterion = build(expression, names)
        report = nnlib.check_gradients(
            criterion, prediction, target, rng=rng_of(11), tolerance=1e-7
        )
        assert report, f"{expression} at {shape}\n{report}"


def assert_layer_gradients_right(expression, names=None):
    """Of the input and of every parameter, for several shapes."""
    for batch in (1, 2, 7):
        rng = rng_of(batch)
        layer = build(expression, names, rng=rng, float64=np.float64)
        x = rng.standard_normal((batch, layer.weight.data.shape[0]))
        assert_gradients_right(layer, x)


def assert_parameters_alone_agree(module, x):
    """`backward_parameters` gives the gradients that `backward` gives."""
    upstream = rng_of(5).standard_normal(module(x).shape)
    module.backward(frozen(upstream))
    expected = [p.grad.copy() for p in module.parameters()]
    for p in module.parameters():
        p.grad[...] = np.nan
    assert module.backward_parameters(frozen(upstream)) is None
    for p, grad in zip(module.parameters(), expected, strict=True):
        assert np.array_equal(p.grad, grad)


def assert_refuses_other_upstream(module, x, owner):
    """An upstream that is not of the output's shape is refused, by name."""
    y = module(x)
    for backward in (module.backward, module.backward_parameters):
        with pytest.raises(ValueError, match=f"{owner} expected grad_output of shape"):
            backward(np.ones((y.shape[0] + 1, *y.shape[1:])))
        with pytest.raises(ValueError, match=f"{owner} expected grad_output of shape"):
            backward(np.ones((*y.shape[:-1], y.shape[-1] + 1)))
        with pytest.raises(TypeError, match=f"{owner} expected grad_output as floats"):
            backward(np.ones(y.shape, dtype=int))


def assert_needs_forward_first(expression, names=None, **more):
    """Backward before forward is an error that says so, and names the class."""
    thing = build(expression, names, **more)
    owner = expression.split("(")[0]
    message = f"{owner}.backward needs a forward before it"
    arguments = () if "Loss" in owner else (np.ones((2, 2)),)
    with pytest.raises(RuntimeError, match=message):
        thing.backward(*arguments)


# ---- PyTorch's values ---------------------------------------------------------------


def pytorch_input(name, dtype):
    return frozen(PYTORCH[f"input|{name}"].astype(dtype))


# Both sides round every operation, in another order: a few units in the last place of
# the largest intermediate value, which is of order 1 to 10 in the ordinary cases.
ROUNDING = {
    np.dtype("float32"): {"rtol": 1e-6, "atol": 1e-6},
    np.dtype("float64"): {"rtol": 1e-13, "atol": 1e-14},
}


def assert_close(found, expected, **tolerance):
    """Equal to rounding level, with infinities in the same places and no NaN."""
    assert not np.isnan(expected).any(), "a NaN is no reference"
    tolerance = {**ROUNDING[expected.dtype], **tolerance}
    np.testing.assert_allclose(found, expected, **tolerance)


# Where PyTorch gives NaN for an input at which the limit exists, nnlib gives the
# limit: by activation and input, the output and the slope.
LIMITS = {
    "SiLU()": {-inf: (0, 0), inf: (inf, 1)},
    "GELU()": {-inf: (0, 0), inf: (inf, 1)},
    "GELU(approximate='tanh')": {
        -inf: (0, 0),
        inf: (inf, 1),
        -1e30: (0, 0),  # PyTorch's cube overflows in float32
        1e30: (1e30, 1),
    },
}

# Likewise for rows of logits: the softmax. Infinite logits share alike.
ROW_LIMITS = {
    (inf, 0, 1): (1, 0, 0),
    (inf, -inf, 1): (1, 0, 0),
    (inf, inf, 1): (1 / 2, 1 / 2, 0),
    (-inf, -inf, -inf): (1 / 3, 1 / 3, 1 / 3),
}

# Likewise for BCEWithLogitsLoss: by logit and target, the loss.
LOGIT_LIMITS = {(-inf, 0.0): 0, (-inf, 0.3): inf, (-inf, 1.0): inf, (inf, 1.0): 0}


def assert_activation_matches_pytorch(expression, dtype, names=None):
    """Output and gradient, for ordinary numbers and for extremes."""
    module = build(expression, names)
    extreme = "extreme rows" if expression == "Softmax()" else "extreme"
    for x_name in ("x", extreme):
        x = pytorch_input(x_name, dtype)
        g = pytorch_input("upstream" if x_name == "x" else f"{extreme} upstream", dtype)
        y = PYTORCH[f"activation|{expression}|{x_name}|{dtype}|y"].copy()
        grad = PYTORCH[f"activation|{expression}|{x_name}|{dtype}|grad"].copy()
        for where, (output, slope) in LIMITS.get(expression, {}).items():
            at = x == x.dtype.type(where)
            y[at] = np.where(np.isnan(y[at]), output, y[at])
            grad[at] = np.where(np.isnan(grad[at]), slope * g[at], grad[at])
        if x_name == "extreme rows":
            for row, p in ROW_LIMITS.items():
                at = (x == np.array(row, x.dtype)).all(axis=1)
                assert at.any()
                y[at] = p
                grad[at] = p * (g[at] - g[at] @ np.array(p)[:, None])
        assert_close(module(x), y)
        assert_close(module.backward(g), grad)


def assert_function_matches_pytorch(name, dtype, names=None):
    """For ordinary numbers, and for extreme rows of logits."""
    function = build(name, names)
    for x_name in ("x", "extreme rows"):
        x = pytorch_input(x_name, dtype)
        y = PYTORCH[f"functional|{name}|{x_name}|{dtype}|y"].copy()
        if x_name == "extreme rows" and name in ("softmax", "log_softmax"):
            for row, p in ROW_LIMITS.items():
                at = (x == np.array(row, x.dtype)).all(axis=1)
                with np.errstate(divide="ignore"):
                    y[at] = p if name == "softmax" else np.log(p)
        assert_close(function(x), y)
        for one, expected in zip(x, y, strict=True):  # each row by itself, too
            assert_close(function(one), expected)


def assert_loss_matches_pytorch(expression, dtype, names=None):
    """Loss and gradient for a batch, and element by element for extremes."""
    criterion = build(expression, names)

    def compare(key, x, target, y, grad):
        loss = criterion(x, target)
        assert isinstance(loss, float), key
        assert_close(np.array(loss, x.dtype), y)
        assert_close(criterion.backward(), grad)

    def frozen_values(x_name):
        key = f"loss|{expression}|{x_name}|{dtype}"
        return PYTORCH[f"{key}|y"].copy(), PYTORCH[f"{key}|grad"].copy()

    if expression == "CrossEntropyLoss()":
        x = pytorch_input("x", dtype)
        compare("x", x, frozen(PYTORCH["labels"]), *frozen_values("x"))
        rows = pytorch_input("extreme rows", dtype)
        for label in range(3):
            y, grad = frozen_values(f"extreme rows {label}")
            for i, row in enumerate(rows):
                p = ROW_LIMITS.get(tuple(float(z) for z in row))
                if p is not None:
                    with np.errstate(divide="ignore"):
                        y[i] = abs(np.log(p[label]))
                    grad[i] = p - np.eye(3)[label]
                target = frozen([label])
                compare(row, row[None], target, y[i], grad[i : i + 1])
        return

    x_name, target_name, extreme = {
        "BCELoss()": ("p", "share", "extreme p"),
        "BCEWithLogitsLoss()": ("x", "share", "extreme logit"),
    }.get(expression, ("x", "target", "extreme"))
    x, target = pytorch_input(x_name, dtype), pytorch_input(target_name, dtype)
    compare(x_name, x, target, *frozen_values(x_name))
    x = pytorch_input(extreme, dtype)
    if extreme == "extreme":
        target = np.zeros_like(x)
    else:
        target = pytorch_input(f"{extreme} target", dtype)
    y, grad = frozen_values(extreme)
    for i in range(len(x)):
        if np.isnan(y[i]):
            y[i] = LOGIT_LIMITS[float(x[i]), round(float(target[i]), 1)]
        if y[i] == inf > np.abs(x[i]) and expression == "MSELoss()":
            continue  # the square overflows, with a warning: see test_losses
        one = slice(i, i + 1)
        compare(x[i], x[one], target[one], y[i], grad[one])


def assert_linear_matches_pytorch(bias, dtype, names=None):
    x, upstream = pytorch_input("x", dtype), pytorch_input("upstream of 3", dtype)
    expression = f"Linear(5, 3, rng=rng, bias={bias}, dtype=dtype)"
    layer = build(expression, names, rng=rng_of(0), dtype=np.dtype(dtype))
    layer.weight.data[...] = pytorch_input("weight", dtype)
    key = f"linear|bias={bias}|x|{dtype}"
    if bias:
        layer.bias.data[...] = pytorch_input("bias", dtype)
    assert_close(layer(x), PYTORCH[f"{key}|y"], atol=10 * np.finfo(dtype).eps)
    assert_close(layer.backward(upstream), PYTORCH[f"{key}|grad"])
    assert_close(layer.weight.grad, PYTORCH[f"{key}|weight"])
    if bias:
        assert_close(layer.bias.grad, PYTORCH[f"{key}|bias"])
    else:
        assert layer.bias is None


def optimizer_parameters(dtype):
    """Two parameters where PyTorch's optimisers started."""
    return [nnlib.Parameter(pytorch_input(f"start of {n}", dtype)) for n in "21"]


def assert_optimizer_matches_pytorch(expression, dtype, names=None):
    """Every parameter over a hundred steps, for gradients of every scale."""
    params = optimizer_parameters(dtype)
    optimizer = build(expression, names, params=params)
    path = PYTORCH[f"optimizer|{expression}|{dtype}|path"]
    kept = dict(zip(PYTORCH["kept steps"].tolist(), path, strict=True))
    gradients = [pytorch_input(f"gradients of {n}", dtype) for n in "21"]
    assert max(kept) == len(gradients[0]) == 100
    largest = np.concatenate([np.abs(p.data).ravel() for p in params])
    for step in range(1, 101):
        for p, gradient in zip(params, gradients, strict=True):
            p.grad = frozen(gradient[step - 1])  # a step reads it and no more
        optimizer.step()
        found = np.concatenate([p.data.ravel() for p in params])
        assert found.dtype == dtype
        largest = np.maximum(largest, np.abs(found))
        if step in kept:
            # Every step rounds once more, a number as large as the parameter then was.
            rounding = step * np.finfo(dtype).eps
            assert_close(found / largest, kept[step] / largest, atol=rounding)


def assert_clipping_matches_pytorch(max_norm, dtype, names=None):
    """The norm that comes back, and every gradient after it."""
    params = optimizer_parameters(dtype)
    for p, n in zip(params, "21", strict=True):
        p.grad[...] = pytorch_input(f"gradients of {n}", dtype)[0]
    norm = build("clip_grad_norm", names)(params, float(max_norm))
    assert isinstance(norm, float)
    key = f"clip|{max_norm}|{dtype}"
    assert_close(np.array(norm, dtype), PYTORCH[f"{key}|norm"])
    grads = np.concatenate([p.grad.ravel() for p in params])
    # Relative to each gradient by itself: the smallest are 1e-15 of the largest.
    assert_close(grads, PYTORCH[f"{key}|grads"], atol=0)


def assert_schedule_matches_pytorch(expression, names=None):
    """The learning rate at the start and after each of ten steps."""
    optimizer = nnlib.SGD([nnlib.Parameter(np.ones(1))], lr=0.3)
    schedule = build(expression, names, optimizer=optimizer)
    rates = [optimizer.lr]
    for _ in range(10):
        schedule.step()
        rates.append(optimizer.lr)
    assert_close(np.array(rates), PYTORCH[f"schedule|{expression}"])
