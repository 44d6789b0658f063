"""The explorers of shapes, memory and products, in Python and in a page."""

import itertools
import re

import numpy as np
import pytest
import traitlets
from explorer_examples import LEFT, RIGHT, matmul_steps, printed, unpack
from explorer_reading import in_node, one_page

from nnlib.explorers.cache_lines import (
    LINE,
    LINES,
    WALKS,
    CacheLinesExplorer,
    count_misses,
    trace,
)
from nnlib.explorers.flat_index import RULES, FlatIndexExplorer
from nnlib.explorers.matmul_steps import ORDERS, MatmulStepsExplorer, multiplications
from nnlib.explorers.shapes import ShapesExplorer
from nnlib.matrix import Matrix, matmul


@pytest.fixture(scope="module")
def show(browser, tmp_path_factory):
    """Open a page with an explorer."""
    with one_page(browser, tmp_path_factory.mktemp("pages")) as show:
        yield show


def read(figure):
    """Return the caption, and {name of the row: the rest} of the read-out."""
    return figure.caption, {name: rest for name, *rest in figure.rows}


def value(figure, name):
    return read(figure)[1][name][0]


def texts(figure, selector="text"):
    script = "(el, of) => [...el.querySelectorAll(`.nn-drawing ${of}`)]"
    return figure.run(f"{script}.map((text) => text.textContent)", selector)


def inside(box):
    """Return a point inside of an element of a drawing."""
    corner = box.bounding_box()
    return corner["x"] + 5, corner["y"] + 5


