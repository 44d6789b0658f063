"""Exercises and quick questions of the chapter on speed."""

# Solutions stand in the book as students write them, without types:
# mypy: allow-untyped-defs, allow-untyped-calls

import math
import sys
import time
import tracemalloc
from inspect import cleandoc
from itertools import pairwise

import numpy as np

from nnlib import ReLU, flops, mlp
from nnlib.exercises._bank import Exercise, Mistake, Question

__all__ = ["EXERCISES", "QUESTIONS"]


# ---- 1. An epoch, before it is run -------------------------------------------------


def epoch_cost(sizes, samples, batch_size, peak):
    """Return the FLOPs of an epoch, and the seconds that they take at least."""
    weights = sum(m * n for m, n in pairwise(sizes))
    biases, hidden = sum(sizes[1:]), sum(sizes[1:-1])
    forward = 2 * weights + biases + hidden
    backward = 2 * weights + biases + hidden  # dW, db, and the activations
    backward += 2 * (weights - sizes[0] * sizes[1])  # dX of all but the first
    steps = math.ceil(samples / batch_size)
    work = samples * (forward + backward) + steps * 2 * (weights + biases)
    return work, work / peak


def _epoch(
    *,
    product=2,
    backward_products=2,
    first_dx=False,
    bias=1,
    db=1,
    activated=lambda sizes: sizes[1:-1],
    activations=2,
    updates=lambda samples, batch_size: math.ceil(samples / batch_size),
    update=2,
    updated_biases=1,
    counted=lambda samples, batch_size: samples,
    seconds=lambda work, peak: work / peak,
):
    """Return an `epoch_cost` that counts in another way."""

    def answer(sizes, samples, batch_size, peak):
        weights = sum(m * n for m, n in pairwise(sizes))
        first = 0 if first_dx else sizes[0] * sizes[1]
        biases = sum(sizes[1:])
        of_one = product * (weights * (1 + backward_products) - first)
        of_one += (bias + db) * biases + activations * sum(activated(sizes))
        of_update = update * (weights + updated_biases * biases)
        work = counted(samples, batch_size) * of_one
        work += updates(samples, batch_size) * of_update
        return work, seconds(work, peak)

    return answer


def _as_a_float(sizes, samples, batch_size, peak):
    work, seconds = epoch_cost(sizes, samples, batch_size, peak)
    return float(work), seconds


def _in_whole_flops(answer):
    def rounded(sizes, samples, batch_size, peak):
        work = int(answer(sizes, samples, batch_size, peak)[0])
        return work, work / peak

    return rounded


def _by_the_rule(sizes, samples, batch_size, peak):
    work = 6 * samples * sum(m * n + n for m, n in pairwise(sizes))
    return work, work / peak


A_FRACTION = (
    "There is no part of a step: `samples / batch_size` is a float, and a fraction "
    "where the last batch is a partial one, whose update costs as much as any. "
    "`math.ceil` rounds it up."
)


def _work_alone(sizes, samples, batch_size, peak):
    return epoch_cost(sizes, samples, batch_size, peak)[0]


