import { explorer, heading, readout, stroke, text, tile } from "./draw.js";

/** Read a shape as people type it, (64, 784), 64x784, (10,) or (); or undefined. */
function readShape(text) {
  const plain = text.trim().replace(/^[([]|[)\]]$/g, "").replace(/,\s*$/, "").trim();
  if (plain === "" && /^[([]\s*[)\]]$/.test(text.trim())) return [];
  const parts = plain.split(/\s*[,x×*]\s*|\s+/);
  return parts.every((part) => /^\d+$/.test(part)) ? parts.map(Number) : undefined;
}

const writeShape = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
function count(shape) {
  const numbers = shape.reduce((x, y) => x * y, 1);
  return numbers < 1e15 ? numbers.toLocaleString("en") : "over 10¹⁵";
}
const isMatched = ({ a, b }) => (a?.size ?? 1) === (b?.size ?? 1);

/** Two axes that must be equal, of which one may also be 1 or missing. */
function broadcast(a, b) {
  const [x, y] = [a?.size ?? 1, b?.size ?? 1];
  const fit = x === y ? "equal" : x === 1 || y === 1 ? "stretched" : "different";
  return { a, b, fit, size: x === 1 ? y : x };
}

/**
 * Align two shapes as the operation does: columns of { a, b, fit, size }, with the size
 * of the result where it keeps the axis; the result's shape, or undefined; and why.
 */
function combine(first, second, operation) {
  const [a, b] = [["a", first], ["b", second]].map(([name, shape]) =>
    shape.map((size, axis) => ({ name, axis, size })));
  const columns = [];
  let inner;
  if (operation === "@" && a.length && b.length) {
    inner = { a: a.pop(), b: b.splice(b.length > 1 ? -2 : -1, 1)[0] };
    inner.fit = isMatched(inner) ? "equal" : "different";
    if (a.length) columns.push({ a: a.at(-1), fit: "kept", size: a.pop().size });
    columns.push(inner);
    if (b.length) columns.push({ b: b.at(-1), fit: "kept", size: b.pop().size });
  }
  const count = Math.max(a.length, b.length);
  for (let i = 1; i <= count; i += 1) columns.unshift(broadcast(a.at(-i), b.at(-i)));
  const result = columns.filter(({ size }) => size !== undefined).map(({ size }) => size);

  if (operation === "@" && !inner) {
    const name = first.length ? "b" : "a";
    const kept = [...a.map((axis) => ({ a: axis, fit: "kept" })), ...b.map((axis) => ({ b: axis, fit: "kept" }))];
    return { columns: kept, why: `${name} has no axes: a matrix product needs at least one in each` };
  }
  const differ = (column) => ["a", "b"].map((name) =>
    `axis ${column[name].axis} of ${name} is ${column[name].size}`).join(", ").replace(/^a/, "A");
  if (inner && inner.fit === "different") return {
    columns,
    why: `${differ(inner)}: the inner sizes of a matrix product must be equal`,
  };
  const wrong = columns.findLast(({ fit }) => fit === "different");
  if (wrong) return {
    columns,
    why: `${differ(wrong)}: ${inner ? "sizes before the matrices" : "aligned sizes"} must be equal, or one of them 1`,
  };
  const stretched = columns.some(({ fit }) => fit === "stretched");
  const why = inner
    ? `The inner sizes are both ${inner.a.size} and vanish${stretched ? "; before the matrices, what is 1 or missing is stretched" : ""}`
    : stretched ? "What is 1 or missing is stretched to the size of the other" : "All aligned sizes are equal";
  return { columns, result, why };
}