@pytest.mark.parametrize(
    ("make", "state"),
    [
        (ShapesExplorer, {"operation": "*"}),
        (ShapesExplorer, {"a": (64, 784)}),
        (FlatIndexExplorer, {"rows": 7}),
        (FlatIndexExplorer, {"columns": 0}),
        (FlatIndexExplorer, {"rule": "r + c"}),
        (FlatIndexExplorer, {"row": -1}),
        (FlatIndexExplorer, {"column": 1.5}),
        (matmul_steps, {"order": "k-j-i"}),
        (matmul_steps, {"step": -1}),
        (matmul_steps, {"step": 25}),
        (CacheLinesExplorer, {"walk": "at random"}),
        (CacheLinesExplorer, {"step": 65}),
        (CacheLinesExplorer, {"line": 9}),
        (CacheLinesExplorer, {"lines": "many"}),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(make, state):
    ((name, given),) = state.items()
    with pytest.raises(traitlets.TraitError, match=name):
        make(**state)
    explorer = make()
    before = getattr(explorer, name)
    with pytest.raises(traitlets.TraitError, match=name):
        setattr(explorer, name, given)
    assert getattr(explorer, name) == before


# ---- shapes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "ten", "(64; 784)", "(64,,784)", "-1", "1.5", "1," * 7, "(100000,)", "<b>"],
)
@pytest.mark.parametrize("name", ["a", "b"])
def test_an_author_must_say_a_shape(name, text):
    with pytest.raises(ValueError, match=rf"expected {name} to be a shape"):
        ShapesExplorer(**{name: text})


WRITTEN = {
    (64, 784): ["(64, 784)", "64, 784", "(64,784)", "64x784", "64 × 784", "[64, 784]"],
    (10,): ["(10,)", "10", "[10]", " 10 ", "(10)"],
    (): ["()", "( )", "[]"],
    (2, 3, 4): ["(2,3,4)", "2 3 4", "2*3*4", "(2, 3, 4,)"],
}


def test_a_shape_may_be_written_as_people_write_it():
    for shape, written in WRITTEN.items():
        for text in written:
            ShapesExplorer(a=text)
        found = in_node("shapes", "data.map(readShape)", written)
        assert found == [list(shape)] * len(written)


def test_what_is_no_shape_is_not_read():
    written = ["", " ", "(", "ten", "64;784", "64,,784", "-1", "1.5", "<b>", "1e3"]
    found = in_node("shapes", "data.map((text) => readShape(text) ?? null)", written)
    assert found == [None] * len(written)


def random_pairs(count):
    """Return shapes of 0 to 6 axes, of which about a half fit for one operation."""
    rng = np.random.default_rng(0)
    pairs = []
    for _ in range(count):
        one = rng.choice(
            [0, 1, 2, 3, 4], rng.integers(0, 6), p=[0.1, 0.3, 0.2, 0.2, 0.2]
        )
        other = one[rng.integers(0, len(one) + 1) :].copy()
        other[rng.random(len(other)) < 0.3] = 1
        if len(other) > 1 and rng.random() < 0.5:
            other[[-1, -2]] = other[[-2, -1]]  # the inner sizes meet
        if len(other) and rng.random() < 0.6:
            other[rng.integers(len(other))] = 5
        pair = [one.tolist(), other.tolist()]
        pairs.append(pair[:: rng.choice([-1, 1])])
    return pairs


def numpys(a, b, operation):
    """Return the shape that NumPy gives, or None."""
    try:
        if operation == "+":
            return list(np.broadcast_shapes(tuple(a), tuple(b)))
        zero = np.zeros(())
        # Of stride 0, so that no shape takes memory.
        return list(
            np.matmul(*(np.broadcast_to(zero, shape) for shape in (a, b))).shape
        )
    except ValueError:
        return None


def test_the_page_combines_shapes_as_numpy_does():
    given = [
        [a, b, operation]
        for a, b in [
            *random_pairs(1500),
            *itertools.product([[], [1], [3], [0]], repeat=2),
        ]
        for operation in "@+"
    ]
    found = in_node(
        "shapes", "data.map((three) => combine(...three).result ?? null)", given
    )
    expected = [numpys(*three) for three in given]
    assert found == expected
    for operation in "@+":
        fits = [
            shape is not None
            for (*_, sign), shape in zip(given, expected, strict=True)
            if sign == operation
        ]
        assert 200 < sum(fits) < len(fits) - 200  # both outcomes were tried


def test_what_is_green_blue_or_orange_is_what_numpy_pairs():
    given = [[a, b, "+"] for a, b in random_pairs(300)]
    found = in_node("shapes", "data.map((three) => combine(...three).columns)", given)
    for (a, b, _), columns in zip(given, found, strict=True):
        count = max(len(a), len(b))
        padded = [[1] * (count - len(shape)) + shape for shape in (a, b)]
        fits = [column["fit"] for column in columns]
        assert fits == [
            "equal" if x == y else "stretched" if 1 in (x, y) else "different"
            for x, y in zip(*padded, strict=True)
        ]
        places = [
            [column.get(name, {}).get("axis") for column in columns] for name in "ab"
        ]
        for shape, axes in zip((a, b), places, strict=True):
            assert axes == [None] * (count - len(shape)) + [*range(len(shape))]


SAID = [
    ("(64, 784)", "(784, 128)", "@", "(64, 128)", "inner sizes are both 784"),
    ("(64, 784)", "(128, 784)", "@", None,
     "Axis 1 of a is 784, axis 0 of b is 128: "
     "the inner sizes of a matrix product must be equal"),
    ("5,2,3", "4,3,2", "@", None, "Axis 0 of a is 5, axis 0 of b is 4: sizes before"),
    ("5,2,3", "3,2", "@", "(5, 2, 2)", "what is 1 or missing is stretched"),
    ("(3,)", "()", "@", None, "b has no axes"),
    ("3", "3", "@", "()", "inner sizes are both 3"),
    ("(4, 3)", "(3,)", "+", "(4, 3)", "stretched"),
    ("(4, 3)", "(4,)", "+", None, "Axis 1 of a is 3, axis 0 of b is 4: aligned sizes"),
    ("(4, 3)", "(4, 3)", "+", "(4, 3)", "All aligned sizes are equal"),
    ("(4, three)", "4", "+", None, "a is not a shape yet: write sizes with commas"),
    ("4", "", "@", None, "b is not a shape yet"),
    ("1 1 1 1 1 1 1", "4", "+", None, "a has 7 axes"),
    ("4", "100000", "+", None, "b has an axis of more than 99999"),
    ("<img src=x>", "4", "+", None, "a is not a shape yet"),
]  # fmt: skip


def test_what_is_typed_is_read_out(show):
    figure = show(ShapesExplorer())
    for a, b, operation, shape, why in SAID:
        figure.run("choose", "operation", operation)
        for name, text in (("a", a), ("b", b)):
            figure.root.locator(f"input[name={name}]").fill(text)
        caption, rows = read(figure)
        assert why in caption
        name = f"a {operation} b"
        assert rows[name][0] == (shape or "none")
        assert ("≠" in texts(figure)) == (
            "axis" in why
            and "must" in caption
            and shape is None
            and "no axes" not in why
        )
        assert figure.run("(el) => el.querySelectorAll('img').length") == 0


def test_numbers_in_an_array_are_counted(show):
    figure = show(ShapesExplorer(a="(60000, 784)", b="(784, 10)"))
    rows = read(figure)[1]
    assert rows["a"] == ["(60000, 784)", "47,040,000"]
    assert rows["a @ b"] == ["(60000, 10)", "600,000"]
    figure = show(ShapesExplorer(a="99999," * 5 + "2", b="()", operation="+"))
    assert read(figure)[1]["a"][1] == "over 10¹⁵"
    figure = show(ShapesExplorer(a="()", b="()", operation="+"))
    assert read(figure)[1]["a + b"] == ["()", "1"]


def test_shapes_are_typed_with_the_keyboard_and_kept_in_the_link(show):
    figure = show(ShapesExplorer())
    page = figure.page
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Backspace")
    assert "Axis 1 of a is 78" in figure.caption
    page.keyboard.type("5")
    assert "Axis 1 of a is 785" in figure.caption
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert "aligned sizes" in figure.caption
    page.wait_for_function("location.hash.includes('operation')")
    fragment = page.evaluate("location.hash")
    before = read(figure)
    assert read(show(ShapesExplorer(), fragment)) == before


def test_a_link_with_markup_is_text(show):
    link = "#shapes.a=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E" + "9" * 90
    figure = show(ShapesExplorer(), link + "&shapes.operation=**")
    assert "a is not a shape yet" in figure.caption
    assert len(figure.root.locator("input[name=a]").input_value()) == 40
    assert figure.run("(el) => el.querySelectorAll('img').length") == 0


# ---- the flat index -----------------------------------------------------------------


def test_the_chosen_cell_must_be_in_the_table():
    with pytest.raises(ValueError, match="2 rows and 4 columns, got row 2, column 0"):
        FlatIndexExplorer(rows=2, row=2, column=0)
    with pytest.raises(ValueError, match="got row 0, column 3"):
        FlatIndexExplorer(columns=3, row=0, column=3)
    small = FlatIndexExplorer(rows=1, columns=2)
    assert (small.row, small.column) == (0, 1)
    assert small.defaults["column"] == 1


def places(rule, rows, columns):
    """Return the place of every cell, shape (rows, columns)."""
    r, c = np.indices((rows, columns))
    if rule == "n_rows * r + c":
        return rows * r + c
    order = "C" if rule == "row-major" else "F"
    return np.ravel_multi_index((r, c), (rows, columns), order=order)


def test_every_place_is_numpys():
    sizes = list(itertools.product(range(1, 7), repeat=2))
    given = [[rule, {"rows": n, "columns": m}] for rule in RULES for n, m in sizes]
    found = in_node("flat_index", "data.map((two) => [...layOut(...two)])", given)
    for (rule, size), pairs in zip(given, found, strict=True):
        expected = places(rule, **size)
        seen = {tuple(cell): place for place, cells in pairs for cell in cells}
        assert seen == dict(np.ndenumerate(expected))


def read_of_cell(rule, rows, columns, row, column):
    """Return what must be read of a cell, counted without the page's help."""
    table = places(rule, rows, columns)
    place, size = table[row, column], rows * columns
    used, counts = np.unique(table, return_counts=True)
    mates = [f"({r}, {c})" for r, c in np.argwhere(table == place)]
    unused = sorted({*range(size)} - {*used.tolist()})
    outside = list(dict.fromkeys(table[table >= size].tolist()))
    numbers = {
        "row-major": f"r * n_cols + c = {row} * {columns} + {column}",
        "column-major": f"c * n_rows + r = {column} * {rows} + {row}",
        "n_rows * r + c": f"n_rows * r + c = {rows} * {row} + {column}",
    }[rule]
    return f"{numbers} = {place}", {
        "the chosen cell": [f"row {row}, column {column}"],
        "its place": [f"{place}" + ", outside of the memory" * int(place >= size)],
        "cells with this place": [" ".join(mates)],
        "cells that share a place": [f"{counts[counts > 1].sum()} of {size}"],
        "places never used": [", ".join(map(str, unused)) or "none"],
        "places outside": [", ".join(map(str, outside)) or "none"],
    }


SOME_TABLES = [(3, 4), (4, 3), (1, 1), (6, 2), (2, 6), (5, 5), (6, 1), (1, 6)]


@pytest.mark.parametrize("rule", RULES)
def test_every_cell_is_read_out(show, rule):
    figure = show(FlatIndexExplorer(rule=rule))
    for rows, columns in SOME_TABLES:
        figure.run("slide", "rows", rows - 1)
        figure.run("slide", "columns", columns - 1)
        for row, column in {
            (0, 0),
            (rows - 1, 0),
            (0, columns - 1),
            (rows // 2, columns // 2),
            (rows - 1, columns - 1),
        }:
            figure.run("slide", "row", row)
            figure.run("slide", "column", column)
            assert read(figure) == read_of_cell(rule, rows, columns, row, column)


def test_the_mistake_is_right_for_a_square_and_wrong_for_others(show):
    figure = show(FlatIndexExplorer(rule="n_rows * r + c"))
    for rows, columns in itertools.product(range(1, 7), repeat=2):
        right = places("row-major", rows, columns)
        wrong = places("n_rows * r + c", rows, columns)
        figure.run("slide", "rows", rows - 1)
        figure.run("slide", "columns", columns - 1)
        marked = sum(text.endswith(" !") for text in texts(figure))
        sharing = int(value(figure, "cells that share a place").split()[0])
        assert marked == sharing
        assert np.array_equal(right, wrong) == (rows == columns or rows == 1)
        outside = value(figure, "places outside")
        assert (sharing > 0) == (columns > rows > 1)
        assert (outside != "none") == (rows > columns)
        assert ("outside of the memory" in texts(figure)) == (rows > columns)


@pytest.mark.parametrize("width", [1280, 360])
def test_the_mouse_chooses_a_cell_in_the_table_and_in_memory(show, width):
    figure = show(FlatIndexExplorer(), width=width)
    boxes = figure.root.locator(".nn-drawing rect:not(.nn-area)")
    assert boxes.count() == 24
    for number in (0, 3, 7, 11, 12, 16, 23, 18):
        figure.page.mouse.move(*inside(boxes.nth(number)))
        place = number % 12
        assert figure.caption.endswith(f"= {place}")
        assert (
            value(figure, "the chosen cell") == f"row {place // 4}, column {place % 4}"
        )
    before = read(figure)
    box = figure.drawing.bounding_box()
    figure.page.mouse.move(box["x"] + 5, box["y"] + 5)
    assert read(figure) == before


def test_the_keyboard_chooses_a_cell(show):
    figure = show(FlatIndexExplorer())
    figure.slider("row").press("ArrowRight")
    figure.slider("column").press("Home")
    assert read(figure) == read_of_cell("row-major", 3, 4, 2, 0)
    select = figure.root.locator("select")
    select.press("ArrowDown")
    assert read(figure) == read_of_cell("column-major", 3, 4, 2, 0)
    select.press("ArrowDown")
    assert read(figure) == read_of_cell("n_rows * r + c", 3, 4, 2, 0)
    figure.slider("rows").press("Home")  # the chosen row is gone
    assert read(figure) == read_of_cell("n_rows * r + c", 1, 4, 0, 0)
    figure.slider("rows").press("End")  # and does not come back
    assert read(figure) == read_of_cell("n_rows * r + c", 6, 4, 0, 0)


def test_a_link_to_no_cell_takes_the_nearest(show):
    link = (
        "#flat_index.row=99&flat_index.column=-3&flat_index.rows=4.2&flat_index.rule=x"
    )
    figure = show(FlatIndexExplorer(), link)
    assert read(figure) == read_of_cell("row-major", 4, 4, 3, 0)


# ---- the steps of a product ---------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        ([[1, 2]], [[1, 2]], r"as many columns in a as rows in b, got \(1, 2\) and"),
        ([1, 2], [[1], [2]], r"a to have two axes of 1 to 5, got the shape \(2,\)"),
        (np.ones((2, 6)), np.ones((6, 2)), r"a to have two axes .* \(2, 6\)"),
        (np.ones((2, 2)), np.ones((2, 6)), r"b to have two axes .* \(2, 6\)"),
        (np.ones((2, 2)), np.ones((0, 2)), r"b to have two axes .* \(0, 2\)"),
        ([[1, 2], [3]], [[1]], "a to be a matrix of numbers"),
        ([["one"]], [[1]], "a to be a matrix of numbers"),
        ([[np.nan]], [[1]], "a to be finite"),
        ([[1]], [[np.inf]], "b to be finite"),
    ],
)
def test_what_is_no_pair_of_small_matrices_is_refused(a, b, why):
    with pytest.raises(ValueError, match=why):
        MatmulStepsExplorer(a, b)