EPOCH_FLOPS = Exercise(
    id="performance/epoch-flops",
    title="An epoch, before it is run",
    statement=cleandoc(r"""
        `epoch_cost(sizes, samples, batch_size, peak)` says what an epoch of training
        takes. `sizes` is a list such as `[784, 128, 64, 10]`: linear layers with
        biases, and a ReLU after each but the last. Count forward and backward as in
        (10.1), without the first layer's $dX$, and one FLOP for each number of a ReLU,
        forward and again backward. This time count the **update**, too: 2 FLOPs for
        each weight and each bias, in every step. There are as many steps as batches,
        and the last batch may be a partial one. The loss counts nothing.

        Return $F$, the FLOPs of the epoch, as an `int`, and the seconds that it takes
        at least, by $F/P$, where `peak` is $P$ in FLOP/s. (Write it from the formulas:
        `flops` does not know of updates.)
    """),
    stub=cleandoc("""
        def epoch_cost(sizes, samples, batch_size, peak):
            # list of at least two ints, int, int, FLOP/s -> FLOPs (int), seconds
            ...
    """),
    reference=epoch_cost,
    cases=lambda: [
        ([3, 2], 1, 1, 1e9),
        ([3, 2], 5, 2, 1e9),
        ([4, 3, 2], 6, 3, 2e9),
        ([4, 3, 5, 2], 7, 3, 2e9),
        ([784, 128, 64, 10], 60_000, 64, 7e10),
    ],
    parts=("the number of FLOPs", "the time"),
    hints=[
        "Two things are counted in two ways: what is done for every sample, and what "
        "is done once in every step.",
        "For a sample: `2 * m * n + n` for each layer forward, as much backward for "
        "dW and db, and `2 * m * n` for dX, but for the first. Each number that a ReLU "
        "gives costs 2. `sizes[1:-1]` are the layers that have one.",
        "For a step: 2 FLOPs for each of the `m * n + n` parameters. There are "
        "`math.ceil(samples / batch_size)` steps. Add `samples` times the one to the "
        "steps times the other, and divide by `peak` for the time.",
    ],
    comment=(
        "All but the update is proportional to the number of samples, however they are "
        "divided into batches. So the batch size enters in one place, the number of "
        "steps, and a partial batch costs a whole update."
    ),
    remark=(
        "Of 784-128-64-10 the updates of an epoch are 0.2 billion of 27.5 billion at "
        "B = 64. At B = 1 they are 13 billion, a third of everything, and each "
        "moves 12 bytes for its two FLOPs. That is one of the reasons why nobody "
        "trains with single samples."
    ),
    mistakes=[
        Mistake(
            "leaves out the updates",
            _epoch(update=0),
            "This is forward and backward alone. Each step also changes every weight "
            "and every bias: a multiplication by the learning rate and a subtraction, "
            "2 FLOPs for each, once in a step.",
        ),
        Mistake(
            "updates after every sample",
            _epoch(updates=lambda samples, batch_size: samples),
            "The update is made once in a step, for the whole batch. There are "
            "`math.ceil(samples / batch_size)` steps in an epoch.",
        ),
        Mistake(
            "updates once in an epoch",
            _epoch(updates=lambda samples, batch_size: 1),
            "Every batch ends in an update, so there are as many of these as batches: "
            "`math.ceil(samples / batch_size)`.",
        ),
        Mistake(
            "leaves out the step of the partial batch",
            _epoch(updates=lambda samples, batch_size: samples // batch_size),
            "`samples // batch_size` counts the full batches. What is left over makes "
            "one more step, and its update costs as much as any: round up.",
        ),
        Mistake(
            "takes the last batch for a full one",
            _epoch(counted=lambda n, size: size * math.ceil(n / size)),
            "The number of steps is rounded up, but the number of samples is what it "
            "is: forward and backward of the last batch are as small as the batch.",
        ),
        Mistake(
            "counts whole batches only",
            _epoch(
                counted=lambda n, size: size * (n // size),
                updates=lambda n, size: n // size,
            ),
            "The partial batch at the end of the epoch was dropped, its samples and "
            "its step. The training loop of this book uses it, so count it.",
        ),
        Mistake(
            "counts the samples of one batch",
            _epoch(counted=lambda n, size: size, updates=lambda samples, batch_size: 1),
            "That is one step. An epoch goes through all samples, in "
            "`math.ceil(samples / batch_size)` of them.",
        ),
        Mistake(
            "takes a fraction of a step",
            _epoch(updates=lambda samples, batch_size: samples / batch_size),
            A_FRACTION,
        ),
        Mistake(
            "takes a fraction of a step, and drops what is behind the point",
            _in_whole_flops(_epoch(updates=lambda n, size: n / size)),
            A_FRACTION,
        ),
        Mistake(
            "counts one FLOP for each update",
            _epoch(update=1),
            "An update multiplies the gradient by the learning rate and subtracts the "
            "product: 2 FLOPs for each parameter.",
        ),
        Mistake(
            "takes the rule of six",
            _by_the_rule,
            "Six FLOPs for each parameter and sample is a rule of thumb, for deep "
            "networks. Here the first layer has no dX, and the ReLUs and the updates "
            "are counted: add up (10.1).",
        ),
        Mistake(
            "counts the first layer's dX",
            _epoch(first_dx=True),
            "The gradient with respect to the pictures is needed by nobody: pictures "
            "are not trained. Leave out the first layer's `2 * m * n` for dX.",
        ),
        Mistake(
            "takes three forwards for the backward",
            _epoch(backward_products=3),
            "A backward has two products for each layer, dW and dX. Three is forward "
            "and backward together; an article that says three of the backward alone "
            "has counted the forward twice.",
        ),
        Mistake(
            "counts no dX at all",
            _epoch(backward_products=1, first_dx=True),
            "Every layer but the first has to pass a gradient on to the one before it: "
            "dX, another product of `2 * m * n`.",
        ),
        Mistake(
            "counts multiplications alone",
            _epoch(product=1),
            "Each weight takes part in a multiplication *and* an addition, so a "
            "product counts 2BMN.",
        ),
        Mistake(
            "leaves out the biases",
            _epoch(bias=0, db=0, updated_biases=0),
            "A bias is added forward, its gradient is a sum over the batch backward, "
            "and it is updated: three places in which n numbers were missed.",
        ),
        Mistake(
            "has biases in the update alone",
            _epoch(bias=0, db=0),
            "The biases are updated here, and neither added nor do they get a "
            "gradient: n additions for each layer and sample forward, and n for db.",
        ),
        Mistake(
            "forgets db",
            _epoch(db=0),
            "The gradient of the bias is the sum of the rows of G: one addition for "
            "each number, backward too.",
        ),
        Mistake(
            "updates the weights and not the biases",
            _epoch(updated_biases=0),
            "Biases are learned as weights are, with 2 FLOPs each in every step.",
        ),
        Mistake(
            "counts no activation",
            _epoch(activations=0),
            "By the convention of this chapter each number that goes through a ReLU "
            "costs one FLOP forward and one backward.",
        ),
        Mistake(
            "counts the activations forward only",
            _epoch(activations=1),
            "Backward, every gradient is multiplied by the slope of the ReLU: one FLOP "
            "more for each number.",
        ),
        Mistake(
            "has a ReLU after the last layer",
            _epoch(activated=lambda sizes: sizes[1:]),
            "The last layer gives logits, with no ReLU after it: `sizes[1:-1]`.",
        ),
        Mistake(
            "multiplies by the peak",
            _epoch(seconds=lambda work, peak: work * peak),
            "FLOPs divided by FLOP/s are seconds. Look at the units: FLOPs times "
            "FLOP/s is no time.",
        ),
        Mistake(
            "takes the peak for GFLOP/s",
            _epoch(seconds=lambda work, peak: work / (1e9 * peak)),
            "`peak` is given in FLOP/s already: 7e10 is 70 GFLOP/s.",
        ),
        Mistake(
            "returns the FLOPs as a float",
            _as_a_float,
            "The number is right, and it is a float. A count is an `int`: `math.ceil` "
            "gives one, `//` and `*` keep it; `/` and `np.ceil` do not.",
        ),
        Mistake(
            "returns the FLOPs alone",
            _work_alone,
            "The time is missing: `return work, work / peak`.",
        ),
    ],
)


# ---- 2. Deep or wide? --------------------------------------------------------------


def equal_width(inputs, outputs, hidden, budget):
    """Return the largest width within a budget of weights, and the forward's work."""

    def weights(width):
        return inputs * width + (hidden - 1) * width * width + width * outputs

    width = 0
    while weights(width + 1) <= budget:
        width += 1
    return width, 2 * weights(width)


def _weights(inputs, outputs, hidden, width):
    return inputs * width + (hidden - 1) * width**2 + width * outputs


def _widest(weights=_weights, *, within=None, work=None, more=0):
    """Return an `equal_width` with another count, another bound or another result.

    A wrong count of the weights goes on into the FLOPs.
    """
    within = within or (lambda count, budget: count <= budget)
    work = work or (lambda count, budget: 2 * count)

    def answer(inputs, outputs, hidden, budget):
        width = 0
        while within(weights(inputs, outputs, hidden, width + 1), budget):
            width += 1
        width += more
        return width, work(weights(inputs, outputs, hidden, width), budget)

    return answer


def _as_deep_as_said(inputs, outputs, hidden, width):
    return inputs * width + hidden * width**2 + width * outputs


def _without_the_last(inputs, outputs, hidden, width):
    return inputs * width + (hidden - 1) * width**2


def _without_the_first(inputs, outputs, hidden, width):
    return (hidden - 1) * width**2 + width * outputs


def _with_biases(inputs, outputs, hidden, width):
    return _weights(inputs, outputs, hidden, width) + hidden * width + outputs


def _one_layer_fewer(inputs, outputs, hidden, width):
    return inputs * width + max(hidden - 2, 0) * width**2 + width * outputs


def _not_squared(inputs, outputs, hidden, width):
    return (inputs + outputs + hidden - 1) * width


def _equal_shares(inputs, outputs, hidden, budget):
    width = math.isqrt(budget // (hidden + 1))
    return width, 2 * _weights(inputs, outputs, hidden, width)


def _by_the_root(inputs, outputs, hidden, budget):
    a, b = hidden - 1, inputs + outputs
    width = int((math.sqrt(b * b + 4 * a * budget) - b) / (2 * a))
    return width, 2 * _weights(inputs, outputs, hidden, width)


def _biases_in_the_budget(inputs, outputs, hidden, budget):
    width = _widest(_with_biases)(inputs, outputs, hidden, budget)[0]
    return width, 2 * _weights(inputs, outputs, hidden, width)


def _flops_first(inputs, outputs, hidden, budget):
    return equal_width(inputs, outputs, hidden, budget)[::-1]


def _width_alone(inputs, outputs, hidden, budget):
    return equal_width(inputs, outputs, hidden, budget)[0]


EQUAL_PARAMETERS = Exercise(
    id="performance/equal-parameters",
    title="Deep or wide, for the same weights",
    statement=cleandoc(r"""
        To compare a deep network with a wide one they must have equally many weights.
        A network leads from `inputs` numbers through `hidden` hidden layers, all of the
        same width $H$, to `outputs` numbers. With two hidden layers that is
        `[inputs, H, H, outputs]`.

        `equal_width(inputs, outputs, hidden, budget)` returns two integers: the largest
        $H$ for which the network has no more than `budget` weights (biases are left
        out), and the FLOPs of the products of its forward for one sample, for the
        weights that it then has. There is room for $H = 1$ at least.
    """),
    stub=cleandoc("""
        def equal_width(inputs, outputs, hidden, budget):
            # four ints of at least 1 -> H (int), FLOPs of one sample (int)
            ...
    """),
    reference=equal_width,
    cases=lambda: [
        (2, 3, 1, 12),
        (3, 2, 2, 17),
        (4, 1, 3, 60),
        (64, 64, 1, 40_960),
        (64, 64, 9, 40_960),
        (784, 10, 2, 109_184),
        (784, 10, 8, 109_184),
    ],
    parts=("the width H", "the number of FLOPs"),
    hints=[
        "How many weights lie between two layers of H units each? And how many such "
        "places are there with one hidden layer, with two, with three?",
        "The weights are `inputs * H` at the beginning, `H * H` between any two "
        "neighbouring hidden layers, `hidden - 1` times, and `H * outputs` at the "
        "end.",
        "Write that as a function of H, begin with `H = 0`, and go up `while` the "
        "count for `H + 1` is still within the budget. Each weight takes one "
        "multiplication and one addition.",
    ],
    comment=(
        "A quadratic equation gives H at once, and then its root has to be rounded "
        "down, which goes wrong in the last digit now and then. A loop over whole "
        "numbers cannot."
    ),
    remark=(
        "Look at the second numbers. For 40,960 weights they are 81,920, with one "
        "hidden layer of 320 as with nine of 64: two FLOPs for each weight, at any "
        "depth. What depth changes is not the count but the shapes: small tables, "
        "more calls, a lower intensity."
    ),
    mistakes=[
        Mistake(
            "counts a square table for each hidden layer",
            _widest(_as_deep_as_said),
            "Between three hidden layers there are two gaps, and so two tables of H "
            "by H: `hidden - 1`. With one hidden layer there is none.",
        ),
        Mistake(
            "counts one square table too few",
            _widest(_one_layer_fewer),
            "Between `hidden` layers in a row there are `hidden - 1` gaps, each with a "
            "table of H by H.",
        ),
        Mistake(
            "leaves out the last layer",
            _widest(_without_the_last),
            "The layer that leads to the outputs has weights as well: H times "
            "`outputs`.",
        ),
        Mistake(
            "leaves out the first layer",
            _widest(_without_the_first),
            "The layer that leads from the inputs has weights as well: `inputs` times "
            "H, and often these are most of all.",
        ),
        Mistake(
            "does not square the width",
            _widest(_not_squared),
            "Each of H units has a weight for each of the H units before it: H times "
            "H between two hidden layers.",
        ),
        Mistake(
            "counts the biases, too",
            _widest(_with_biases),
            "Asked for are the weights: the entries of the tables W. Biases are left "
            "out here, since they take part in no product.",
        ),
        Mistake(
            "counts the biases in the budget",
            _biases_in_the_budget,
            "This width leaves room for biases within the budget. They are left out: "
            "the budget is one of weights alone.",
        ),
        Mistake(
            "does not use up the budget",
            _widest(within=lambda count, budget: count < budget),
            "A network with exactly `budget` weights is within the budget: compare "
            "with `<=`. For 64 inputs, 64 outputs and 40,960 weights H is 320, and "
            "not a weight is left.",
        ),
        Mistake(
            "goes one beyond the budget",
            _widest(more=1),
            "This width costs too much already. A loop has to look at `H + 1` before "
            "it takes it; a root has to be rounded down.",
        ),
        Mistake(
            "gives every layer the same share",
            _equal_shares,
            "`budget / (hidden + 1)` would be a layer's share if all tables were H by "
            "H. The first and the last are not.",
        ),
        Mistake(
            "divides by 0 where there is one hidden layer",
            _by_the_root,
            "The root solves a quadratic equation, and with one hidden layer there is "
            "no table of H by H, and so nothing quadratic: `hidden - 1` is 0. Divide "
            "the budget by `inputs + outputs` there, or count up in a loop.",
        ),
        Mistake(
            "counts one FLOP for each weight",
            _widest(work=lambda count, budget: count),
            "Each weight is multiplied once, and the product is added to a sum: two "
            "FLOPs.",
        ),
        Mistake(
            "counts the FLOPs of the budget",
            _widest(work=lambda count, budget: 2 * budget),
            "The width is a whole number, so the network mostly has somewhat fewer "
            "weights than the budget allows. Count the FLOPs of those that it has.",
        ),
        Mistake(
            "counts a whole training step",
            _widest(work=lambda count, budget: 6 * count),
            "Six FLOPs for each weight is the rule of thumb for forward and backward "
            "together. The forward alone takes two.",
        ),
        Mistake(
            "returns the FLOPs first",
            _flops_first,
            "Both numbers are right, in the other order: first the width.",
        ),
        Mistake(
            "returns the width alone",
            _width_alone,
            "The width is right. Return the FLOPs of one sample after it.",
        ),
    ],
)


# ---- 3. FLOPs for a byte -----------------------------------------------------------


def layer_intensity(B, M, N, itemsize):
    """Return the FLOPs, the bytes and the intensity of Z = XW + b."""
    F = 2 * B * M * N + B * N
    numbers = B * M + M * N + N + B * N  # X, W, b, Z
    Q = numbers * itemsize
    return F, Q, F / Q


def _intensity(work=None, numbers=None, size=lambda itemsize: itemsize):
    """Return a `layer_intensity` that counts in another way."""
    work = work or (lambda B, M, N: 2 * B * M * N + B * N)
    numbers = numbers or (lambda B, M, N: B * M + M * N + N + B * N)

    def answer(B, M, N, itemsize):
        F, Q = work(B, M, N), numbers(B, M, N) * size(itemsize)
        return F, Q, F / Q

    return answer


def _bytes_for_a_flop(B, M, N, itemsize):
    F, Q, intensity = layer_intensity(B, M, N, itemsize)
    return F, Q, 1 / intensity


def _flops_for_a_number(B, M, N, itemsize):
    F, Q, _ = layer_intensity(B, M, N, itemsize)
    return F, Q, F / (Q // itemsize)


def _rounded_down(B, M, N, itemsize):
    F, Q, _ = layer_intensity(B, M, N, itemsize)
    return F, Q, F // Q


def _intensity_alone(B, M, N, itemsize):
    return layer_intensity(B, M, N, itemsize)[2]


INTENSITY = Exercise(
    id="performance/intensity",
    title="FLOPs for a byte",
    statement=cleandoc(r"""
        `layer_intensity(B, M, N, itemsize)` returns three numbers for the forward of a
        linear layer, $Z = XW + b$, done in one go: its FLOPs $F$, the bytes $Q$ that it
        moves at the least, and its intensity $I = F/Q$ of (10.3). $X$ has shape
        $(B, M)$, $W$ has $(M, N)$ and $b$ has $(N)$; every number takes `itemsize`
        bytes. What is read and what is written travels once each, and nothing else
        does. $F$ and $Q$ are integers.
    """),
    stub=cleandoc("""
        def layer_intensity(B, M, N, itemsize):
            # four ints -> F (int), Q (int), I (float)
            ...
    """),
    reference=layer_intensity,
    cases=lambda: [
        (1, 2, 3, 4),
        (5, 2, 3, 8),
        (64, 784, 128, 4),
        (1, 4096, 4096, 2),
        (1024, 4096, 4096, 4),
    ],
    parts=("the number of FLOPs", "the number of bytes", "the intensity"),
    hints=[
        "Which arrays does the layer read, and which does it write? Write down the "
        "shape of each.",
        "Three are read: X, W and b. One is written: Z, of shape (B, N). How many "
        "numbers is that together?",
        "`F = 2 * B * M * N + B * N`, and `Q = (B * M + M * N + N + B * N) * "
        "itemsize`.",
    ],
    comment=(
        "Q is a lower bound. It takes for granted that a number that has been fetched "
        "stays at hand until it is used for the last time, which is what the blocks of "
        "a BLAS are for."
    ),
    remark=(
        "With one sample and 4,096 inputs and outputs the intensity is 1.0 in float16 "
        "and 0.5 in float32: each weight comes for two FLOPs. With 1,024 samples, "
        "in float32, it is 341. Nothing has changed but the number of rows that share "
        "a weight."
    ),
    mistakes=[
        Mistake(
            "does not write the result",
            _intensity(numbers=lambda B, M, N: B * M + M * N + N),
            "Z has to go back to memory: B N numbers more.",
        ),
        Mistake(
            "does not read the weights",
            _intensity(numbers=lambda B, M, N: B * M + B * N),
            "W and b are in memory, as X is, and have to be fetched. With a small "
            "batch they are nearly all that travels.",
        ),
        Mistake(
            "leaves out the bias among the bytes",
            _intensity(numbers=lambda B, M, N: B * M + M * N + B * N),
            "These are the bytes of a product alone. The bias is an array of N numbers "
            "and is read, too. (It makes next to no difference, and yet the count "
            "should be that of what is done.)",
        ),
        Mistake(
            "leaves out the bias altogether",
            _intensity(
                work=lambda B, M, N: 2 * B * M * N,
                numbers=lambda B, M, N: B * M + M * N + B * N,
            ),
            "This is the row `layer` of the table, a product without the bias. Here b "
            "is added, BN FLOPs, and read, N numbers.",
        ),
        Mistake(
            "reads the result, too",
            _intensity(numbers=lambda B, M, N: B * M + M * N + N + 2 * B * N),
            "Z is new: it is written and not read. (The row `bias` of the table reads "
            "and writes it, as an operation of its own.)",
        ),
        Mistake(
            "fetches the weights anew for each sample",
            _intensity(numbers=lambda B, M, N: B * M + B * M * N + N + B * N),
            "Every array travels once here. That all rows of X share the weights is "
            "the very reason why a batch has a higher intensity than a sample.",
        ),
        Mistake(
            "has a bias for each sample",
            _intensity(numbers=lambda B, M, N: B * M + M * N + 2 * B * N),
            "b has N numbers, which serve all rows: it is read once.",
        ),
        Mistake(
            "stores the product and fetches it again",
            _intensity(numbers=lambda B, M, N: B * M + M * N + N + 3 * B * N),
            "These are the bytes of two operations, XW and then + b: the product is "
            "written, read again, and written. Asked for is the layer in one go.",
        ),
        Mistake(
            "counts every access",
            _intensity(numbers=lambda B, M, N: 2 * B * M * N + N + B * N),
            "This fetches two numbers for each multiplication. What has been fetched "
            "may be used again: each array travels once, whatever is done with it.",
        ),
        Mistake(
            "has 4 bytes in every number",
            _intensity(size=lambda itemsize: 4),
            "4 bytes is float32. Here each number takes `itemsize` bytes.",
        ),
        Mistake(
            "takes a number for a byte",
            _intensity(size=lambda itemsize: 1),
            "This counts numbers. Each has `itemsize` bytes: multiply.",
        ),
        Mistake(
            "counts bits",
            _intensity(size=lambda itemsize: 8 * itemsize),
            "`itemsize` is in bytes already: 4 for float32. A bandwidth is in bytes, "
            "too.",
        ),
        Mistake(
            "leaves out the bias among the FLOPs",
            _intensity(work=lambda B, M, N: 2 * B * M * N),
            "Adding b is one FLOP for each of the B N results.",
        ),
        Mistake(
            "counts multiplications alone",
            _intensity(work=lambda B, M, N: B * M * N + B * N),
            "For each weight and sample there is a multiplication and an addition: "
            "2BMN, and BN for the bias.",
        ),
        Mistake(
            "gives the FLOPs of one sample",
            _intensity(work=lambda B, M, N: 2 * M * N + N),
            "The bytes are those of the batch, the FLOPs those of one sample. Both "
            "must be of the same work.",
        ),
        Mistake(
            "gives the bytes for a FLOP",
            _bytes_for_a_flop,
            "This is Q/F. The intensity is F/Q, FLOPs for each byte: the higher it is, "
            "the less memory matters.",
        ),
        Mistake(
            "gives the FLOPs for a number",
            _flops_for_a_number,
            "The first two are right. The intensity is per *byte*: divide F by Q "
            "itself.",
        ),
        Mistake(
            "rounds the intensity down",
            _rounded_down,
            "`//` drops what is behind the point, and an intensity of 0.5 becomes 0. "
            "Use `/`.",
        ),
        Mistake(
            "returns the intensity alone",
            _intensity_alone,
            "The intensity is right. Return F and Q before it: `return F, Q, F / Q`.",
        ),
    ],
)


# ---- 4. How long, at the least? ----------------------------------------------------


def least_time(work, moved, peak, bandwidth):
    """Return the least time of operations in a row, and which are memory-bound."""
    compute, memory = work / peak, moved / bandwidth
    return np.maximum(compute, memory).sum(), memory > compute


def _timed(total, bound=None):
    """Return a `least_time` that adds up or compares in another way."""
    bound = bound or (lambda compute, memory: memory > compute)

    def answer(work, moved, peak, bandwidth):
        compute, memory = work / peak, moved / bandwidth
        return total(compute, memory), bound(compute, memory)

    return answer


def _sum_of_longer(compute, memory):
    return np.maximum(compute, memory).sum()


def _mean_of_rates(work, moved, peak, bandwidth):
    rates = np.minimum(peak, bandwidth * work / moved)
    return work.sum() / rates.mean(), moved / bandwidth > work / peak


def _times_instead_of_over(work, moved, peak, bandwidth):
    compute, memory = work * peak, moved * bandwidth
    return np.maximum(compute, memory).sum(), memory > compute


def _roofs_swapped(work, moved, peak, bandwidth):
    return least_time(work, moved, bandwidth, peak)


def _ridge_upside_down(work, moved, peak, bandwidth):
    total = least_time(work, moved, peak, bandwidth)[0]
    return total, work / moved < bandwidth / peak


def _without_the_ridge(work, moved, peak, bandwidth):
    return least_time(work, moved, peak, bandwidth)[0], moved > work


def _without_the_bandwidth(work, moved, peak, bandwidth):
    return least_time(work, moved, peak, bandwidth)[0], work / moved < peak


def _each_time(work, moved, peak, bandwidth):
    compute, memory = work / peak, moved / bandwidth
    return np.maximum(compute, memory), memory > compute


def _how_many(work, moved, peak, bandwidth):
    total, bound = least_time(work, moved, peak, bandwidth)
    return total, int(bound.sum())


def _time_alone(work, moved, peak, bandwidth):
    return least_time(work, moved, peak, bandwidth)[0]


ROOFLINE_TIME = Exercise(
    id="performance/roofline-time",
    title="How long, at the least?",
    statement=cleandoc(r"""
        A step is a list of operations, done one after another. `work` holds the FLOPs
        $F$ of each, `moved` the bytes $Q$ of each; both are arrays of floats of shape
        $(n)$. `peak` is $P$ in FLOP/s and `bandwidth` is $\beta$ in bytes/s.

        `least_time(work, moved, peak, bandwidth)` returns the seconds that the whole
        step takes at the least, by (10.2), as a float, and an array of bools of shape
        $(n)$ that says which of the operations are memory-bound. (None of them lies
        exactly on the ridge.) An operation begins when the one before it is done.
    """),
    stub=cleandoc("""
        def least_time(work, moved, peak, bandwidth):
            # work, moved: (n,), peak, bandwidth: floats -> seconds, bools: (n,)
            ...
    """),
    reference=least_time,
    cases=lambda: [
        (np.array([2e9]), np.array([12e6]), 5e10, 1e10),
        (np.array([1e6]), np.array([12e6]), 5e10, 1e10),
        (np.array([2e9]), np.array([1e9]), 5e10, 1e10),  # I = 2, the ridge at 5
        (np.array([1e9]), np.array([2e9]), 1e10, 5e10),  # I = 1/2, the ridge at 1/5
        (np.array([4e9, 1e7]), np.array([1e8, 4e9]), 5e10, 1e10),
        (
            np.array([1.3e7, 8.2e3, 1.1e6, 2.2e5, 1.3e7]),
            np.array([6.4e5, 6.6e4, 8.2e4, 4.4e5, 6.4e5]),
            7.3e10,
            1.4e10,
        ),
    ],
    parts=("the time", "the array of what is memory-bound"),
    hints=[
        "Each operation has two times: that of its FLOPs, and that of its bytes. "
        "Which of the two counts?",
        "`work / peak` and `moved / bandwidth` are the two, for all operations at "
        "once. The longer one decides, for each operation by itself; then the "
        "operations add up.",
        "`np.maximum(compute, memory)` compares element by element; `.sum()` adds up. "
        "Memory-bound is what has `memory > compute`.",
    ],
    comment=(
        "`np.maximum` takes the larger of each pair, `np.max` the largest of one "
        "array. The order matters: first the longer of the two for each operation, "
        "then the sum."
    ),
    remark=(
        "The sum of the longer times is more than the longer of the sums. That is what "
        "a framework gains when it fuses a product with the activation after it: the "
        "calculators work while the memory does, and bytes that never leave the cache "
        "are not moved at all."
    ),
    mistakes=[
        Mistake(
            "takes the longer of the two sums",
            _timed(lambda compute, memory: max(compute.sum(), memory.sum())),
            "This lets one operation compute while another moves. But they come one "
            "after another, so within each of them the slower side decides, and the "
            "other waits: take the maximum first, then the sum. (The roof over the "
            "intensity of the whole step says the same as this, and no operation has "
            "that intensity.)",
        ),
        Mistake(
            "adds both times",
            _timed(lambda compute, memory: (compute + memory).sum()),
            "At best a machine computes and moves at the same time. So (10.2) has the "
            "longer of the two, not their sum.",
        ),
        Mistake(
            "takes the shorter time of each",
            _timed(lambda compute, memory: np.minimum(compute, memory).sum()),
            "Both have to be done, and the operation is over when the *slower* one is. "
            "(The minimum stands in (10.3), which is about rates.)",
        ),
        Mistake(
            "counts the arithmetic alone",
            _timed(lambda compute, memory: compute.sum()),
            "F/P is one side. An addition of two large arrays has few FLOPs and takes "
            "long all the same: it waits for bytes.",
        ),
        Mistake(
            "counts the memory alone",
            _timed(lambda compute, memory: memory.sum()),
            "Q/β is one side. A large product moves little and takes long all the "
            "same: it waits for its arithmetic.",
        ),
        Mistake(
            "divides by the mean of the rates",
            _mean_of_rates,
            "Rates do not average like that: an operation that takes long counts for "
            "more than one that is over at once. Add up times.",
        ),
        Mistake(
            "takes the longest operation",
            _timed(lambda compute, memory: np.maximum(compute, memory).max()),
            "The operations come one after another, so their times add up: `.sum()`.",
        ),
        Mistake(
            "multiplies where it should divide",
            _times_instead_of_over,
            "FLOPs divided by FLOP/s are seconds; so are bytes divided by bytes/s.",
        ),
        Mistake(
            "gives the bytes to the calculator",
            _roofs_swapped,
            "The FLOPs are divided by the peak, the bytes by the bandwidth. Here it is "
            "the other way round.",
        ),
        Mistake(
            "says what is compute-bound",
            _timed(_sum_of_longer, lambda compute, memory: memory < compute),
            "The time is right. True should stand where memory decides: where the time "
            "of the bytes is the *longer* one.",
        ),
        Mistake(
            "has the ridge upside down",
            _ridge_upside_down,
            "The time is right. The ridge is P/β, FLOPs for a byte, and below that "
            "intensity an operation is memory-bound. Compared was with β/P.",
        ),
        Mistake(
            "compares the intensity with the peak",
            _without_the_bandwidth,
            "The time is right. The intensity is in FLOPs for a byte, the peak in "
            "FLOPs for a second: compare it with the ridge, P/β.",
        ),
        Mistake(
            "compares bytes with FLOPs",
            _without_the_ridge,
            "The time is right. Memory does not decide wherever there are more bytes "
            "than FLOPs: a machine does many FLOPs in the time of a byte. Compare the "
            "two *times*, or the intensity with the ridge P/β.",
        ),
        Mistake(
            "gives the time of each operation",
            _each_time,
            "The times of the operations are right. The step takes their sum.",
        ),
        Mistake(
            "counts the memory-bound operations",
            _how_many,
            "The time is right. In place of their number, say *which* they are: the "
            "comparison itself is the array of bools.",
        ),
        Mistake(
            "returns the time alone",
            _time_alone,
            "The time is right. Return the array of bools after it.",
        ),
    ],
)


# ---- 5. The innermost step ---------------------------------------------------------


def inner_steps(order, shape_a, shape_b):
    """Return how far the innermost loop moves in a, in b and in c."""
    (_, M), (_, N) = shape_a, shape_b  # the lengths of a row
    a = {"i": M, "k": 1, "j": 0}
    b = {"k": N, "j": 1, "i": 0}
    c = {"i": N, "j": 1, "k": 0}
    inner = order[-1]
    return a[inner], b[inner], c[inner]


def _steps(letter=lambda order: order[-1], **tables):
    """Return an `inner_steps` with another loop, or other steps of an array."""

    def answer(order, shape_a, shape_b):
        (B, M), (_, N) = shape_a, shape_b
        steps = {
            "a": {"i": M, "k": 1, "j": 0},
            "b": {"k": N, "j": 1, "i": 0},
            "c": {"i": N, "j": 1, "k": 0},
        }
        for name, table in tables.items():
            steps[name] = table(B, M, N)
        inner = letter(order)
        return tuple(steps[name][inner] for name in "abc")

    return answer


_column_major = _steps(
    a=lambda B, M, N: {"i": 1, "k": B, "j": 0},
    b=lambda B, M, N: {"k": 1, "j": M, "i": 0},
    c=lambda B, M, N: {"i": 1, "j": B, "k": 0},
)
_rows_in_place_of_columns = _steps(
    a=lambda B, M, N: {"i": B, "k": 1, "j": 0},
    b=lambda B, M, N: {"k": M, "j": 1, "i": 0},
    c=lambda B, M, N: {"i": B, "j": 1, "k": 0},
)


def _in_bytes(size):
    return lambda *case: tuple(size * step for step in inner_steps(*case))


def _never_at_rest(order, shape_a, shape_b):
    return tuple(step or 1 for step in inner_steps(order, shape_a, shape_b))


def _result_first(order, shape_a, shape_b):
    a, b, c = inner_steps(order, shape_a, shape_b)
    return c, a, b


def _as_a_list(order, shape_a, shape_b):
    return list(inner_steps(order, shape_a, shape_b))


def _without_the_result(order, shape_a, shape_b):
    return inner_steps(order, shape_a, shape_b)[:2]


LOOP_ORDERS = Exercise(
    id="performance/loop-orders",
    title="What the innermost loop does",
    statement=cleandoc("""
        The product of `a`, of shape $(B, M)$, and `b`, of shape $(M, N)$, is three
        loops around one line, `c[i, j] += a[i, k] * b[k, j]`: `i` runs over $B$, `k`
        over $M$ and `j` over $N$. The loops may stand in six orders. What memory sees
        is decided by the innermost one.

        `inner_steps(order, shape_a, shape_b)` takes the order from the outermost loop
        to the innermost, such as `"ikj"`, and the two shapes. It returns three
        integers: by how many *numbers* one turn of the innermost loop moves on in `a`,
        in `b` and in `c`. All three tables are row-major, and 0 says that the place
        stays the same. For `"ijk"` and a `b` of shape $(3, 5)$ the innermost loop is
        that of `k`: it moves on by 1 in `a`, by 5 in `b`, and by 0 in `c`.
    """),
    stub=cleandoc("""
        def inner_steps(order, shape_a, shape_b):
            # order: a str of i, j, k; shapes: (B, M), (M, N) -> three ints
            ...
    """),
    reference=inner_steps,
    cases=lambda: [
        ("ijk", (2, 3), (3, 5)),
        ("ikj", (2, 3), (3, 5)),
        ("jki", (2, 3), (3, 5)),
        ("jik", (7, 4), (4, 6)),
        ("kij", (7, 4), (4, 6)),
        ("kji", (7, 4), (4, 6)),
        ("kji", (64, 784), (784, 128)),
        ("ijk", (64, 784), (784, 128)),
    ],
    parts=("the step in a", "the step in b", "the step in c"),
    hints=[
        "Entry (r, c) of a row-major table is number `r * columns + c`. By how much "
        "does that grow when r grows by 1? When c does?",
        "The last letter of `order` is the index that changes. In `a[i, k]` the index "
        "`k` is the column, so it moves on by 1, and `i` is the row, so it moves on by "
        "the length of a row, M. An index that does not occur moves nothing.",
        'Three small dictionaries will do, for example `a = {"i": M, "k": 1, "j": 0}`; '
        "look up `order[-1]` in each.",
    ],
    comment=(
        "The number of rows of a table is in none of the three: in row-major order it "
        "says where the table ends, and nothing about where a place is."
    ),
    remark=(
        "Two orders, i-k-j and k-i-j, have steps of 0 and 1 alone: one number of a is "
        "kept, and b and c go by as they lie. Vector instructions want just that. "
        "j-k-i and k-j-i walk down two columns at once, a new cache line at every turn "
        "in both, and are the slowest."
    ),
    mistakes=[
        Mistake(
            "moves on the outermost loop",
            _steps(lambda order: order[0]),
            "The first letter is the outermost loop, which changes least often. The "
            "innermost is the last letter.",
        ),
        Mistake(
            "moves on the loop in the middle",
            _steps(lambda order: order[1]),
            "The innermost loop is the last letter of `order`, the one right around "
            "the line with the product.",
        ),
        Mistake(
            "takes the tables for column-major",
            _column_major,
            "In row-major order neighbours in a *row* lie side by side: the column "
            "index moves on by 1, the row index by the length of a row.",
        ),
        Mistake(
            "moves on by the number of rows",
            _rows_in_place_of_columns,
            "From one row to the next it is the *length* of a row, which is the number "
            "of columns. Square tables hide this mistake.",
        ),
        Mistake(
            "takes a row of a for one of b",
            _steps(b=lambda B, M, N: {"k": M, "j": 1, "i": 0}),
            "A row of b has as many numbers as b has columns, N. M is the length of a "
            "row of a.",
        ),
        Mistake(
            "takes a row of c for one of a",
            _steps(c=lambda B, M, N: {"i": M, "j": 1, "k": 0}),
            "c has the shape (B, N): rows as many as a, columns as many as b. Its row "
            "is N long.",
        ),
        Mistake(
            "counts bytes of float64",
            _in_bytes(8),
            "These are the strides in bytes, as NumPy gives them. Asked for are "
            "numbers.",
        ),
        Mistake(
            "counts bytes of float32",
            _in_bytes(4),
            "These are bytes, 4 for each number. Asked for are numbers.",
        ),
        Mistake(
            "never stays at a place",
            _never_at_rest,
            "One of the three tables does not have the innermost index among its two. "
            "Its place stays the same for the whole loop: 0.",
        ),
        Mistake(
            "gives the step of the result first",
            _result_first,
            "The three are right, in another order. Asked for are a, b and then c.",
        ),
        Mistake(
            "returns a list",
            _as_a_list,
            "The three numbers are right. Return them with commas in between and no "
            "brackets.",
        ),
        Mistake(
            "leaves out the result",
            _without_the_result,
            "c is read and written in every turn, and counts as a and b do.",
        ),
    ],
)


# ---- 6. Where to begin -------------------------------------------------------------


def where_to_begin(seconds, factors):
    """Return the shares, the part that pays most, and the speed-up of the whole."""
    typical = np.median(seconds, axis=0)
    shares = typical / typical.sum()
    faster = 1 / (1 - shares + shares / factors)  # (10.7), for each part
    part = int(faster.argmax())
    return shares, part, faster[part]


def _begun(
    typical=lambda seconds: np.median(seconds, axis=0),
    faster=lambda shares, factors: 1 / (1 - shares + shares / factors),
    choose=lambda shares, factors, faster: faster.argmax(),
):
    """Return a `where_to_begin` that measures, predicts or chooses differently."""

    def answer(seconds, factors):
        times = typical(seconds)
        shares = times / times.sum()
        ahead = faster(shares, factors)
        part = int(choose(shares, factors, ahead))
        return shares, part, ahead[part]

    return answer


def _in_seconds(seconds, factors):
    _, part, faster = where_to_begin(seconds, factors)
    return np.median(seconds, axis=0), part, faster


def _median_of_shares(seconds, factors):
    each = seconds / seconds.sum(axis=1, keepdims=True)
    shares = np.median(each, axis=0)
    faster = 1 / (1 - shares + shares / factors)
    return shares, int(faster.argmax()), faster.max()


def _by_rounds(seconds, factors):
    times = np.median(seconds, axis=1)
    shares = times / times.sum()
    whole = np.resize(factors, len(shares))
    faster = 1 / (1 - shares + shares / whole)
    return shares, int(faster.argmax()), faster.max()


def _all_parts_at_once(seconds, factors):
    shares, part, _ = where_to_begin(seconds, factors)
    return shares, part, 1 / (shares / factors).sum()


def _of_whole_rounds(seconds, factors):
    shares = np.median(seconds, axis=0) / np.median(seconds.sum(axis=1))
    faster = 1 / (1 - shares + shares / factors)
    return shares, int(faster.argmax()), faster.max()


def _in_percent(seconds, factors):
    shares, part, faster = where_to_begin(seconds, factors)
    return 100 * shares, part, faster


def _every_speed_up(seconds, factors):
    shares, part, _ = where_to_begin(seconds, factors)
    return shares, part, 1 / (1 - shares + shares / factors)


def _counts_from_one(seconds, factors):
    shares, part, faster = where_to_begin(seconds, factors)
    return shares, part + 1, faster


def _time_that_is_left(shares, factors):
    return 1 - shares + shares / factors


PROFILE = Exercise(
    id="performance/profile",
    title="Where to begin",
    statement=cleandoc(r"""
        A step was taken apart and timed, several times over. `seconds` has shape
        $(R, n)$: a row for each of $R$ rounds, a column for each of $n$ parts. You have
        an idea for every part, and `factors`, of shape $(n)$, says how many times as
        fast the part would become by it. There is time for one of them.

        `where_to_begin(seconds, factors)` returns three things: the share of each part
        in the time of a typical step, shape $(n)$, where the time of a part is the
        **median** of its rounds and the shares add up to 1; the index, an `int`, of the
        part whose improvement makes the whole step the fastest; and how many times as
        fast the step then is, by (10.7).
    """),
    stub=cleandoc("""
        def where_to_begin(seconds, factors):
            # seconds: (R, n), factors: (n,) -> shares: (n,), index, speed-up
            ...
    """),
    reference=where_to_begin,
    cases=lambda: [
        (np.array([[3.0, 1.0]]), np.array([1.5, 4.0])),
        (np.array([[2.0, 3.0], [2.0, 9.0], [2.5, 3.0]]), np.array([4.0, 1.2])),
        (
            np.array(
                [
                    [210.0, 41.0, 22.0, 90.0],
                    [205.0, 40.0, 20.0, 95.0],
                    [950.0, 44.0, 21.0, 92.0],
                    [207.0, 47.0, 25.0, 91.0],
                    [200.0, 42.0, 300.0, 99.0],
                ]
            ),
            np.array([1.1, 2.0, 50.0, 3.0]),
        ),
    ],
    parts=("the array of shares", "the index of the part", "the speed-up"),
    hints=[
        "First make one number of the rounds of each part. Which axis holds the "
        "rounds?",
        "`np.median(seconds, axis=0)` has shape (n). Divided by its sum, it is the "
        "shares p of (10.7), and `factors` is k.",
        "`1 / (1 - shares + shares / factors)` is the speed-up of the whole for each "
        "of the ideas. `argmax` finds the best, `int(...)` makes an `int` of it.",
    ],
    comment=(
        "(10.7) works element by element, so one line tries all ideas. The largest "
        "share and the largest factor are both poor guides: what counts is the time "
        "that goes away, p (1 - 1/k)."
    ),
    remark=(
        "In the last case a part becomes 50 times as fast and gains 6%, a second "
        "becomes a tenth faster and gains 5%, and the third, three times as fast at a "
        "quarter of the time, gains 20%. The outliers of 950 and 300 did not matter: "
        "a median does not ask how far out they are."
    ),
    mistakes=[
        Mistake(
            "takes the mean of the rounds",
            _begun(lambda seconds: seconds.mean(axis=0)),
            "One round in which something else got in the way pulls the mean up, as "
            "far as it likes. The median of the rounds was asked for.",
        ),
        Mistake(
            "takes the shortest round",
            _begun(lambda seconds: seconds.min(axis=0)),
            "The shortest time answers what the work of a part costs. For the shares "
            "of a *typical* step the text took the median, and so does this exercise.",
        ),
        Mistake(
            "takes the first round",
            _begun(lambda seconds: seconds[0]),
            "There are R rounds, and any one of them may be unlucky. Take the median "
            "over all of them, along axis 0.",
        ),
        Mistake(
            "takes the median of the parts",
            _by_rounds,
            "The rounds are the rows, so the median over them runs along `axis=0` and "
            "leaves n numbers, one for each part.",
        ),
        Mistake(
            "takes the median of the shares",
            _median_of_shares,
            "Here each round was turned into shares first. Medians of shares need not "
            "add up to 1. Take the median of the times, then the shares.",
        ),
        Mistake(
            "divides by the median of whole rounds",
            _of_whole_rounds,
            "The median of the sums is not the sum of the medians, so these shares do "
            "not add up to 1. Divide the medians of the parts by *their* sum.",
        ),
        Mistake(
            "gives seconds for shares",
            _in_seconds,
            "Those are the times of the parts. Divide by their sum.",
        ),
        Mistake(
            "gives percentages",
            _in_percent,
            "Shares of 1 are asked for, not of 100.",
        ),
        Mistake(
            "chooses the largest share",
            _begun(choose=lambda shares, factors, faster: shares.argmax()),
            "The largest part is where one looks first. But what is gained there "
            "depends on the factor, too: compare the speed-ups.",
        ),
        Mistake(
            "chooses the largest factor",
            _begun(choose=lambda shares, factors, faster: factors.argmax()),
            "A part that takes hardly any time may become 50 times as fast, and nobody "
            "will notice. Compare the speed-ups of the whole.",
        ),
        Mistake(
            "chooses the largest share times its factor",
            _begun(choose=lambda shares, factors, _: (shares * factors).argmax()),
            "p k has no meaning for the step. What goes away is p (1 - 1/k) of its "
            "time: with a large k that is hardly more than p, however large k is.",
        ),
        Mistake(
            "multiplies by the factor",
            _begun(faster=lambda shares, factors: 1 / (1 - shares + shares * factors)),
            "In (10.7) the part's time is *divided* by k: a part that becomes k times "
            "as fast takes p/k.",
        ),
        Mistake(
            "chooses the least gain",
            _begun(choose=lambda shares, factors, faster: faster.argmin()),
            "The *largest* speed-up was asked for: `argmax`.",
        ),
        Mistake(
            "gives the time that is left",
            _begun(
                faster=_time_that_is_left,
                choose=lambda shares, factors, left: left.argmin(),
            ),
            "The part is right, and this number is the time of the new step as a share "
            "of the old one. How many *times as fast* it is, is 1 over that.",
        ),
        Mistake(
            "takes the part for the whole",
            _begun(
                faster=lambda shares, factors: factors,
                choose=lambda shares, factors, _: _time_that_is_left(
                    shares, factors
                ).argmin(),
            ),
            "The part becomes faster by its factor, the whole by much less: the rest "
            "of the step takes as long as before.",
        ),
        Mistake(
            "forgets that the part still takes time",
            _begun(
                faster=lambda shares, factors: 1 / (1 - shares),
                choose=lambda shares, factors, _: _time_that_is_left(
                    shares, factors
                ).argmin(),
            ),
            "1 / (1 - p) is the limit for a part that takes no time at all any more. "
            "Of this one p/k is left.",
        ),
        Mistake(
            "carries out every idea",
            _all_parts_at_once,
            "This is the speed-up with all ideas together. There is time for one.",
        ),
        Mistake(
            "gives the speed-up of every idea",
            _every_speed_up,
            "Those are the speed-ups of all ideas. Return that of the best one.",
        ),
        Mistake(
            "counts the parts from 1",
            _counts_from_one,
            "Code counts from 0, so the first column is part 0.",
        ),
    ],
)


# ---- 7. Remove the loop ------------------------------------------------------------


def squared_distances(x, c):
    """Return the squared distance of every sample from every centre."""
    from_0 = (x**2).sum(axis=1, keepdims=True)  # (B, 1)
    return from_0 - 2 * (x @ c.T) + (c**2).sum(axis=1)  # (B, K)


def _by_loops(x, c):
    out = np.zeros((len(x), len(c)))
    for i in range(len(x)):
        for j in range(len(c)):
            out[i, j] = np.sum((x[i] - c[j]) ** 2)
    return out


def _one_loop(x, c):
    out = np.zeros((len(x), len(c)))
    for j in range(len(c)):
        out[:, j] = ((x - c[j]) ** 2).sum(axis=1)
    return out


def _in_one_line(x, c):
    return np.array([[np.sum((a - b) ** 2) for b in c] for a in x])


def _rows_with_numpy(x, c):
    return np.apply_along_axis(lambda a: ((a - c) ** 2).sum(axis=1), 1, x)


def _by_broadcasting(x, c):
    return ((x[:, None] - c) ** 2).sum(axis=2)


def _loops_and_numbers(x, c):
    return np.array(
        [
            [sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) for b in c.tolist()]
            for a in x.tolist()
        ]
    )


def _by_all_pairs(x, c):
    squares = np.diag(x @ x.T)[:, None] + np.diag(c @ c.T)
    return squares - 2 * (x @ c.T)


def _with(cross, root=lambda d: d, of_x=1, of_c=1):
    """Return a formula for the distances with other terms."""

    def answer(x, c):
        squares = of_x * (x**2).sum(axis=1, keepdims=True) + of_c * (c**2).sum(axis=1)
        return root(squares + cross * (x @ c.T))

    return answer


def _norms_of_rows_alone(x, c):
    return (x**2).sum(axis=1, keepdims=True) - 2 * x @ c.T


def _other_way_round(x, c):
    return squared_distances(x, c).T


def _roots(distances):
    return np.sqrt(np.maximum(distances, 0))


CLEAN = "no loop of Python, no large array"


def _steps_of(answer, x, c):
    """Return how many steps Python makes in a call: lines, and calls of functions."""
    steps = 0

    def count(frame, event, argument):
        nonlocal steps
        steps += event in ("line", "call")
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        answer(x, c)
    finally:
        sys.settrace(before)
    return steps


def _memory_of(answer, x, c):
    """Return the bytes that a call holds at most, at any time."""
    mine = not tracemalloc.is_tracing()
    if mine:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        answer(x, c)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if mine:
            tracemalloc.stop()


def _points(B, K, M):
    rng = np.random.default_rng([B, K, M])
    return rng.standard_normal((B, M)), rng.standard_normal((K, M))


#: B, K and M of the input on which the way is looked at: on a small one none is seen,
#: and with few samples a piece of them is not much smaller than all.
MANY = 200, 30, 50
#: And one with so many samples that a number for each two of them is seen.
TALL = 800, 3, 5


def _way_of(answer, x, c):
    """Say whether an answer loops in Python, or fills an array that is too large."""
    found = []
    if _steps_of(answer, x, c) > 1.25 * _steps_of(answer, *_points(4, 3, 5)):
        found.append("a loop of Python")
    memory = _memory_of(answer, x, c)
    if len(x) == TALL[0] and memory > TALL[0] ** 2 * 8 / 2:
        found.append("an array of B B numbers")
    if len(x) == MANY[0] and memory > math.prod(MANY) * 8 / 2:
        found.append("an array of B K M numbers")
    return " and ".join(found) or CLEAN


def _distances_and_way(answer, x, c):
    distances = answer(x, c)
    if len(x) < MANY[0]:
        return distances, CLEAN
    # Of a wrong answer nobody asks how it came about.
    right = isinstance(distances, np.ndarray) and distances.shape == (len(x), len(c))
    right = right and np.allclose(distances, _by_loops(x, c))
    return distances, _way_of(answer, x, c) if right else CLEAN


REMOVE_LOOP = Exercise(
    id="performance/remove-loop",
    title="Remove the loop",
    statement=cleandoc(r"""
        How far is each of $B$ samples from each of $K$ centres? With `x` of shape
        $(B, M)$ and `c` of shape $(K, M)$, this gives the squares of all distances,
        shape $(B, K)$:

        ```python
        def by_loops(x, c):
            out = np.zeros((len(x), len(c)))
            for i in range(len(x)):
                for j in range(len(c)):
                    out[i, j] = np.sum((x[i] - c[j]) ** 2)
            return out
        ```

        Write `squared_distances(x, c)`, which returns the same up to rounding, without
        a loop of Python, in whatever form, and without an array of $B \cdot K \cdot M$
        numbers on the way. The check counts Python's steps and the bytes in use. It
        holds no stopwatch.
    """),
    stub=cleandoc("""
        def squared_distances(x, c):
            # x: (B, M), c: (K, M) -> (B, K)
            ...
    """),
    reference=squared_distances,
    call=_distances_and_way,
    cases=lambda: [
        (np.array([[1.0, 2.0]]), np.array([[4.0, 6.0]])),
        (np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 1.0]]), np.eye(2)),
        _points(5, 4, 3),
        _points(*MANY),
        _points(*TALL),
    ],
    parts=("the table of distances", "the way it was made"),
    hints=[
        "Where is the product in it? Multiply out the square of one entry, "
        "`(x[i, m] - c[j, m]) ** 2`, and sum each of the three terms over m.",
        "The sum of `x[i, m] * c[j, m]` over m is entry (i, j) of a product: which? "
        "The other two sums depend on i alone, and on j alone.",
        "`x @ c.T` has shape (B, K). `(x**2).sum(axis=1, keepdims=True)` has shape "
        "(B, 1) and `(c**2).sum(axis=1)` has (K): they broadcast to (B, K).",
    ],
    comment=(
        "$\\lVert x - c \\rVert^2 = \\lVert x \\rVert^2 - 2\\, x \\cdot c + \\lVert c "
        "\\rVert^2$, for all pairs at once. The work is one product of 2BKM FLOPs, and "
        "no array is larger than x, c or the result."
    ),
    remark=(
        "`((x[:, None] - c) ** 2).sum(axis=2)` has no loop either, and moves B K M "
        "numbers four times, three FLOPs for each: memory-bound. The product "
        "has an intensity that grows. Its price is a little accuracy: where a distance "
        "is small beside the lengths, two large numbers are subtracted, and a 0 may "
        "come out as −1e-16."
    ),
    mistakes=[
        Mistake(
            "leaves a loop of Python",
            _by_loops,
            "The numbers are right, and a loop of Python is left, whatever its form: "
            "on larger arrays Python makes more steps. Multiply out the square, and "
            "find the product.",
        ),
        Mistake(
            "makes a large array in place of the loop",
            _by_broadcasting,
            "No loop is left, and the numbers are right. But `x[:, None] - c` has "
            "shape (B, K, M): for 60,000 samples, 10 centres and 784 pixels that is "
            "3.8 gigabytes of float64. Multiply out the square: the sum over m of x c "
            "is a product, and needs no such array.",
        ),
        Mistake(
            "computes all pairs of samples for their lengths",
            _by_all_pairs,
            "The numbers are right. But `x @ x.T` holds a product for every two "
            "samples, and only its diagonal is used: for 60,000 samples that is 28.8 "
            "gigabytes of float64. `(x**2).sum(axis=1)` gives the diagonal alone.",
        ),
        Mistake(
            "forgets the 2",
            _with(-1),
            "(x - c)² is x² - 2xc + c²: the mixed term counts twice.",
        ),
        Mistake(
            "adds the mixed term",
            _with(2),
            "That is the square of x + c. Of x - c the mixed term is subtracted.",
        ),
        Mistake(
            "leaves out the mixed term",
            _with(0),
            "x² + c² is the square of the distance only where x and c are at right "
            "angles. The mixed term, -2 x · c, is the product that you are looking "
            "for.",
        ),
        Mistake(
            "leaves out the square of the centres",
            _norms_of_rows_alone,
            "x² - 2xc was computed; + c² is missing. (To find the nearest sample of a "
            "centre, these would do.)",
        ),
        Mistake(
            "leaves out the square of the samples",
            _with(-2, of_x=0),
            "c² - 2xc was computed; x² is missing. (To find the nearest centre of a "
            "sample, these would do.)",
        ),
        Mistake(
            "gives the products alone",
            _with(1, of_x=0, of_c=0),
            "`x @ c.T` has the right shape, and is one of three terms.",
        ),
        Mistake(
            "takes the root",
            _with(-2, root=_roots),
            "These are the distances. Asked for are their squares.",
        ),
        Mistake(
            "has a row for each centre",
            _other_way_round,
            "A row is a sample: shape (B, K). This is the transpose.",
        ),
    ],
)


