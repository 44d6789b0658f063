"""Every formula is held by a test: one change to any of it makes a check fail.

A mutant is nnlib with one small defect: a flipped sign, a lost factor, a missing
transpose. Each runs through the assertions that the tests of its module make, and
must be caught. A mutant that computes the same as the original is listed with the
reason.
"""

import ast
import contextlib
import inspect
import textwrap
from types import ModuleType

import numpy as np
import pytest
from helpers import (
    ACTIVATIONS,
    LOSSES,
    assert_activation_gradients_right,
    assert_activation_matches_pytorch,
    assert_clipping_matches_pytorch,
    assert_function_matches_pytorch,
    assert_layer_gradients_right,
    assert_linear_matches_pytorch,
    assert_loss_gradients_right,
    assert_loss_matches_pytorch,
    assert_needs_forward_first,
    assert_optimizer_matches_pytorch,
    assert_parameters_alone_agree,
    assert_refuses_other_upstream,
    assert_schedule_matches_pytorch,
    build,
    frozen,
    pytorch_cases,
    rng_of,
)

from nnlib import (
    Linear,
    Parameter,
    Tanh,
    activations,
    functional,
    layers,
    losses,
    module,
    optim,
)

# What is changed: by module, the functions and methods.
TARGETS = {
    layers: ["Linear.forward", "Linear.backward", "Linear.backward_parameters"],
    module: [
        "Sequential.forward",
        "Sequential.backward",
        "Sequential.backward_parameters",
    ],
    activations: [
        f"{name}.{method}"
        for name in activations.__all__
        for method in ("forward", "backward")
    ]
    + ["GELU._share_and_slope", "_above_minus_infinity"],
    losses: [
        f"{name}.{method}"
        for name in losses.__all__
        for method in ("forward", "backward")
        if name != "Loss"
    ],
    functional: [
        "sigmoid",
        "softplus",
        "logsumexp",
        "log_softmax",
        "softmax",
        "_shifted",
    ],
    optim: [
        "SGD.step",
        "Adam.step",
        "Adam._decayed",
        "Adam._update",
        "AdamW._decayed",
        "StepLR.lr_at",
        "CosineLR.lr_at",
        "clip_grad_norm",
    ],
}

# Mutants that compute the same, and why.
EQUIVALENT = {
    "ELU.backward: np.minimum(x, 0) -> np.minimum(x, 1)": (
        "the slope is used where x <= 0 only"
    ),
    "BCEWithLogitsLoss.forward: prediction > 0 -> prediction >= 0": (
        "at a logit of 0 both sides cost the same"
    ),
    "BCEWithLogitsLoss.forward: np.where(wrong_sid...ediction), 0) -> "
    "np.where(wrong_sid...ediction), 1)": (
        "it is multiplied by wrong_side, which is 0 there"
    ),
    "sigmoid: z >= 0 -> z > 0": "at 0 exp(-z) is 1 as well",
    "_shifted: np.where(np.isfinite(top), top, 0) -> "
    "np.where(np.isfinite(top), top, 1)": (
        "a row whose maximum is infinite is replaced by its limit"
    ),
    "_shifted: np.where(z == top, 0, -np.inf) -> np.where(z == top, 1, -np.inf)": (
        "a constant added to a row of logits changes nothing"
    ),
    "Adam._decayed: p.grad + self.weig...y else p.grad -> "
    "p.grad + self.weig...ecay * p.data": (
        "a decay of 0 adds 0; to leave it out saves time"
    ),
    "SGD.step: self._count_step() -> nothing": (
        "the steps are the same, but slower once a velocity is subnormal; "
        "test_optim.py holds that"
    ),
    "clip_grad_norm: factor < 1 -> factor <= 1": "a factor of 1 changes nothing",
}


# ---- making mutants -----------------------------------------------------------------

SWAPS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Gt: ast.Lt,
    ast.Lt: ast.Gt,
    ast.GtE: ast.LtE,
    ast.LtE: ast.GtE,
    ast.Eq: ast.NotEq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OTHER_NAME = {"maximum": "minimum", "minimum": "maximum", "ones": "zeros"}
LESS = {ast.Gt: ast.GtE, ast.Lt: ast.LtE, ast.GtE: ast.Gt, ast.LtE: ast.Lt}


def other_number(value):
    """The constants that stand in for one: its double, and 1 for 2, 2 for 1."""
    if isinstance(value, bool):
        return not value
    return {0: 1, 1: 2, 2: 1, -1: 1}.get(value, 2 * value)


def replacements(node):
    """Each node that could stand in the place of this one, by mistake."""
    if isinstance(node, ast.BinOp):
        if type(node.op) in SWAPS:
            yield ast.BinOp(node.left, SWAPS[type(node.op)](), node.right)
            yield node.left  # a factor, a term or a divisor is lost
        if isinstance(node.op, ast.Mult | ast.Add):
            yield node.right
        if isinstance(node.op, ast.MatMult):
            yield ast.BinOp(node.right, ast.MatMult(), node.left)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Invert):
        yield node.operand
    elif isinstance(node, ast.Compare):
        for table in (SWAPS, LESS):
            if type(node.ops[0]) in table:
                op = table[type(node.ops[0])]()
                yield ast.Compare(node.left, [op], node.comparators)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif isinstance(node, ast.Attribute) and node.attr in OTHER_NAME:
        yield ast.Attribute(node.value, OTHER_NAME[node.attr], node.ctx)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(other_number(node.value))
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.AugAssign):
        if type(node.op) in SWAPS:
            yield ast.AugAssign(node.target, SWAPS[type(node.op)](), node.value)
        yield ast.Pass()
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()
    elif isinstance(node, ast.If):
        yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == "reversed":
        yield node.args[0]