SHAPES = [(1, 1, 1), (4, 3, 2), (5, 5, 5), (1, 5, 3), (3, 1, 4), (2, 4, 1)]


def drawn_pair(n, m, p):
    rng = np.random.default_rng(n * 100 + m * 10 + p)
    return rng.standard_normal((n, m)), rng.standard_normal((m, p))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", ORDERS)
def test_every_step_is_numpys(shape, order):
    n, m, p = shape
    a, b = drawn_pair(*shape)
    indices, products, sums = multiplications(a, b, order)
    assert len(indices) == len(products) == len(sums) == n * m * p
    assert len(set(indices)) == n * m * p
    key = {"i-j-k": (0, 1, 2), "i-k-j": (0, 2, 1)}[order]
    assert indices == sorted(indices, key=lambda ijk: [ijk[axis] for axis in key])
    for (i, j, k), product, total in zip(indices, products, sums, strict=True):
        assert product == a[i, k] * b[k, j]
        np.testing.assert_allclose(
            total, a[i, : k + 1] @ b[: k + 1, j], rtol=1e-12, atol=1e-14
        )
    last = {(i, j): total for (i, j, _), total in zip(indices, sums, strict=True)}
    found = np.array([last[cell] for cell in np.ndindex(n, p)]).reshape(n, p)
    np.testing.assert_allclose(found, a @ b, rtol=1e-12, atol=1e-14)
    ours = matmul(Matrix.from_rows(a.tolist()), Matrix.from_rows(b.tolist()))
    assert np.array_equal(found, ours.to_rows())