# ---- 8. Predict, then measure ------------------------------------------------------


def fast_forward(x, layers):
    """Return the logits of all pictures: one product for each layer."""
    *hidden, (last_weight, last_bias) = layers
    for weight, bias in hidden:
        x = np.maximum(x @ weight + bias, 0)
    return x @ last_weight + last_bias


def _network(*sizes, dtype=np.float32):
    return mlp(list(sizes), ReLU, rng=np.random.default_rng(0), dtype=dtype)


def _slow_forward(x, layers):
    out = []
    for values in x.tolist():
        for number, (weight, bias) in enumerate(layers):
            columns = weight.T.tolist()
            sums = []
            for column, b in zip(columns, bias.tolist(), strict=True):
                total = b
                for v, w in zip(values, column, strict=True):
                    total += v * w
                if number < len(layers) - 1:
                    total = max(total, 0.0)
                sums.append(total)
            values = sums
        out.append(values)
    return np.array(out, x.dtype)


def _forward(last=lambda z: z, inner=lambda z: np.maximum(z, 0), bias=1):
    """Return a forward with other activations or without biases."""

    def answer(x, layers):
        for number, (weight, b) in enumerate(layers):
            z = x @ weight + bias * b
            x = inner(z) if number < len(layers) - 1 else last(z)
        return x.astype(layers[0][0].dtype)

    return answer


