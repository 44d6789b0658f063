"""What `check` says: one of four kinds of verdict, and what to do about it."""

import linecache
import subprocess
import sys
import warnings

import numpy as np
import pytest

# A fixture that every test here uses, by being imported.
from practice import practice_chapter  # noqa: F401
from practice.practice import EXERCISES, Doubler

import nnlib.exercises
from nnlib.exercises import check, hint, solution
from nnlib.exercises._compare import difference

REFERENCES = {entry.id: entry.reference for entry in EXERCISES}


def text_of(answer, id="practice/halve", kind="not yet"):
    """Return the verdict on an answer as text, once its kind is as it should be."""
    verdict = check(id, answer)
    assert verdict.kind == kind, verdict
    assert bool(verdict) == (kind == "correct")
    assert all(len(line) <= 78 for line in repr(verdict).splitlines())
    return repr(verdict)


# ---- correct ------------------------------------------------------------------------


@pytest.mark.parametrize("id", REFERENCES)
def test_the_reference_is_correct(id):
    assert text_of(REFERENCES[id], id, "correct") == "Correct. The remark."


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: float(np.mean(x)),
        lambda x: np.array(np.mean(x)),
        lambda x: np.mean(x) + 1e-12,
    ],
    ids=["Python's float", "no dimension", "rounding"],
)
def test_where_a_number_is_expected_many_types_will_do(answer):
    assert check("practice/mean", answer)


def test_a_few_roundings_of_float32_are_right():
    assert check("practice/single", lambda x: np.float32(x * (1 + 2e-7)))
    assert not check("practice/single", lambda x: np.float32(x * (1 + 1e-4)))


def test_every_run_gets_data_and_a_generator_of_its_own():
    assert check("practice/draw", REFERENCES["practice/draw"])
    assert check("practice/draw", REFERENCES["practice/draw"])


def test_to_write_into_an_argument_may_be_the_task():
    def only_the_first(x):
        x.flat[0] /= 2

    text = text_of(only_the_first, "practice/in-place")
    assert "The argument `x` afterwards differs" in text


def test_what_works_in_place_returns_nothing():
    def in_place_and_returned(x):
        x /= 2
        return x

    text = text_of(in_place_and_returned, "practice/in-place")
    assert "The result is a NumPy array; expected was None." in text


def test_an_error_may_be_the_task():
    text = text_of(lambda x: x, "practice/refuse")
    assert "Expected was that it raises ValueError." in text


# ---- not attempted ------------------------------------------------------------------


def documented(x):
    """Say what it will do."""


def not_implemented(x):
    raise NotImplementedError("later")


class Begun(Doubler):
    def forward(self, x):
        raise NotImplementedError


class Stub:
    """A class that nobody has begun."""

    def forward(self, x): ...

    def backward(self, x):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("practice/halve", documented),
        ("practice/halve", not_implemented),
        ("practice/halve", lambda x: None),
        ("practice/halve", ...),
        ("practice/doubler", Stub),
        ("practice/doubler", Begun),
        ("practice/shape", ...),
        ("practice/shape", (3, ...)),
    ],
)
def test_what_nobody_has_begun_is_not_attempted(id, answer):
    text = text_of(answer, id, "not attempted")
    assert "run the cell again" in text
    assert f'hint("{id}")' in text


@pytest.mark.parametrize("id", REFERENCES)
def test_the_stub_is_not_attempted(id):
    (entry,) = (entry for entry in EXERCISES if entry.id == id)
    names = {}
    exec(entry.stub, names)
    assert check(id, names[entry.name]).kind == "not attempted"


# ---- raised -------------------------------------------------------------------------

CELL = """def helper(x):
    return x.median()

def answer(x):
    return np.apply_along_axis(helper, 0, x)
"""


def test_a_traceback_shows_the_lines_of_a_cell_and_no_others():
    name = "/tmp/ipykernel_12345/987.py"
    linecache.cache[name] = (len(CELL), None, CELL.splitlines(keepends=True), name)
    names = {"np": np}
    exec(compile(CELL, name, "exec"), names)
    text = text_of(names["answer"], kind="raised")
    assert "The smallest input that raises one:\n\n    x = array([8.])\n" in text
    wanted = (
        "    line 5, in answer\n"
        "        return np.apply_along_axis(helper, 0, x)\n"
        "    line 2, in helper\n"
        "        return x.median()\n"
        "    AttributeError: 'numpy.ndarray' object has no attribute 'median'"
    )
    assert wanted in text
    assert "ipykernel" not in text


@pytest.mark.parametrize(
    "error", [SystemExit, KeyboardInterrupt, MemoryError, GeneratorExit]
)
def test_no_error_of_an_answer_gets_through(error):
    def answer(x):
        raise error("of its own")

    assert f"{error.__name__}: of its own" in text_of(answer, kind="raised")


def test_a_deep_recursion_is_told_in_a_few_lines():
    def deeper(x):
        return deeper(x)

    text = text_of(deeper, kind="raised")
    assert "RecursionError" in text
    assert "... and so on ..." in text
    assert len(text.splitlines()) < 25


