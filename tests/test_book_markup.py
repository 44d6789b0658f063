"""Lean markup: shorter pages that look the same."""

import re

import book_accessibility
import book_breaks
import book_markup
from book_offline import Typesetter
from docutils import nodes

OPTIONS = {"throwOnError": True, "strict": "error", "displayMode": True}


def formula(latex):
    typesetter = Typesetter()
    try:
        return typesetter.render(latex, OPTIONS)
    finally:
        typesetter.close()


def text_of(html):
    return re.sub(r"<[^>]*>", "", html)


def test_a_lean_formula_has_the_text_of_the_full_one_but_not_its_source():
    full = formula(r"\frac{a}{b} + x_1")
    source = re.search(r"<annotation.*</annotation>", full)[0]
    lean = book_markup.lean_formula(full)
    assert text_of(lean) == text_of(full.replace(source, ""))
    assert len(lean) < 0.8 * len(full)


def test_a_lean_formula_keeps_what_a_screen_reader_reads():
    lean = book_markup.lean_formula(formula("x^2"))
    assert (
        '<math display="block"><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>'
        in lean
    )
    assert 'class="katex-html" aria-hidden="true"' in lean


def test_every_class_of_a_lean_formula_has_a_rule():
    lean = book_markup.lean_formula(formula(r"\sqrt{x_1} \mathbf{W} \tag{1.2}"))
    used = {
        name for names in re.findall('class="([^"]*)"', lean) for name in names.split()
    }
    ruled = set(re.findall(r"\.([A-Za-z][\w-]*)", book_markup.lean_sheet()))
    assert used <= ruled
    assert {"katex", "katex-html", "tag"} <= used


def test_the_lean_sheet_has_every_rule_and_every_font_of_the_full_one():
    full, lean = book_markup.STYLE_SHEET.read_text("utf-8"), book_markup.lean_sheet()
    assert lean.count("{") == full.count("{")
    assert re.findall(r"url\([^)]*\)", lean) == re.findall(r"url\([^)]*\)", full)
    short = book_markup.short_names()
    assert len(set(short.values())) == len(short)


def test_equal_styles_become_one_class_with_one_rule():
    body, css = book_markup.lean_page(
        '<span class="a" style="top:1em;">x</span><g style="top:1em"><path d="M0"/></g>'
    )
    assert body == '<span class="a _0">x</span><g class=_0><path d="M0"/></g>'
    assert css == "._0{top:1em!important}"


def test_two_declarations_stay_two():
    _, css = book_markup.lean_page('<span style="top:1em;left:2em;">x</span>')
    assert css == "._0{top:1em!important;left:2em!important}"


def test_words_of_code_that_have_the_text_colour_need_no_element():
    body, _ = book_markup.lean_page('<span class="k">if</span><span class="n">x</span>')
    assert body == "<span class=k>if</span>x"


def test_operators_and_numbers_need_no_element_and_a_word_that_is_one_keeps_its_own():
    code = (
        '<span class="mi">2</span><span class="o">*</span><span class="ow">not</span>'
    )
    assert book_markup.lean_page(code)[0] == "2*<span class=ow>not</span>"


def test_mathml_that_is_read_aloud_says_nothing_of_its_looks():
    full = formula(r"\left( \begin{aligned} \hat{m} &= \tfrac12 \end{aligned} \right)")
    lean = book_markup.lean_formula(full)
    assert "displaystyle" in full
    assert "columnalign" in full
    assert not re.search("displaystyle|scriptlevel|columnalign|fence|stretchy", lean)


def test_only_short_names_that_stand_alone_lose_their_quotes():
    code = '<span class="nn-a"><span class="k1f">x</span><p class="k7 _2">y</p></span>'
    assert book_markup.lean_page(code)[0] == code.replace('"k1f"', "k1f")


def test_these_words_have_the_colour_of_plain_code_in_light_and_in_dark(site):
    css = (site / "_static" / "pygments.css").read_text("utf-8")
    for scheme in ("light", "dark"):
        rule = rf'data-theme="{scheme}"\] \.highlight ?(\.\w+)? {{([^}}]*)}}'
        colours = {
            name: re.search(r"(?<!-)color: (#\w+)", declarations)
            for name, declarations in re.findall(rule, css)
        }
        plain = colours[""][1]
        for name in book_markup.NEUTRAL:
            found = colours.get(f".{name}")
            assert found is None or found[1] == plain, (scheme, name)


def test_a_formula_that_heads_a_column_has_a_name():
    lean = book_markup.lean_formula(formula("x^2"))
    context = {"body": f'<th class="head"><p>{lean}</p></th><td>{lean}</td>'}
    book_accessibility.name_formula_heads(None, "", "", context, None)
    head, cell = context["body"].split("</th>")
    assert '<span class="katex-mathml" role="math" aria-label="x2"><math' in head
    assert "aria-label" not in cell


def paragraph(*children):
    return nodes.paragraph("", "", *children)


def test_punctuation_is_cut_from_the_text_beside_a_formula():
    line = paragraph(nodes.Text("at ("), nodes.math("x", "x"), nodes.Text("), so"))
    assert book_breaks.take(line, 0, book_breaks.BEFORE) == "("
    assert book_breaks.take(line, 2, book_breaks.AFTER) == "),"
    assert line.astext() == "at x so"


def test_words_and_the_ends_of_a_line_are_left_alone():
    line = paragraph(nodes.math("x", "x"), nodes.Text(" is"))
    assert book_breaks.take(line, -1, book_breaks.BEFORE) == ""
    assert book_breaks.take(line, 1, book_breaks.AFTER) == ""
    assert line.astext() == "x is"


def test_a_short_formula_and_its_comma_are_one_piece_in_the_page(site):
    page = (site / "book" / "activations.html").read_text("utf-8")
    pieces = re.findall('<span class="nn-whole">', page)
    assert len(pieces) > 50