def _in_float64(x, layers):
    return fast_forward(
        x.astype(np.float64), [(w.astype(np.float64), b) for w, b in layers]
    )


def _first_picture(x, layers):
    return fast_forward(x[:1], layers)


def _digits(x, layers):
    return fast_forward(x, layers).argmax(axis=1)


#: How many times as fast an answer has to be, and how often that is tried.
AT_LEAST, ROUNDS = 20, 3
#: The network on which it is timed: on a small one calls are all that there is.
TIMED = [784, 128, 64, 10]
FAST = f"at least {AT_LEAST} times as fast"
SLOW = f"less than {AT_LEAST} times as fast"


def _seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _pace_of(answer, x, layers):
    """Compare an answer with the slow way, in the same moment, the best of rounds."""
    slow = fast = math.inf
    for _ in range(ROUNDS):
        slow = min(slow, _seconds(lambda: _slow_forward(x, layers)))
        fast = min(fast, *(_seconds(lambda: answer(x, layers)) for _ in range(3)))
        if slow >= AT_LEAST * fast or slow < 2 * fast:
            break
    print(f"slow_forward {1e3 * slow:.1f} ms, fast_forward {1e3 * fast:.2f} ms, for")
    print(f"{len(x)} pictures: {slow / fast:.1f} times as fast")
    return FAST if slow >= AT_LEAST * fast else SLOW