def test_a_long_message_goes_on_below_and_is_cut_in_the_third_line():
    def answer(x):
        raise ValueError("the first " + "and one more " * words + "the last")

    words = 8
    text = text_of(answer, kind="raised")
    message = text[text.index("ValueError: ") :].split("\n\n")[0]
    assert len(message.splitlines()) == 2
    assert message.endswith("and one more the last")
    words = 80
    text = text_of(answer, kind="raised")
    message = text[text.index("ValueError: ") :].split("\n\n")[0]
    assert len(message.splitlines()) == 3
    assert message.endswith(" ...")


def test_an_error_can_be_a_known_mistake():
    verdict = check("practice/halve", lambda x: x.reshape(()).item() / 2)
    assert verdict.mistake == "asks for an item"
    assert "Arrays have many." in repr(verdict)


# ---- not yet ------------------------------------------------------------------------


def test_the_smallest_failing_case_is_shown():
    text = text_of(lambda x: x / 3)
    wanted = (
        "Not yet. The smallest input that shows it:\n\n"
        "    x = array([8.])\n\n"
        "    expected: array([4.])\n"
        "    got:      array([2.66666667])\n\n"
        "The result differs at [0]: expected 4, got 2.66666666667.\n\n"
        'hint("practice/halve") gives a hint.'
    )
    assert text == wanted


def test_of_a_large_array_the_largest_difference_is_shown():
    def answer(x):
        wrong = x / 2
        if x.ndim == 3:
            wrong[1, 2, 3] += 1
            wrong[0, 0, 0] += 0.5
        return wrong

    text = text_of(answer)
    assert "x = an array of shape (2, 3, 50) and dtype float64" in text
    assert "The result differs most at [1, 2, 3]: expected " in text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: print(x), "The result is None. Is there a `return`?"),
        (lambda x: list(x / 2), "The result is a list; expected was a NumPy array."),
        (lambda x: (x / 2)[None], "The result has shape (1, 1); expected was (1,)."),
        (lambda x: np.float32(x / 2), "has dtype float32; expected was float64."),
        (lambda x: x / 2 * np.nan, "is not a number (NaN) at [0]: expected 4, got nan"),
    ],
    ids=["nothing", "a list", "shape", "dtype", "NaN"],
)
def test_the_verdict_says_in_what_the_result_differs(answer, words):
    assert words in text_of(answer)


@pytest.mark.parametrize(
    ("id", "answer", "words"),
    [
        ("mean", lambda x: np.array([np.mean(x)]), "an array of shape (1,); expected"),
        ("mean", lambda x: "8", "is a str; expected was a number."),
        ("largest", lambda x: 2.0, "is a float; expected was an integer."),
        ("largest", lambda x: True, "is a bool; expected was an integer."),
        ("any", lambda x: 1, "is an int; expected was True or False."),
        ("shape", [3, 2], "`shape` is a list; expected was a tuple."),
        ("shape", (3, 2, 1), "`shape` has 3 elements; expected were 2."),
        ("shape", (3,), "`shape` has 1 element; expected were 2."),
        ("shape", (3, 1), "Element [1] of `shape` is not the expected value."),
    ],
)
def test_numbers_and_tuples_are_judged_by_type_and_value(id, answer, words):
    assert words in text_of(answer, f"practice/{id}")


def test_of_a_value_the_verdict_does_not_give_the_answer_away():
    assert "expected:" not in text_of((3, 1), "practice/shape")


def test_the_verdict_names_the_element_that_differs():
    def answer(x):
        return REFERENCES["practice/statistics"](x) | {"ends": (0.0, 1.0)}

    text = text_of(answer, "practice/statistics")
    assert "Element [1] of element ['ends'] of the result is not the expected" in text
    text = text_of(lambda x: {"mean": 1.0}, "practice/statistics")
    assert "has other keys than 'mean', 'ends', 'count'." in text


def test_the_verdict_calls_an_element_by_its_name():
    text = text_of(lambda x: (1.0, 7.0), "practice/middle")
    assert "The median is not the expected value." in text
    text = text_of(lambda x: (x, 1.0), "practice/middle")
    assert "The mean is an array of shape (3,); expected was a number." in text


def test_a_number_is_shown_without_its_rounding():
    text = text_of(lambda x: (0.1 + 0.2, np.float64(1 / 3)), "practice/middle")
    assert "got:      (0.3, 0.333333333333)" in text


def test_to_write_into_an_argument_is_noticed():
    def answer(x):
        x /= 2
        return x.copy()

    assert "the argument `x` was written into" in text_of(answer)
    assert check("practice/halve", answer).mistake == "writes into x"


def test_a_warning_is_a_failure():
    def answer(x):
        np.log(np.zeros(1))
        return x / 2

    assert check("practice/halve", answer).mistake is None
    text = " ".join(text_of(answer).split())
    assert "a warning on the way: divide by zero encountered in log." in text


def test_a_warning_can_explain_a_wrong_result():
    text = " ".join(text_of(lambda x: x / np.zeros(1)).split())
    assert "There was also a warning: divide by zero encountered in" in text