@pytest.mark.parametrize("order", ORDERS)
def test_the_page_gets_every_step(order):
    a, b = drawn_pair(4, 3, 2)
    data = MatmulStepsExplorer(a, b).data
    indices, products, sums = multiplications(a, b, order)
    assert data["indices"][order] == indices
    np.testing.assert_allclose(unpack(data["products"][order]), products, rtol=6e-4)
    np.testing.assert_allclose(unpack(data["sums"][order]), sums, rtol=6e-4)
    np.testing.assert_allclose(unpack(data["a"]), a, rtol=6e-4)
    np.testing.assert_allclose(unpack(data["b"]), b, rtol=6e-4)


def short(number):
    text = printed(number)
    return re.sub(r"\.?0+$", "", text) if "." in text and "e" not in text else text


def bracketed(number):
    return f"({short(number)})" if number < 0 else short(number)


def read_of_step(a, b, order, step):
    """Return what must be read after some multiplications."""
    a, b = np.array(a), np.array(b)
    (n, m), p = a.shape, b.shape[1]
    indices, products, sums = multiplications(a, b, order)
    reads = [k * p + j for _, j, k in indices[:step]]
    jumps = np.diff(reads).tolist()
    done = {(i, j) for i, j in np.ndindex(n, p)
            if sum(at[:2] == (i, j) for at in indices[:step]) == m}  # fmt: skip
    rows = {
        "jumps of +1": [f"{jumps.count(1)} of {len(jumps)}"],
        "entries finished": [f"{len(done)} of {n * p}"],
    }
    if step == 0:
        none = ["none yet"]
        rows |= {"product": none, "out": ["all 0"], "place in b": none}
        rows["jump in b’s memory"] = none
        return f"{order}, step 0 of {n * m * p}: out is all zeros", rows
    i, j, k = indices[step - 1]
    before = a[i, :k] @ b[:k, j]
    product = products[step - 1]
    jump = f"{jumps[-1]:+d}".replace("-", "−") if jumps else "none yet"
    sum_up = f"out[{i}, {j}] += a[{i}, {k}] * b[{k}, {j}]"
    return f"{order}, step {step} of {n * m * p}: {sum_up}", {
        "product": [f"{short(a[i, k])} * {bracketed(b[k, j])} = {short(product)}"],
        f"out[{i}, {j}]": [
            f"{short(before)} + {bracketed(product)} = {short(sums[step - 1])}"
        ],
        f"place of b[{k}, {j}]": [str(reads[-1])],
        "jump in b’s memory": [jump],
        **rows,
    }


