"""The listings of the book are the library: what a chapter shows is what nnlib runs.

A cell tagged ``nnlib`` holds finished definitions. Each is compared with the one of
the same name in nnlib as a syntax tree, without docstrings, annotations, comments and
checks of arguments, which each side has for its own reader.
"""

import ast
import difflib
import importlib
import json
import re
from pathlib import Path

import pytest

import nnlib

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    path for path in (ROOT / "nnlib").glob("*.py") if not path.stem.startswith("__")
)
PUBLIC_MODULES = [path for path in MODULES if not path.stem.startswith("_")]

# Which chapter shows a public name, as soon as the chapter has listings.
CHAPTERS = {
    "matrices": "Matrix axpy column_sum elementwise_product matmul scale transpose",
    "forward-pass": "mlp softmax",
    "backpropagation": (
        "Module Parameter Linear Sequential numerical_gradient check_gradients"
    ),
    "activations": (
        "ELU GELU LeakyReLU ReLU SiLU Sigmoid Softmax Tanh sigmoid softplus"
    ),
    "losses": (
        "BCELoss BCEWithLogitsLoss CrossEntropyLoss HuberLoss Loss MAELoss MSELoss "
        "log_softmax logsumexp one_hot"
    ),
    "initialization": (
        "box_muller fans he_normal he_uniform lecun_normal xavier_normal "
        "xavier_uniform zeros"
    ),
    "optimizers": ("SGD Adam AdamW CosineLR Optimizer Schedule StepLR clip_grad_norm"),
    "training": "History batches evaluate fit linear sine spirals two_moons",
    "mnist": (
        "parse_idx accuracy confusion_matrix per_class_accuracy top_mistakes "
        "load_weights random_shifts save_weights"
    ),
    "performance": "flops",
}
CHAPTER_OF = {
    name: chapter for chapter, names in CHAPTERS.items() for name in names.split()
}

# A chapter may have its listings without these.
MAY_BE_LEFT_OUT = {"load_weights", "save_weights"}

# Public names that no chapter shows, and why.
NOT_SHOWN = {
    "Cost": "prints a table; the count itself is what teaches",
    "LayerCost": "a line of that table",
    "GradientReport": "prints a table; the check itself is what teaches",
    "init": "a module",
    "load_digits": "finds files; the format is shown with parse_idx",
    "load_mnist": "finds files; the format is shown with parse_idx",
    "center_digit": "image processing, told in words",
    "place_in_frame": "image processing, told in words",
    "read_image": "image processing, told in words",
}


# ---- the comparison -----------------------------------------------------------------


class Essence(ast.NodeTransformer):
    """Leave out docstrings, annotations, overloads and checks of arguments."""

    def visit_Expr(self, node):
        value = node.value
        if isinstance(value, ast.Constant):  # a docstring or an ellipsis
            return None
        if isinstance(value, ast.Call):
            function = ast.unparse(value.func).split(".")[-1]
            if function.startswith(("check_", "_check")):
                return None
        return self.generic_visit(node)

    def visit_Pass(self, node):
        return None

    def visit_If(self, node):
        self.generic_visit(node)
        return node if node.body else None  # one that guards a check alone

    def visit_arg(self, node):
        return ast.arg(node.arg)

    def visit_AnnAssign(self, node):
        self.generic_visit(node)
        if node.value is None:  # a field without a value, or a promise to mypy
            return ast.Expr(node.target)
        return ast.Assign([node.target], node.value)

    def visit_FunctionDef(self, node):
        if any(ast.unparse(d).endswith("overload") for d in node.decorator_list):
            return None
        node.returns = None
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node

    def visit_ClassDef(self, node):
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node


def essence(node):
    """What a definition does, as source in one form."""
    copy = ast.parse(ast.unparse(node))
    return ast.unparse(ast.fix_missing_locations(Essence().visit(copy)))


