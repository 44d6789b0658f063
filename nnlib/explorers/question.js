import { escapeText, frame, html } from "./draw.js";

const NOT_NUMBER = "This needs a number, such as 0.5, 1e-3 or 1/4.";
const NOT_SHAPE = "This needs a shape, such as (64, 10), or (10,) with one dimension.";

/** Put words between backticks into code, and the rest into text. */
function prose(text) {
  return escapeText(text).replace(/`([^`]*)`/g, "<code>$1</code>");
}

/** Read a number as people type it: 0.25, 0,25, −3, 1e-3, 25%, 1/4, 109,386. */
function readNumber(text) {
  let plain = text.trim().replaceAll("−", "-").replace(/\s/g, "").replace(/^≈/, "");
  plain = /^-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/.test(plain)
    ? plain.replaceAll(",", "")
    : plain.replace(",", ".");
  const percent = plain.endsWith("%");
  const parts = (percent ? plain.slice(0, -1) : plain).split("/");
  const numbers = parts.map((part) => (part === "" ? NaN : Number(part)));
  const value = numbers.length > 2 ? NaN : numbers.reduce((a, b) => a / b);
  return Number.isFinite(value) ? (percent ? value / 100 : value) : undefined;
}

/** Read a shape: (64, 10), 64 x 10, [64,10], (10,). */
function readShape(text) {
  const plain = text.trim().replace(/^[([]|[)\]]$/g, "").replace(/,\s*$/, "").trim();
  if (plain === "" && /^\(\s*\)$/.test(text.trim())) return [];
  const parts = plain.split(/\s*[,x×*]\s*|\s+/);
  return parts.every((part) => /^\d+$/.test(part)) ? parts.map(Number) : undefined;
}

/** What is said to an answer: [whether it is right, in which words]. */
function judge({ kind, answer, within, why, wrong, otherwise }, given) {
  const same = (a, b, room) =>
    kind === "number" ? Math.abs(a - b) <= room + 1e-12 * Math.abs(b) : String(a) === String(b);
  if (same(given, answer, within)) return [true, why];
  // A measured number may be rounded; of a count the next one has another reason.
  const room = (other) => (Number.isInteger(other) ? 0 : Math.abs(other) * 5e-3);
  const far = (other) => (kind === "number" ? Math.abs(given - other) : 0);
  const [foreseen] = wrong.filter(([other]) => same(given, other, room(other)))
    .sort(([a], [b]) => far(a) - far(b));
  return [false, foreseen ? foreseen[1] : otherwise];
}

function render({ model, el }) {
  const data = model.get("data");
  const form = html("form", { class: "nn-question", novalidate: true });
  const { id } = frame({ model, el }, form);
  const group = html("fieldset", {});
  const legend = html("legend", {});
  legend.innerHTML = prose(model.get("alt"));
  group.append(legend);
  const name = `${id}-answer`;
  let read;
  if (data.kind === "choice") {
    for (const choice of data.choices) {
      const words = html("span", {});
      words.innerHTML = prose(choice);
      const radio = html("input", { type: "radio", name, value: choice });
      group.append(html("label", { class: "nn-choice" }, radio, words));
    }
    read = () => form.elements[name].value || undefined;
  } else {
    const label = data.kind === "shape" ? "Shape" : "Number";
    const box = html("input", { type: "text", name, autocomplete: "off", spellcheck: "false" });
    group.append(html("label", { class: "nn-entry" }, html("span", {}, label), box));
    read = () => (data.kind === "shape" ? readShape : readNumber)(box.value);
  }
  const verdict = html("p", { class: "nn-verdict", role: "status" });
  form.append(group, html("button", { type: "submit", class: "nn-button" }, "Check"), verdict);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = read();
    const missing = { choice: "Choose one of them.", shape: NOT_SHAPE, number: NOT_NUMBER };
    const [right, words] = given === undefined ? [false, missing[data.kind]] : judge(data, given);
    const opening = given === undefined ? "" : right ? "Correct. " : "Not yet. ";
    form.dataset.verdict = given === undefined ? "unread" : right ? "correct" : "not-yet";
    // The same words twice would not be read out again.
    verdict.textContent = "";
    setTimeout(() => { verdict.innerHTML = `<strong>${opening}</strong>${prose(words)}`; });
  });
  form.addEventListener("input", () => {
    delete form.dataset.verdict;
    verdict.textContent = "";
  });
}

export default { render };