@pytest.mark.parametrize("order", ORDERS)
def test_every_step_is_read_out_and_drawn(show, order):
    a, b = np.array(LEFT), np.array(RIGHT)
    figure = show(matmul_steps(order=order))
    indices, _, sums = multiplications(a, b, order)
    out = np.zeros((4, 2))
    for step in range(25):
        figure.run("slide", "step", step)
        assert read(figure) == read_of_step(LEFT, RIGHT, order, step)
        if step:
            out[indices[step - 1][:2]] = sums[step - 1]
        numbers = [short(v) for table in (a, b, out) for v in table.flat]
        cells = texts(figure, "rect + text")
        assert cells[: len(numbers)] == numbers
    assert np.array_equal(out, a @ b)


def test_the_matrices_are_called_as_the_chapter_calls_them(show):
    figure = show(MatmulStepsExplorer(LEFT, RIGHT, names=("X", "W"), step=3))
    assert figure.caption.endswith("out[0, 0] += X[0, 2] * W[2, 0]")
    assert value(figure, "place of W[2, 0]") == "4"
    assert {"X (4, 3)", "W (3, 2)", "out (4, 2)"} <= set(texts(figure, "text"))
    assert "a row of X" in figure.drawing.get_attribute("aria-label")


def test_at_the_ends_a_button_is_dimmed_and_keeps_the_focus(show):
    figure = show(matmul_steps(step=23))
    back, following = (
        figure.root.get_by_role("button", name=name) for name in ("Back", "Next")
    )
    following.press("Enter")
    assert following.get_attribute("aria-disabled") == "true"
    assert back.get_attribute("aria-disabled") == "false"
    following.press("Enter")
    assert " step 24 of 24" in figure.caption
    assert figure.page.evaluate("document.activeElement.textContent") == "Next"