def definitions(source):
    """The functions, classes and assignments at the top of a source, by name."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, essence(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name):
                        yield name.id, essence(node)


def difference(shown, library):
    """A diff from what nnlib has to what the page shows; empty where they agree."""
    lines = difflib.unified_diff(
        library.splitlines(), shown.splitlines(), "nnlib", "page", lineterm="", n=99
    )
    return "\n".join(lines)


def in_library():
    """Each name defined at the top of a module of nnlib, with its definitions."""
    found = {}
    for path in MODULES:
        for name, code in definitions(path.read_text(encoding="utf-8")):
            found.setdefault(name, []).append(code)
    return found


def listings(notebook):
    """The names and definitions in the cells of a notebook that are tagged."""
    for cell in notebook["cells"]:
        if "nnlib" in cell["metadata"].get("tags", []):
            source = "".join(cell["source"])
            yield from definitions(re.sub(r"(?m)^\s*[%!].*$", "", source))


def shown():
    """Every listing of the book: chapter, name, definition."""
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        for name, code in listings(json.loads(path.read_text(encoding="utf-8"))):
            yield path.stem, name, code


LISTINGS = list(shown())
LIBRARY = in_library()


@pytest.mark.parametrize(
    ("chapter", "name", "code"),
    [pytest.param(*one, id=f"{one[0]}: {one[1]}") for one in LISTINGS],
)
def test_a_listing_is_what_the_library_has(chapter, name, code):
    assert name in LIBRARY, f"{chapter} shows {name}, which nnlib does not have"
    if code not in LIBRARY[name]:
        pytest.fail(
            f"{chapter} shows another {name} than nnlib has:\n"
            f"{difference(code, LIBRARY[name][0])}",
            pytrace=False,
        )


# ---- every public name has its place ------------------------------------------------


def public_names():
    """The names in `__all__` of the modules of the core."""
    for path in PUBLIC_MODULES:
        yield from importlib.import_module(f"nnlib.{path.stem}").__all__


def problems(names, listed):
    """What is wrong with the places of public names, given (chapter, name) pairs."""
    written = {chapter for chapter, _ in listed}
    for name in names:
        chapters = [chapter for chapter, other in listed if other == name]
        if name in NOT_SHOWN:
            if chapters:
                yield f"{name} is listed as not shown, but {chapters[0]} shows it"
        elif name not in CHAPTER_OF:
            yield f"{name} has no chapter and no reason to be shown in none"
        elif len(chapters) > 1:
            yield f"{name} is shown more than once: in {' and '.join(chapters)}"
        elif chapters and chapters != [CHAPTER_OF[name]]:
            yield f"{name} is shown in {chapters[0]}, not in {CHAPTER_OF[name]}"
        elif (
            not chapters and CHAPTER_OF[name] in written and name not in MAY_BE_LEFT_OUT
        ):
            yield f"{name} is missing from {CHAPTER_OF[name]}"


def test_every_public_name_is_shown_in_one_chapter_or_has_a_reason_not_to_be():
    listed = [(chapter, name) for chapter, name, _ in LISTINGS]
    assert list(problems(public_names(), listed)) == []


def test_the_tables_name_nothing_that_is_not_public():
    public = {*public_names(), *nnlib.__all__}
    assert set(CHAPTER_OF) | set(NOT_SHOWN) == public
    assert not set(CHAPTER_OF) & set(NOT_SHOWN)
    assert set(CHAPTER_OF) >= MAY_BE_LEFT_OUT


def test_the_package_gives_names_of_its_modules_and_no_others():
    tree = ast.parse((ROOT / "nnlib" / "__init__.py").read_text(encoding="utf-8"))
    imported = [
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert nnlib.__all__ == imported
    assert set(nnlib.__all__) - {"init"} <= set(public_names())


@pytest.mark.parametrize("path", PUBLIC_MODULES, ids=lambda path: path.stem)
def test_a_module_defines_what_it_says_is_public(path):
    module = importlib.import_module(f"nnlib.{path.stem}")
    defined = dict(definitions(path.read_text(encoding="utf-8")))
    assert set(module.__all__) <= set(defined)
    assert sorted(set(module.__all__)) == sorted(module.__all__)


# ---- the comparison itself ----------------------------------------------------------

IN_NNLIB = '''
class Tanh(Module):
    """The hyperbolic tangent."""

    slope: float = 1.0

    def __init__(self, scale: float = 1.0) -> None:
        check_number("Tanh", "scale", scale)
        self.scale: float = scale

    def backward(self, grad_output: Array) -> Array:
        """dX = G (1 - y²)."""
        y = self._cached()
        _checks.check_upstream("Tanh", grad_output, y.shape)
        return grad_output * (1 - y) * (1 + y)  # a product
'''

ON_THE_PAGE = """
class Tanh(Module):
    slope = 1.0

    def __init__(self, scale=1.0):
        self.scale = scale

    def backward(self, grad_output):
        y = self._cached()
        return grad_output * (1 - y) * (1 + y)    # (4.7)
