"""What the tests of a chapter's exercises share: verdicts as a reader reads them."""

from nnlib.exercises import check


def said_of(id, answer):
    """Return the verdict on a wrong answer, as one line."""
    verdict = check(id, answer)
    assert not verdict
    return " ".join(repr(verdict).split())