def test_i_k_j_reads_b_place_after_place_and_i_j_k_jumps(show):
    figure = show(matmul_steps(step=24))
    assert value(figure, "jumps of +1") == "0 of 23"
    figure.root.locator("select").press("ArrowDown")
    assert value(figure, "jumps of +1") == "20 of 23"  # three times back to the start


def test_back_next_and_the_keyboard_move_the_step(show):
    figure = show(matmul_steps(step=1))
    back, following = (
        figure.root.get_by_role("button", name=name) for name in ("Back", "Next")
    )
    for button, step in ((back, 0), (back, 0), (following, 1), (following, 2)):
        button.press("Enter")
        assert read(figure) == read_of_step(LEFT, RIGHT, "i-j-k", step)
    figure.slider("step").press("End")
    following.press("Space")
    assert read(figure) == read_of_step(LEFT, RIGHT, "i-j-k", 24)
    figure.slider("step").press("ArrowLeft")
    assert read(figure) == read_of_step(LEFT, RIGHT, "i-j-k", 23)


def test_the_step_is_dragged_along_the_path(show):
    figure = show(matmul_steps())
    box = figure.root.locator(".nn-area").bounding_box()
    mouse = figure.page.mouse
    mouse.move(box["x"] + 1, box["y"] + 30)
    mouse.down()
    for step in (6, 13, 24, 2):
        mouse.move(box["x"] + box["width"] * step / 24, box["y"] + 40)
        assert f" step {step} of 24" in figure.caption
    mouse.move(box["x"] + box["width"] * 2, box["y"] + 40)
    assert " step 24 of 24" in figure.caption
    mouse.up()
    mouse.click(box["x"] + 60, box["y"] - 100)  # above the path: the tables
    assert " step 24 of 24" in figure.caption


def test_numbers_of_four_digits_are_read_out(show):
    a, b = drawn_pair(5, 5, 5)
    figure = show(MatmulStepsExplorer(a, 0.01 * b), width=360)
    for order, step in (("i-j-k", 60), ("i-k-j", 61), ("i-j-k", 125)):
        figure.run("choose", "order", order)
        figure.run("slide", "step", step)
        caption, rows = read(figure)
        expected = read_of_step(a, 0.01 * b, order, step)
        assert caption == expected[0]
        assert rows.keys() == expected[1].keys()
        assert rows["product"] == expected[1]["product"]
    overflow = "document.documentElement.scrollWidth - window.innerWidth"
    assert figure.page.evaluate(overflow) <= 0


# ---- lines of memory in a cache -----------------------------------------------------