def test_what_is_printed_is_shown_and_stays_out_of_the_notebook(capsys):
    def answer(x):
        print("x is", x, flush=True)
        print("line\n" * 10_000)
        return x

    text = text_of(answer)
    assert "It printed:\n\n    x is [8.]\n    line\n" in text
    assert len(text.splitlines()) < 25
    assert capsys.readouterr().out == ""


def test_what_a_right_answer_printed_last_is_shown_as_well():
    def answer(x):
        print("x is", x)
        return x / 2

    text = text_of(answer, kind="correct")
    assert text.startswith("Correct. The remark.\n\nIt printed:\n\n    x is ")
    assert text.count("It printed") == 1


def test_a_word_that_is_wrong_beside_a_right_result_needs_no_tables():
    parts, right = ("the table", "the shape", "the way"), np.ones((2, 2))
    for names in (parts, parts[1:]):
        expected = (*(right, (2, 2))[-len(names) + 1 :], "by a product")
        found = difference((*expected[:-1], "by a loop"), expected, 0, parts=names)
        assert found.kind == "word"
        assert "The way: by a loop. Expected was: by a product." in found.text
    assert found.text.startswith("The shape is right. ")
    wrong = difference((0 * right, (2, 2), "by a loop"), (right, (2, 2), ""), 0)
    assert wrong.kind == "values"


def test_a_judge_speaks_for_itself():
    text = text_of(lambda x: 3, "practice/even")
    assert "3 is odd." in text
    assert "expected:" not in text
    text = text_of(lambda x: "3", "practice/even")
    assert "The check could make nothing of what it returned: TypeError" in text


def test_an_object_that_cannot_be_compared_or_printed_is_only_wrong():
    class Hostile:
        def __eq__(self, other):
            raise RuntimeError

        __hash__ = None
        __repr__ = __eq__

    assert "The result is a Hostile" in text_of(lambda x: Hostile())


@pytest.mark.parametrize(
    ("id", "answer", "words"),
    [
        ("practice/halve", np.ones(1), "was given a value of type ndarray. Give it"),
        ("practice/shape", lambda: (3, 2), "was given a function. Give it `shape`"),
    ],
)
def test_a_value_is_no_function_and_a_function_no_value(id, answer, words):
    assert words in text_of(answer, id)


# ---- known mistakes -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (lambda x: 2 * x, "doubles"),
        (lambda x: x + x + 1e-13, "doubles"),
        (lambda x: np.where(x == 8, 4, x + x), "doubles all but 8"),
        (lambda x: np.floor(x / 2), "divides whole numbers"),
        (lambda x: np.float32(2 * x), None),
        (lambda x: np.where(x == 1, 0, x * 2), None),
    ],
)
def test_a_mistake_is_recognised_by_all_its_results(answer, name):
    assert check("practice/halve", answer).mistake == name


def test_a_mistake_is_recognised_by_what_it_leaves_of_its_argument():
    def add_to_itself(x):
        x += x

    def half_of_the_way(x):
        x *= 0.75

    assert check("practice/in-place", add_to_itself).mistake == "doubles it"
    assert check("practice/in-place", lambda x: print()).mistake == "leaves it"
    assert check("practice/in-place", half_of_the_way).mistake is None


def test_a_value_can_be_a_known_mistake():
    text = text_of((2, 3), "practice/shape")
    assert "This looks like a known mistake: turns it.\n\nTurn." in text


# ---- around it ----------------------------------------------------------------------


def test_an_unknown_id_names_those_that_are_near():
    with pytest.raises(ValueError, match="Close to it: practice/halve") as told:
        check("practice/halv", None)
    assert "The chapter has practice/halve, practice/in-place" in str(told.value)
    with pytest.raises(ValueError, match=r"Chapters with one: .*practice"):
        hint("no-such-chapter/halve")
    with pytest.raises(TypeError, match="expected the exercise as"):
        solution(3)


def test_output_and_warnings_are_as_before():
    before = sys.stdout, warnings.filters.copy(), warnings.showwarning
    check("practice/halve", lambda x: print(x) or x)
    assert (sys.stdout, warnings.filters, warnings.showwarning) == before


def test_hints_come_one_at_a_time_and_start_over():
    shown = [repr(hint("practice/in-place")) for _ in range(3)]
    assert shown[0] == shown[2] == "Hint 1 of 2: Think."
    assert shown[1].startswith("Hint 2 of 2: Write `x`.\n\nThis was the last hint;")


def test_help_is_markdown_and_text():
    shown = solution("practice/halve")
    code = "```python\ndef halve(x):\n    return x / 2\n```\n\nThe comment."
    assert shown._repr_markdown_() == f"**Solution**\n\n{code}"
    assert repr(shown) == f"Solution:\n\n{code}"
    assert "shape = (3, 2)" in repr(solution("practice/shape"))


def test_the_machine_is_light_to_import():
    heavy = "{'matplotlib', 'anywidget', 'ipywidgets', 'nnlib.exercises.activations'}"
    code = f"import sys, nnlib.exercises; print({heavy} & set(sys.modules))"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert told.stdout == "set()\n"
    assert set(nnlib.exercises.__all__) >= {"check", "hint", "progress", "question"}
