// What is wider than the page scrolls in its own box: code, formulas, figures, tables.
// Such a box must be a stop of the keyboard, and one that has nothing to scroll must
// not; which is which only the browser knows. (The theme looks after code alone, and
// late after a change of width.)
document.addEventListener("DOMContentLoaded", () => {
  const update = (box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  const observer = new ResizeObserver((entries) =>
    entries.forEach((entry) => update(entry.target)),
  );
  document
    .querySelectorAll(
      "pre, .katex-display, .nn-figure, .pst-scrollable-table-container",
    )
    .forEach((box) => observer.observe(box));
});