class Swap(ast.NodeTransformer):
    """Put another node in the place of one, and change nothing else."""

    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else self.generic_visit(node)


def computing_nothing(function):
    """The nodes of messages and of `strict=True`, and in a forward of the checks."""
    for node in ast.walk(function):
        is_check = isinstance(node, ast.Expr) and "check_" in ast.unparse(node)
        if (
            isinstance(node, ast.JoinedStr | ast.Raise)
            or (isinstance(node, ast.keyword) and node.arg == "strict")
            or (is_check and "backward" not in function.name)
        ):
            yield from ast.walk(node)


def surroundings(function, node):
    """The node itself, or for a bare number or name the expression it stands in."""
    if not isinstance(node, ast.Constant):
        return node
    parents = (p for p in ast.walk(function) if node in ast.iter_child_nodes(p))
    return next(parents)


def shown(node):
    """The first line of a node's source, its middle left out if it is long."""
    line = ast.unparse(node).splitlines()[0]
    line = "nothing" if line == "pass" else line
    return line if len(line) <= 34 else f"{line[:18]}...{line[-13:]}"


def definition(tree, target):
    """The function, or the class and its method, of that name."""
    found = tree
    for name in target.split("."):
        found = next(node for node in found.body if getattr(node, "name", "") == name)
    return found


def mutants_of(source_module, target):
    """Each mutant of a function: its name, and the syntax tree of its module."""
    source = inspect.getsource(source_module)
    original = definition(ast.parse(source), target)
    left_out = set(computing_nothing(original))
    seen = set()
    for place, node in enumerate(ast.walk(original)):
        count = 0 if node in left_out else len(list(replacements(node)))
        for choice in range(count):
            tree = ast.parse(source)
            function = definition(tree, target)
            old = list(ast.walk(function))[place]
            new = list(replacements(old))[choice]
            around = surroundings(function, old)
            before = shown(around)
            Swap(old, new).visit(tree)
            after = shown(new if around is old else around)
            name = f"{target}: {before} -> {after}"
            while name in seen:
                name += ", again"
            seen.add(name)
            yield name, ast.fix_missing_locations(tree)


def made_from(source_module, tree, target):
    """The names of a module in which one definition is that of a mutant.

    The whole module is made anew where it holds no base class. Elsewhere only the
    class with the mutant is, on the original's base class, so that `isinstance` holds.
    """
    if source_module not in (functional, activations):
        tree = ast.Module([definition(tree, target.split(".")[0])], [])
    names = dict(vars(source_module))
    exec(compile(tree, "mutant", "exec"), names)
    return names


# ---- catching them ------------------------------------------------------------------


def of_class(expressions, name):
    return [e for e in expressions if e.split("(")[0] == name]


def check_activation(name, names):
    for expression in of_class(ACTIVATIONS, name) or ["SiLU()", "GELU()"]:
        name = expression.split("(")[0]
        assert_activation_matches_pytorch(expression, "float64", names)
        assert_activation_gradients_right(expression, names)
        x = rng_of(0).standard_normal((4, 3))
        assert_refuses_other_upstream(build(expression, names), x, name)
        assert_needs_forward_first(expression, names)


def check_loss(name, names):
    for expression in of_class(LOSSES, name):
        assert_loss_matches_pytorch(expression, "float64", names)
        assert_loss_gradients_right(expression, names)
        assert_needs_forward_first(expression, names)


def check_linear(name, names):
    for bias in (True, False):
        expression = f"Linear(5, 3, rng=rng, bias={bias}, dtype=float64)"
        assert_linear_matches_pytorch(bias, "float64", names)
        assert_layer_gradients_right(expression, names)
        layer = build(expression, names, rng=rng_of(0), float64=np.float64)
        assert_parameters_alone_agree(layer, frozen(np.ones((4, 5))))
        assert_refuses_other_upstream(layer, np.ones((4, 5)), "Linear")
    assert_needs_forward_first("Linear(2, 2, rng=rng)", names, rng=rng_of(0))


class NoInputGradient(Linear):
    """A layer of which the gradient with respect to its input must not be asked."""

    def backward(self, grad_output):
        raise AssertionError("the gradient of the input was computed")