def _loops_left(answer, x, layers):
    """Say over what an answer loops in Python, by the number of its steps."""
    of_one, of_all = _steps_of(answer, x[:1], layers), _steps_of(answer, x, layers)
    loops = {
        "units": of_one > sum(bias.size for _, bias in layers),
        "pictures": of_all > 1.5 * of_one,
    }
    return " and one over ".join(name for name, is_left in loops.items() if is_left)


def _logits_and_pace(answer, x, layers):
    logits = answer(x, layers)
    if x.shape[1] < TIMED[0]:
        return logits, FAST
    right = _slow_forward(x, layers)
    # Of a wrong answer nobody asks how fast it is.
    if not (
        isinstance(logits, np.ndarray)
        and logits.shape == right.shape
        and np.allclose(logits, right, 1e-5, 1e-5)
    ):
        return logits, FAST
    pace = _pace_of(answer, x, layers)
    if pace == FAST and (left := _loops_left(answer, x, layers)):
        print(f"Left: a loop over {left}.")
    return logits, pace


def _network_and_pictures(sizes, samples):
    rng = np.random.default_rng(len(sizes))
    arrays = [p.data for p in _network(*sizes).parameters()]
    for bias in arrays[1::2]:
        bias += rng.random(bias.shape, dtype=np.float32) - 0.5
    layers = list(zip(arrays[::2], arrays[1::2], strict=True))
    return rng.random((samples, sizes[0]), dtype=np.float32), layers