def misses_by_hand(places, line, lines):
    """Return for every read whether it misses, by looking back at all reads before.

    A line is still there if fewer than `lines` other lines were read since its last.
    """
    numbers = [place // line for place in places]
    found = []
    for now, number in enumerate(numbers):
        before = [at for at in range(now) if numbers[at] == number]
        since = {*numbers[before[-1] + 1 : now]} if before else None
        found.append(since is None or len(since) >= lines)
    return found


def walks(rows, columns):
    table = np.arange(rows * columns).reshape(rows, columns)
    return dict(
        zip(WALKS, (table.ravel().tolist(), table.T.ravel().tolist()), strict=True)
    )


@pytest.mark.parametrize("shape", [(8, 8), (1, 1), (10, 10), (3, 7), (9, 2)])
def test_every_hit_and_miss_is_found_by_looking_back(shape):
    data = CacheLinesExplorer(rows=shape[0], columns=shape[1]).data
    for walk, order in walks(*shape).items():
        assert data["walks"][walk] == order
        for i, line in enumerate(LINE):
            for j, lines in enumerate(LINES):
                expected = misses_by_hand(order, line, lines)
                steps = trace(order, line, lines)
                assert [not hit for hit, _ in steps] == expected
                assert count_misses(order, line, lines) == sum(expected)
                events = data["dropped"][walk][i][j]
                assert [event is not None for event in events] == expected


@pytest.mark.parametrize("seed", range(20))
def test_a_cache_at_random(seed):
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 24, 200).tolist()
    line, lines = rng.integers(1, 5), rng.integers(1, 5)
    expected = misses_by_hand(places, line, lines)
    assert [not hit for hit, _ in trace(places, line, lines)] == expected
    held = []
    for place, (hit, dropped) in zip(places, trace(places, line, lines), strict=True):
        number = place // line
        assert hit == (number in held)
        if dropped >= 0:
            assert dropped == held[0]
        held = [other for other in held if other not in (number, dropped)] + [number]
        assert len(held) <= lines


def test_known_counts():
    row, column = walks(8, 8).values()
    assert count_misses(row, 4, 4) == 16  # one for every line
    assert (
        count_misses(column, 4, 4) == 64
    )  # every line is gone before it is used again
    assert count_misses(column, 4, 8) == 16  # a cache of a line for every row
    assert count_misses(row, 1, 4) == count_misses(column, 1, 4) == 64


@pytest.mark.parametrize("given", [{"rows": 0}, {"columns": 11}, {"rows": 2.5}])
def test_a_matrix_that_cannot_be_drawn_is_refused(given):
    ((name, size),) = given.items()
    with pytest.raises(ValueError, match=f"expected {name} from 1 to 10, got {size}"):
        CacheLinesExplorer(**given)


def test_the_cache_takes_the_nearest_stop():
    explorer = CacheLinesExplorer(line=3, lines=7)
    assert (explorer.line, explorer.lines) == (2, 8)