def check_sequential(name, names):
    def linear(kind, *sizes):
        return kind(*sizes, rng=rng_of(*sizes), dtype=np.float64)

    x = rng_of(1).standard_normal((5, 2))
    modules = linear(Linear, 2, 4), Tanh(), linear(Linear, 4, 3)
    for before in ((), (Tanh(),)):
        net = names["Sequential"](*before, *modules)
        net(x)
        upstream = rng_of(2).standard_normal((5, 3))
        expected = upstream
        for one in reversed((*before, *modules)):
            expected = one.backward(expected)
        assert np.array_equal(net.backward(upstream), expected)
        assert_parameters_alone_agree(net, frozen(x))
        lazy = names["Sequential"](*before, linear(NoInputGradient, 2, 4), Tanh())
        lazy(x)
        lazy.backward_parameters(np.ones((5, 4)))
    nothing = names["Sequential"](Tanh(), Tanh())
    nothing(x)
    assert nothing.backward_parameters(x) is None


def check_function(name, names):
    for function in ("sigmoid", "softplus", "logsumexp", "log_softmax", "softmax"):
        for dtype in ("float64", "float32"):
            assert_function_matches_pytorch(function, dtype, names)
        z = np.linspace(-3, 3, 24).reshape(2, 3, 4)  # three axes: the last one counts
        whole = names[function](z)
        assert np.array_equal(whole[1], names[function](z[1]))
        assert np.array_equal(whole[1, 2], names[function](z[1, 2]))


def check_optimizer(name, names):
    if name == "Adam":  # and what stands on it
        tree = ast.parse(textwrap.dedent(inspect.getsource(optim.AdamW)))
        exec(compile(tree, "mutant", "exec"), names)
    kinds = [name, "AdamW"] if name == "Adam" else [name]
    for kind in kinds:
        for expression in of_class(pytorch_cases("optimizer"), kind):
            assert_optimizer_matches_pytorch(expression, "float64", names)


def check_schedule(name, names):
    for expression in of_class(pytorch_cases("schedule"), name):
        assert_schedule_matches_pytorch(expression, names)
    if name == "CosineLR":
        optimizer = optim.SGD([Parameter(np.ones(1))], lr=0.3)
        schedule = names["CosineLR"](optimizer, 10, 0.1)
        assert [schedule.lr_at(t) for t in (10, 11, 15, 20)] == [0.1] * 4


def check_clipping(name, names):
    for max_norm in pytorch_cases("clip"):
        assert_clipping_matches_pytorch(max_norm, "float64", names)
    with pytest.raises(ValueError, match="max_norm above 0"):
        names["clip_grad_norm"]([Parameter(np.ones(1))], 0)


CHECKS = {
    layers: check_linear,
    module: check_sequential,
    activations: check_activation,
    losses: check_loss,
    functional: check_function,
    optim: check_optimizer,
    "StepLR": check_schedule,
    "CosineLR": check_schedule,
    "clip_grad_norm": check_clipping,
}


def run_checks(source_module, target, names):
    name = target.split(".")[0]
    CHECKS.get(name, CHECKS[source_module])(name, names)


def is_caught(source_module, target, tree):
    """Whether a check fails, raises or warns where the mutant stands in."""
    try:
        run_checks(source_module, target, made_from(source_module, tree, target))
    except (Exception, pytest.fail.Exception):
        return True
    return False


MUTANTS = {
    name: (source_module, target, tree)
    for source_module, targets in TARGETS.items()
    for target in targets
    for name, tree in mutants_of(source_module, target)
}


@pytest.mark.parametrize("name", [name for name in MUTANTS if name not in EQUIVALENT])
def test_a_defect_is_caught(name):
    assert is_caught(*MUTANTS[name]), f"no check notices {name}"


@pytest.mark.parametrize("name", EQUIVALENT)
def test_a_mutant_that_is_said_to_compute_the_same_does(name):
    assert name in MUTANTS, "there is no such mutant any more"
    assert not is_caught(*MUTANTS[name])


@pytest.mark.parametrize("target", [t for targets in TARGETS.values() for t in targets])
def test_the_original_passes_the_checks_and_has_mutants(target):
    source_module = next(m for m, targets in TARGETS.items() if target in targets)
    tree = ast.parse(inspect.getsource(source_module))
    run_checks(source_module, target, made_from(source_module, tree, target))
    if "forward" not in target:  # some only call a function
        assert any(name.startswith(f"{target}: ") for name in MUTANTS)


def test_every_backward_of_the_library_has_mutants():
    for source_module in (layers, module, activations, losses):
        for name, kind in vars(source_module).items():
            if not inspect.isclass(kind) or kind.__module__ != source_module.__name__:
                continue
            for method in ("backward", "backward_parameters"):
                if method in vars(kind) and name not in ("Module", "Loss"):
                    assert f"{name}.{method}" in TARGETS[source_module]


def test_the_mutator_makes_the_mistakes_it_should():
    source = ModuleType("source")
    source.code = "def f(g, w, n):\n    return 2 * -g @ w.T / n\n"
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(inspect, "getsource", lambda module: module.code)
        names = {name.removeprefix("f: ") for name, _ in mutants_of(source, "f")}
    assert names >= {
        "2 * -g @ w.T / n -> 2 * -g @ w.T * n",
        "2 * -g @ w.T / n -> 2 * -g @ w.T",
        "2 * -g -> -g",
        "2 * -g -> 1 * -g",
        "-g -> g",
        "w.T -> w",
    }