def _quarters(sizes, samples):
    """Return a network and pictures that are short to read, and exact in float32."""
    rng = np.random.default_rng([*sizes, samples])

    def draw(*shape):
        return (rng.integers(-6, 7, shape) / 4).astype(np.float32)

    layers = [(draw(m, n), draw(n)) for m, n in pairwise(sizes)]
    return draw(samples, sizes[0]), layers


PREDICT_THEN_MEASURE = Exercise(
    id="performance/predict-then-measure",
    title="Predict, then measure",
    statement=cleandoc(r"""
        This reads pictures one at a time, one unit at a time, one weight at a time:

        ```python
        def slow_forward(x, layers):
            out = []
            for values in x.tolist():
                for number, (weight, bias) in enumerate(layers):
                    columns = weight.T.tolist()
                    sums = []
                    for column, b in zip(columns, bias.tolist()):
                        total = b
                        for v, w in zip(values, column):
                            total += v * w
                        if number < len(layers) - 1:
                            total = max(total, 0.0)
                        sums.append(total)
                    values = sums
                out.append(values)
            return np.array(out, x.dtype)
        ```

        `x` has shape $(B, M)$ and is float32; `layers` is a list of pairs, a weight of
        shape $(M, N)$ and a bias of shape $(N)$, both float32. The result holds the
        logits, float32, with a row for each picture.

        **First predict.** How long would 784-128-64-10 take for 16 pictures on your
        machine, at the least? How many times as fast as `slow_forward` is that? Write
        both numbers down. **Then write** `fast_forward(x, layers)`, which returns the
        same logits up to rounding, **and measure** both with `best_of`. The check wants
        the right logits, and a function that is at least 20 times as fast as
        `slow_forward` in the same run. That leaves much room, and the question is
        where it stays: how near do you come to your prediction with 16 pictures, with
        1, and with 10,000? In float64? With more threads (in a fresh Python, as in
        `rates_of`)? What do `out=` and kept arrays gain?
    """),
    stub=cleandoc("""
        def fast_forward(x, layers):
            # x: (B, M), layers: [(weight, bias), ...] -> logits: (B, K)
            ...
    """),
    reference=fast_forward,
    call=_logits_and_pace,
    cases=lambda: [
        _quarters([2, 3], 1),
        _quarters([3, 4, 2], 3),
        _network_and_pictures([6, 5, 4, 2], 7),
        _network_and_pictures(TIMED, 4),
    ],
    parts=("the table of logits", "the pace"),
    tolerance=1e-5,
    hints=[
        "The three inner loops are a product, and the outermost one is its rows. What "
        "is left of `slow_forward` when each layer is one product?",
        "`x @ weight + bias` gives all units of a layer for all pictures. "
        "`np.maximum(..., 0)` is the ReLU, after each layer but the last.",
        "Split off the last layer, `*hidden, (weight, bias) = layers`, loop over the "
        "hidden ones, `x = np.maximum(x @ weight + bias, 0)`, and return the last "
        "product with its bias. The loop over the layers costs next to nothing.",
        "For the prediction, (10.2): `flops` of the network with 16 samples, "
        "`.forward`, divided by your `peak`; the bytes of the weights, of `x` and of "
        "what each layer gives, divided by your `bandwidth`; the larger of the two.",
    ],
    comment=(
        "A loop is left, over the hidden layers. It has two turns, whatever the number "
        "of pictures, and with 16 of them each turn does 262,144 FLOPs or more. Loops "
        "of Python are slow where a turn does little."
    ),
    remark=(
        "What does `best_of` say of yours? With one product for each layer it is "
        "mostly a thousand times as fast or more. If a loop over pictures is left, "
        "with a product for each, that is right as well, and loses a part of it, a "
        "larger one with more pictures; a loop over units loses most of it. For 16 the "
        "products need a few times the prediction, as each call takes a microsecond or "
        "more. With 1 it is the bytes of the weights, and the calls. With 10,000 they "
        "come nearer, until the temporaries no longer fit into a cache. Each of these "
        "is a sentence of this chapter, on your machine."
    ),
    mistakes=[
        Mistake(
            "is not fast enough",
            _slow_forward,
            "The logits are right, and the function is not 20 times as fast; what was "
            "measured stands above. The loops over pictures, units and weights are one "
            "product for each layer: `x @ weight + bias`.",
        ),
        Mistake(
            "has a ReLU after the last layer",
            _forward(last=lambda z: np.maximum(z, 0)),
            "The last layer gives logits, of either sign: no ReLU there.",
        ),
        Mistake(
            "has no ReLU at all",
            _forward(inner=lambda z: z),
            "`max(total, 0.0)` is missing: `np.maximum(z, 0)` after each layer but the "
            "last. (Without it all layers would collapse into one, which would be the "
            "fastest of all.)",
        ),
        Mistake(
            "leaves out the biases",
            _forward(bias=0),
            "`total` begins at the bias of the unit, and not at 0: `+ bias`.",
        ),
        Mistake(
            "gives probabilities",
            _forward(last=lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)),
            "These are probabilities: a softmax was taken. Asked for are the logits.",
        ),
        Mistake(
            "gives the digits",
            _digits,
            "That is what was read. Return the logits, a row of them for each picture.",
        ),
        Mistake(
            "reads one picture",
            _first_picture,
            "Only the first picture was read. With all rows of `x` at once the "
            "product is no harder to write, and the weights are fetched once for all.",
        ),
        Mistake(
            "computes in float64",
            _in_float64,
            "One float64 among the arrays makes the result float64, twice the bytes "
            "and half the speed. Keep to the type of `x`.",
        ),
    ],
)