"""


def compared(page, library=IN_NNLIB):
    return difference(
        dict(definitions(page))["Tanh"], dict(definitions(library))["Tanh"]
    )


def test_docstrings_annotations_comments_and_checks_do_not_count():
    assert compared(ON_THE_PAGE) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(1 + y)", "(1 - y)"),
        ("(1 - y)", "(1 - 2 * y)"),
        ("scale=1.0", "scale=2.0"),
        ("slope = 1.0", "slope = 1"),
        ("self._cached()", "self._cache"),
        ("(self, grad_output)", "(self, g)"),
        ("        y = self._cached()\n", ""),
        ("class Tanh(Module)", "class Tanh(Layer)"),
        ("    def backward", "    @property\n    def backward"),
        ("= scale\n", "= scale\n        check(scale)\n"),
        ("= scale\n", "= scale\n        scale = check_number(scale)\n"),
    ],
)
def test_any_other_change_counts_and_is_shown(old, new):
    assert old in ON_THE_PAGE
    found = compared(ON_THE_PAGE.replace(old, new))
    changed = [line for line in found.splitlines() if line[:1] in "+-"][2:]
    assert changed, found


def test_the_difference_shows_both_sides():
    found = compared(ON_THE_PAGE.replace("(1 + y)", "(1 - y)"))
    assert "-        return grad_output * (1 - y) * (1 + y)" in found
    assert "+        return grad_output * (1 - y) * (1 - y)" in found


def test_a_body_of_checks_alone_is_empty():
    page = dict(definitions("def f(x):\n    pass"))
    library = dict(definitions('def f(x: int) -> None:\n    """F."""\n    check_x(x)'))
    assert page == library


def test_a_condition_of_a_check_alone_is_left_out_with_it():
    page = "def f(x=None):\n    return x"
    library = "def f(x=None):\n    if x is not None:\n        check_x(x)\n    return x"
    assert dict(definitions(page)) == dict(definitions(library))


def test_assignments_are_compared_too_and_fields_keep_their_names():
    assert dict(definitions("A: int = 1")) == dict(definitions("A = 1"))
    assert dict(definitions("A = B = 1")).keys() == {"A", "B"}
    fields = dict(definitions("@dataclass\nclass P:\n    x: float\n    y: float"))
    fewer = dict(definitions("@dataclass\nclass P:\n    x: float"))
    assert fields != fewer


def notebook(*sources, tags=("nnlib",)):
    cells = [
        {"source": s.splitlines(True), "metadata": {"tags": [*tags]}} for s in sources
    ]
    return {"cells": cells}


def test_only_tagged_cells_are_listings_and_only_definitions_in_them():
    source = "%matplotlib inline\nimport numpy as np\n\ndef f():\n    return 1\n\nf()\n"
    assert [name for name, _ in listings(notebook(source))] == ["f"]
    assert list(listings(notebook(source, tags=("solution",)))) == []
    assert list(listings({"cells": [{"source": [], "metadata": {}}]})) == []


@pytest.mark.parametrize(
    ("listed", "problem"),
    [
        ([("losses", "Tanh")], "Tanh is shown in losses, not in activations"),
        ([("activations", "ELU")], "Tanh is missing from activations"),
        ([("activations", "Tanh")] * 2, "Tanh is shown more than once"),
        ([("mnist", "load_mnist")], "load_mnist is listed as not shown, but mnist"),
        ([], "unheard_of has no chapter"),
    ],
)
def test_a_name_out_of_place_is_a_problem(listed, problem):
    names = ["unheard_of"] if "unheard" in problem else ["Tanh", "load_mnist"]
    found = list(problems(names, listed))
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_a_chapter_that_is_not_written_yet_is_no_problem():
    assert list(problems(["Tanh", "load_mnist", "save_weights"], [])) == []
    assert list(problems(["save_weights"], [("mnist", "accuracy")])) == []
