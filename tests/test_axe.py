"""The built book is usable by everyone, as far as axe-core can tell.

In a file of its own, so that another process can do the rest of the site meanwhile.
"""

from accessibility import HEIGHT, WIDE, faults_in


def test_axe_finds_nothing_on_any_page(browser, address, pages):
    faults = {}
    with browser.new_context(viewport={"width": WIDE, "height": HEIGHT}) as context:
        for name in pages:
            page = context.new_page()
            page.goto(f"{address}/{name}")
            faults[name] = faults_in(page)
            page.close()
    assert not {name: found for name, found in faults.items() if found}