EXERCISES = [
    EPOCH_FLOPS,
    EQUAL_PARAMETERS,
    INTENSITY,
    ROOFLINE_TIME,
    LOOP_ORDERS,
    PROFILE,
    REMOVE_LOOP,
    PREDICT_THEN_MEASURE,
]


# ---- quick questions ---------------------------------------------------------------


def _ratio_of_misses():
    from nnlib.explorers.cache_lines import count_misses

    table = np.arange(64 * 64).reshape(64, 64)
    by_rows, by_columns = (
        count_misses(walk.ravel(), line=16, lines=8) for walk in (table, table.T)
    )
    return by_columns / by_rows


def _intensity_of_arrays(work, *arrays):
    return work / sum(array.nbytes for array in arrays)


def _bound(intensity, ridge):
    return "memory-bound" if intensity < ridge else "compute-bound"


def _order_of_sums():
    a, b, c = np.array([1, 1e8, -1e8], np.float32)
    differ = (a + b) + c != a + (b + c)
    return "the order of additions may change the result" if differ else "it may"


def _bytes_of_types():
    wide, narrow = (np.zeros(8, t).nbytes for t in ("float64", "float32"))
    return {2: "twice as long"}[wide // narrow]


def _setting_with_fewest_threads():
    cores, processes = 2, 4
    threads = {"one": 1, "four": 4, "as many as cores": cores}
    fewest = min(threads, key=lambda name: processes * threads[name])
    return f"{fewest} BLAS thread for each process"


QUESTIONS = [
    Question(
        id="performance/forward-flops",
        text="A network 100-50-10 with a ReLU between its two linear layers. How many "
        "FLOPs does `flops` count for the forward of one sample?",
        answer=11_110,
        why="The layers take 2 · 100 · 50 + 50 and 2 · 50 · 10 + 10, the ReLU 50.",
        wrong={
            11_060: "The ReLU is missing: one FLOP for each of its 50 numbers.",
            11_000: "Those are the products. Two biases and a ReLU come on top.",
            11_050: "The biases are missing: 50 + 10.",
            5_610: "Each weight takes part in a multiplication and an addition.",
            11_120: "No ReLU follows the last layer.",
            5_560: "Those are the parameters.",
        },
        computed=lambda: flops(_network(100, 50, 10), 1).forward,
        otherwise="2MN + N for each layer, and one for each number of the ReLU.",
    ),
    Question(
        id="performance/epoch-time",
        text="A deep network has a million parameters and learns from 60,000 samples. "
        "The machine reaches 100 GFLOP/s. By the rule of thumb, how many seconds does "
        "an epoch take at least?",
        answer=3.6,
        why="6 FLOPs · 10⁶ parameters · 60,000 samples are 360 billion, and 100 "
        "billion go into a second.",
        wrong={
            1.2: "That is the forward alone, 2 FLOPs for each parameter. Training "
            "takes 6.",
            2.4: "That is the backward alone. Forward and backward together take 6 "
            "for each parameter.",
            0.6: "One FLOP for each parameter and sample; training takes 6.",
            3600: "A GFLOP is a billion FLOPs.",
            0.28: "That is P / F, how many epochs a second has.",
        },
        computed=lambda: 6 * 1e6 * 60_000 / 100e9,
        otherwise="Count 6 FLOPs for each parameter and sample, then divide by P.",
        within=1e-6,
    ),
    Question(
        id="performance/optimised-loop",
        text="Why does a compiler, with all its effort, not add up one sum of floats "
        "in eight parts at once?",
        answer="the order of additions may change the result",
        choices=[
            "there are not enough registers",
            "the order of additions may change the result",
            "the numbers do not lie side by side in memory",
            "additions cannot be done by vector instructions",
        ],
        why="In float32 `(1 + 1e8) - 1e8` is 0 and `1 + (1e8 - 1e8)` is 1. A compiler "
        "must not change the order unless it is told that it may.",
        wrong={
            "there are not enough registers": "Eight sums are one vector register.",
            "the numbers do not lie side by side in memory": "In a sum over a row "
            "they do, and still it may not.",
            "additions cannot be done by vector instructions": "They can, eight or "
            "more at a time. The trouble is which sums these would be.",
        },
        computed=_order_of_sums,
    ),
    Question(
        id="performance/column-lines",
        text="A cache line holds 16 numbers of float32, and the cache is too small for "
        "a column. Walking a large table down its columns, how many times as many "
        "lines are fetched as along its rows?",
        answer=16,
        why="Along a row, one fetch serves 16 numbers; down a column it serves one.",
        wrong={
            1: "The numbers are the same. But along a row each line is used 16 times.",
            4: "A number has 4 bytes; a line of 64 bytes holds 16 of them.",
            64: "A line has 64 bytes. What counts is how many numbers it serves.",
        },
        computed=_ratio_of_misses,
        otherwise="How many numbers of each line are used before it is dropped?",
    ),
    Question(
        id="performance/add-intensity",
        text="`np.add(a, b, out=c)` adds two large arrays of float64. What is its "
        "intensity, in FLOP/byte?",
        answer=1 / 24,
        why="One FLOP for three numbers of 8 bytes: two are read, one is written.",
        wrong={
            1 / 12: "That is float32, with 4 bytes to a number.",
            1 / 16: "The result has to be written, too.",
            1 / 8: "Three arrays travel, and not one.",
            1 / 3: "A number of float64 has 8 bytes.",
            24: "Upside down: that is bytes for a FLOP.",
            1 / 32: "Three numbers travel for each addition: a, b and c.",
        },
        computed=lambda: _intensity_of_arrays(100, *np.zeros((3, 100))),
        otherwise="One addition; how many bytes does it read and write?",
        within=4e-4,
    ),
    Question(
        id="performance/product-intensity",
        text="The product of two tables of 240 by 240 in float32, with each number "
        "moved once: how many FLOPs for a byte?",
        answer=40,
        why="2n³ FLOPs for 3n² numbers of 4 bytes: n/6.",
        wrong={
            20: "Each entry takes n multiplications *and* n additions: 2n³.",
            60: "The result has to be written, too: three tables travel.",
            160: "That is FLOPs for a number. A number has 4 bytes.",
            80: "That would be with 2 bytes for a number.",
            240: "The intensity grows with n, but is not n.",
        },
        computed=lambda: _intensity_of_arrays(
            2 * 240**3, *np.zeros((3, 240, 240), np.float32)
        ),
        otherwise="2n³ FLOPs, over the bytes of three tables.",
    ),
    Question(
        id="performance/ridge-point",
        text="A machine reaches 80 GFLOP/s, and moves 10 GB/s. From which intensity "
        "on, in FLOP/byte, does the memory no longer decide?",
        answer=8,
        why="I* = P/β: in the time of one byte there is room for 8 FLOPs.",
        wrong={
            0.125: "That is β/P. The ridge is P/β.",
            800: "Divide: FLOP/s over bytes/s is FLOPs for a byte.",
            2: "β is in bytes already, whatever the type of number.",
            32: "β is in bytes already, whatever the type of number.",
            16: "That is twice the ridge: the batch from which a layer computes.",
        },
        computed=lambda: 80e9 / 10e9,
        otherwise="Where do the two roofs meet? P = β I.",
    ),
    Question(
        id="performance/batch-of-one",
        text="A layer from 4,096 to 4,096 answers one person at a time, B = 1, in "
        "float32, on a machine whose ridge is at 8 FLOP/byte. Its forward is",
        answer="memory-bound",
        choices=["memory-bound", "compute-bound", "on the ridge"],
        why="Each weight is fetched for two FLOPs: I is just below 1/2.",
        wrong={
            "compute-bound": "It has 34 million FLOPs, and 67 million bytes to fetch "
            "for them.",
            "on the ridge": "Its intensity is about 1/2, far left of 8.",
        },
        computed=lambda: _bound(
            flops(_network(4096, 4096), 1).forward / (4 * 4096 * (4096 + 3)), 8
        ),
    ),
    Question(
        id="performance/weights-in-memory",
        text="How many bytes do the 109,386 parameters of the digit reader take in "
        "float64?",
        answer=875_088,
        why="64 bits are 8 bytes, for each of them.",
        wrong={
            437_544: "That is float32.",
            109_386: "That is how many numbers there are. Each has 8 bytes.",
            7_000_704: "Those are bits.",
            873_472: "Those are the weights. The biases are parameters, too.",
        },
        computed=lambda: sum(
            p.data.nbytes
            for p in _network(784, 128, 64, 10, dtype=np.float64).parameters()
        ),
        otherwise="How many bytes are 64 bits?",
    ),
    Question(
        id="performance/float64",
        text="A layer is memory-bound in float32. In float64 it takes about",
        answer="twice as long",
        choices=["as long as before", "twice as long", "four times as long"],
        why="Twice the bytes, at the same bandwidth.",
        wrong={
            "as long as before": "The FLOPs are as many as before, but it does not "
            "wait for those.",
            "four times as long": "Each number has twice the bytes, and the count of "
            "numbers is the same.",
        },
        computed=_bytes_of_types,
    ),
    Question(
        id="performance/amdahl",
        text="A part takes 40% of a step and becomes 4 times as fast. How many times "
        "as fast is the step?",
        answer=1 / 0.7,
        why="0.6 of the time stays, and 0.1 is left of the part: 1 / 0.7.",
        wrong={
            4: "That is the part. The other 60% take as long as before.",
            1 / 0.6: "That is the limit, were the part to take no time at all.",
            1.6: "Those are 40% of 4. Add up what is left of the time, and invert it.",
            0.7: "That is the time that is left. How many times as fast is that?",
            1.3: "30% of the time are saved. 1 / 0.7 is more than 1.3.",
            2.2: "0.6 + 0.4 · 4: it is times that add up, not speeds.",
        },
        computed=lambda: where_to_begin(np.array([[4.0, 6.0]]), np.array([4.0, 1.0]))[
            2
        ],
        otherwise="(10.7) with p = 0.4 and k = 4.",
        within=0.005,
    ),
    Question(
        id="performance/threads",
        text="A machine with two cores runs four test processes at once, each of which "
        "multiplies small tables with NumPy. It is far slower than one process that "
        "does all four in turn. What do you set first?",
        answer="one BLAS thread for each process",
        choices=[
            "one BLAS thread for each process",
            "four BLAS threads for each process",
            "float64, so that there are fewer products",
            "larger batches",
        ],
        why="With a thread for each core, eight threads spin on two cores, and wait "
        "for threads that are not running.",
        wrong={
            "four BLAS threads for each process": "That makes 16 threads on two cores, "
            "and more of what hurts.",
            "float64, so that there are fewer products": "There are as many, and each "
            "takes longer.",
            "larger batches": "That may help a little, and the threads go on fighting.",
        },
        computed=_setting_with_fewest_threads,
    ),
]
