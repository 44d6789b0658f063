"""The scripts and the style of the explorers, put together from their files.

Every explorer is one ES module, which imports from ``draw.js`` and exports a default
object with ``render``. A notebook loads one module at a time, by itself; a page of the
book loads one classic script that holds those it shows, because from disk a browser
refuses modules. Both are made here, by joining texts, without a bundler.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from nnlib.explorers.style import css_variables

__all__ = ["explorer_names", "module_script", "page_script", "style_sheet"]

FOLDER = Path(__file__).parent
#: Files that serve the others and are no explorers themselves.
SHARED, PAGE = "draw", "page"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./draw\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=const|function|class)", re.MULTILINE)
COMMENT = re.compile(r"^ *//[^\n]*\n|^ */\*\*.*?\*/\n", re.MULTILINE | re.DOTALL)
DEFAULT = "export default "


def explorer_names() -> list[str]:
    """Return the names of all explorers, in alphabetical order."""
    names = {path.stem for path in FOLDER.glob("*.js")}
    return sorted(names - {SHARED, PAGE})


def module_script(name: str) -> str:
    """Return explorer `name` as one ES module that imports nothing."""
    return EXPORT.sub("", _read(SHARED)) + IMPORT.sub("", _read(name))


def page_script(names: Iterable[str]) -> str:
    """Return explorers, and what starts them in a page, as one classic script."""
    modules = "".join(
        f'"{name}": (() => {{\n{_as_function_body(name)}}})(),\n' for name in names
    )
    shared = EXPORT.sub("", _read(SHARED))
    return _without_comments(
        f'(() => {{\n"use strict";\n{shared}\n'
        f"const EXPLORERS = {{\n{modules}}};\n{_read(PAGE)}}})();\n"
    )


def style_sheet(*, palette: bool) -> str:
    """Return the style of all explorers, with the palette's colours or without."""
    sheet = (FOLDER / "explorers.css").read_text("utf-8")
    return css_variables() + sheet if palette else sheet


def _as_function_body(name: str) -> str:
    """Return the module's text as the body of a function that returns its export."""
    text = IMPORT.sub("", _read(name))
    if text.count(DEFAULT) != 1 or "\nimport " in f"\n{text}":
        raise ValueError(
            f"{name}.js: expected imports from ./draw.js alone and one default export"
        )
    return text.replace(DEFAULT, "return ")


def _without_comments(script: str) -> str:
    """Return a script without the lines that are comments, and without indentation."""
    lines = (line.strip() for line in COMMENT.sub("", script).splitlines())
    return "".join(f"{line}\n" for line in lines if line)


def _read(name: str) -> str:
    return (FOLDER / f"{name}.js").read_text("utf-8")