def read_of_walk(shape, walk, step, line, lines):
    """Return what must be read after some reads, and what the cache then holds."""
    orders = walks(*shape)
    order, total = orders[walk], shape[0] * shape[1]
    misses = {
        name: misses_by_hand(places, line, lines) for name, places in orders.items()
    }
    numbers = [place // line for place in order[:step]]
    held = list(dict.fromkeys(reversed(numbers)))[:lines]
    so_far = sum(misses[walk][:step])
    rows = {"so far": [str(step - so_far), str(so_far)]}
    for name, found in misses.items():
        rows[f"all, {name}"] = [str(total - sum(found)), str(sum(found))]
    start = f"{walk}, step {step} of {total}: "
    if not step:
        room = f"the cache has room for {lines} lines of {line}"
        return f"{start}nothing is read yet, {room}", rows, []
    miss = misses[walk][step - 1]
    opening = f"place {order[step - 1]} is {'not ' * miss}in the cache, a "
    return start + opening + ("miss" if miss else "hit"), rows, held


def contents(figure, lines):
    return texts(figure, "rect + text")[-lines:]


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("shape", [(8, 8), (3, 7)])
def test_every_read_is_told_and_drawn(show, walk, shape):
    total = shape[0] * shape[1]
    figure = show(CacheLinesExplorer(walk=walk, rows=shape[0], columns=shape[1]))
    steps = itertools.cycle([0, 1, 2, 5, 9, 13, 17, 20, total - 1, total])
    for (i, line), (j, lines) in itertools.product(enumerate(LINE), enumerate(LINES)):
        figure.run("slide", "line", i)
        figure.run("slide", "lines", j)
        for step in itertools.islice(steps, 3):
            figure.run("slide", "step", step)
            caption, rows = read(figure)
            start, expected, held = read_of_walk(shape, walk, step, line, lines)
            assert caption.startswith(start)
            assert rows == expected
            ends = [min(number * line + line, total) - 1 for number in held]
            names = [
                str(end) if end == number * line else f"{number * line} to {end}"
                for number, end in zip(held, ends, strict=True)
            ]
            assert contents(figure, lines) == names + ["empty"] * (lines - len(held))
            marks = {
                place: " ×" if miss else " ✓"
                for place, miss in zip(
                    walks(*shape)[walk][:step],
                    misses_by_hand(walks(*shape)[walk], line, lines),
                    strict=False,
                )
            }
            cells = [f"{place}{marks.get(place, '')}" for place in range(total)]
            assert texts(figure, "rect + text")[2 : 2 + total] == cells


def test_a_dropped_line_is_told(show):
    figure = show(CacheLinesExplorer(walk="column by column", step=5))
    assert figure.caption.endswith("; its line is brought in, that of 0 dropped")
    figure.root.get_by_role("button", name="Back").click()
    assert figure.caption.endswith("a miss; its line is brought in")


def test_a_click_goes_to_the_step_that_reads_that_place(show):
    figure = show(CacheLinesExplorer())
    cell = figure.root.locator(".nn-drawing rect").nth(2 + 11)
    figure.page.mouse.click(*inside(cell))
    assert "step 12 of 64: place 11 " in figure.caption
    figure.root.locator("select").press("ArrowDown")
    figure.page.mouse.click(*inside(cell))
    assert "step 26 of 64: place 11 " in figure.caption
    before = figure.caption
    box = figure.drawing.bounding_box()
    figure.page.mouse.click(box["x"] + 4, box["y"] + box["height"] - 8)
    assert figure.caption == before


def test_the_keyboard_moves_every_control_of_the_cache(show):
    figure = show(CacheLinesExplorer(step=3))
    figure.slider("step").press("ArrowRight")
    figure.slider("line").press("ArrowLeft")
    figure.slider("lines").press("End")
    figure.root.locator("select").press("ArrowDown")
    start, rows, _ = read_of_walk((8, 8), "column by column", 4, 2, 8)
    assert figure.caption.startswith(start)
    assert read(figure)[1] == rows


def test_a_link_beyond_the_walk_takes_its_end(show):
    link = "#cache_lines.step=999&cache_lines.line=3&cache_lines.walk=zigzag"
    figure = show(CacheLinesExplorer(), link)
    start, rows, _ = read_of_walk((8, 8), "row by row", 64, 2, 4)
    assert figure.caption.startswith(start)
    assert read(figure)[1] == rows


# ---- all of them --------------------------------------------------------------------


@pytest.mark.parametrize(
    "make", [ShapesExplorer, FlatIndexExplorer, matmul_steps, CacheLinesExplorer]
)
def test_every_choice_changes_the_read_out(show, make):
    figure = show(make())
    choice = figure.root.locator("select")
    seen = []
    for number in range(choice.locator("option").count()):
        choice.select_option(index=number)
        seen.append(read(figure))
    assert all(one != other for one, other in itertools.combinations(seen, 2))


CUT_TEXT = """(el) => {
  const drawing = el.querySelector(".nn-drawing").getBoundingClientRect();
  return [...el.querySelectorAll(".nn-drawing text")].filter((text) => {
    const box = text.getBoundingClientRect();
    return box.left < drawing.left - 1 || box.right > drawing.right + 1;
  }).map((text) => text.textContent);
}"""


@pytest.mark.parametrize(
    "explorer",
    [
        ShapesExplorer(a="(2, 3, 4, 5, 6, 70)", b="(99999,)", operation="+"),
        ShapesExplorer(a="(64, 784)", b="(128, 784)"),
        FlatIndexExplorer(rows=2, columns=6, rule="n_rows * r + c"),
        FlatIndexExplorer(rows=6, columns=6),
        MatmulStepsExplorer(LEFT, RIGHT, names=("X", "W"), step=24),
        CacheLinesExplorer(line=8, lines=8, step=64),
    ],
)
def test_no_text_is_cut_on_a_phone(show, explorer):
    assert show(explorer, width=360).run(CUT_TEXT) == []
