"""Signatures of the library as one would write them, in its reference pages."""

import re

#: What a signature spells out -> what a person would say.
SPELLINGS = [
    (r"~?numpy\.ndarray\[~?tuple\[~?typing\.Any, \.\.\.\], "
     r"~?numpy\.dtype\[~?typing\.Any\]\]", "~numpy.ndarray"),
    (r"<class '(?:\w+\.)*(\w+)'>", r"\1"),
    (r"<function (\w+) at 0x\w+>", r"\1"),
]  # fmt: skip


def shorten(app, what, name, obj, options, signature, returns):
    """Respell the arguments and the result of one signature."""

    def respell(text):
        for pattern, spelling in SPELLINGS:
            text = re.sub(pattern, spelling, text or "")
        return text

    return respell(signature), respell(returns)


def setup(app):
    """Connect to Sphinx."""
    app.connect("autodoc-process-signature", shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