function render({ model, el }) {
  const view = explorer({ model, el });
  const most = model.get("data");
  view.field("a", { label: "Shape of a", size: 14 });
  view.select("operation", {
    label: "Operation", options: [["@", "a @ b, matrix product"], ["+", "a + b, entry by entry"]],
  });
  view.field("b", { label: "Shape of b", size: 14 });

  /** What keeps a text from being a shape that can be drawn, or nothing. */
  function fault(name, shape) {
    if (!shape) return `${name} is not a shape yet: write sizes with commas, such as (64, 784), or () for a single number`;
    if (shape.length > most.axes) return `${name} has ${shape.length} axes; there is room for ${most.axes}`;
    if (shape.some((size) => size > most.size)) return `${name} has an axis of more than ${most.size}, which is too long to draw`;
    return "";
  }

  return view.start((width) => {
    const [a, b, operation] = [readShape(view.get("a")), readShape(view.get("b")), view.get("operation")];
    const faults = [fault("a", a), fault("b", b)];
    const unread = faults.filter(Boolean).join("; ");
    const { columns, result, why } = unread ? { columns: [], why: unread } : combine(a, b, operation);
    const [left, high, gap, top] = [56, 42, 30, 4];
    const wide = Math.min(92, (width - left - 2) / Math.max(4, columns.length));
    const below = top + 2 * high + gap + 34;
    const names = ["a", "b", `a ${operation} b`];
    let marks = names.map((name, i) =>
      heading(0, [top, top + high + gap, below][i] + 19, name)).join("");
    const LOOKS = {
      equal: { tint: ["green", 30], edge: "green", thick: 2 }, kept: {},
      stretched: { tint: ["blue", 22], edge: "blue", thick: 2, dash: "5 3" },
      different: { tint: ["orange", 34], edge: "orange", thick: 3 },
    };
    let place = 0; // in the result
    columns.forEach(({ a: above, b: under, fit, size }, i) => {
      const x = left + i * wide;
      const middle = x + wide / 2;
      const box = (axis, y) => {
        const stretches = fit === "stretched" && (axis?.size ?? 1) === 1;
        const look = fit === "stretched" && !stretches ? {} : LOOKS[fit];
        if (axis) return tile(x, y, wide, high - 14, String(axis.size), look) + text(middle, y + high - 1, `axis ${axis.axis}`, "middle", 'class="nn-tick"', wide - 4);
        return fit === "kept" ? "" : tile(x, y, wide, high - 14, "none", { ...look, dash: "2 4", look: "nn-tick" });
      };
      marks += box(above, top) + box(under, top + high + gap);
      const sign = { equal: "=", different: "≠", stretched: `1 → ${size}`, kept: "" }[fit];
      marks += text(middle, top + high + gap - 10, sign, "middle", fit === "different" ? 'class="nn-ylabel"' : "", wide - 8);
      if (size === undefined || !result) return;
      marks += tile(x, below, wide, high - 14, String(size), { edge: "ink", thick: 2 }) +
        text(middle, below + high - 1, `axis ${place}`, "middle", 'class="nn-tick"', wide - 4);
      place += 1;
    });
    marks += `<path d="M0 ${below - 14}H${width}" ${stroke("grid", "", 1)}/>`;
    const note = (y, string) => text(left, y + 19, string, "start");
    if (!result) marks += note(below, unread ? "not known yet" : "they do not fit");
    else if (!result.length) marks += note(below, "a single number");
    [a, b].forEach((shape, i) => {
      const y = top + i * (high + gap);
      if (faults[i]) marks += note(y, shape ? "too large to draw" : "not a shape yet");
      else if (shape.length === 0 && (operation === "@" || !columns.length)) marks += note(y, "a single number, no axes");
      else if (unread) marks += note(y, writeShape(shape));
    });
    const row = (name, shape, otherwise) => shape
      ? [name, writeShape(shape), count(shape)]
      : [name, otherwise, "–"];
    const rows = [a, b].map((shape, i) => row(names[i], faults[i] ? undefined : shape, "not read"));
    rows.push(row(names[2], result, "none"));
    return {
      height: below + high + 8,
      svg: marks,
      table: readout(why, ["array", "shape", "numbers in it"], rows),
      say: result ? `${names[2]} has the shape ${writeShape(result)}. ${why}` : why,
    };
  });
}

export default { render };
