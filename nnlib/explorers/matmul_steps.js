import { explorer, format, plot, readout, stroke, tile, unpack } from "./draw.js";

/** A number in as few digits as say it: 2, −0.5, 1.333. */
const short = (v) => {
  const text = format(v);
  return text.includes("e") || !text.includes(".") ? text : text.replace(/\.?0+$/, "");
};
const bracketed = (v) => (v < 0 ? `(${short(v)})` : short(v));

function render({ model, el }) {
  const view = explorer({ model, el });
  const data = model.get("data");
  const [a, b] = [unpack(data.a), unpack(data.b)];
  const traces = {};
  for (const [order, indices] of Object.entries(data.indices)) {
    traces[order] = { indices, products: unpack(data.products[order]), sums: unpack(data.sums[order]) };
  }
  const [n, m, p] = [a.length, b.length, b[0].length];
  const total = n * m * p;
  const placeOf = ([, j, k]) => k * p + j; // of b[k, j] in row-major memory

  view.select("order", {
    label: "Order of the loops",
    options: [["i-j-k", "i-j-k: entry by entry"], ["i-k-j", "i-k-j: row by row"]],
  });
  view.slider("step", {
    label: "Step", values: Array.from({ length: total + 1 }, (_, s) => s), wide: true, buttons: true,
    text: (s) => `${s} of ${total}`,
  });
  let path;
  view.drag((px, py) => {
    if (py < path.top) return;
    view.set("step", Math.max(0, Math.min(total, Math.round(path.invertX(px)))));
  }, "nn-pick");

  return view.start((width) => {
    const [order, step] = [view.get("order"), view.get("step")];
    const { indices, products, sums } = traces[order];
    const now = step ? indices[step - 1] : undefined;
    const [i, j, k] = now ?? [-1, -1, -1];
    // What out holds, and how many products each entry has got.
    const out = Array.from({ length: n }, () => Array.from({ length: p }, () => ({ value: 0, before: 0, got: 0 })));
    for (let s = 0; s < step; s += 1) {
      const entry = out[indices[s][0]][indices[s][1]];
      [entry.before, entry.value] = [entry.value, sums[s]];
      entry.got += 1;
    }

    // b stands above out and a left of it: a row and a column meet in their entry.
    const gap = 28;
    const wide = Math.min(58, (width - gap - 2) / (m + p));
    const high = Math.min(32, wide);
    const start = Math.max(0, (width - gap - wide * (m + p)) / 2);
    const [right, lower] = [start + m * wide + gap, 24 + m * high + gap];
    const { text } = plot({ box: { left: 0, top: 0, width, height: 1 }, x: [0, 1], y: [0, 1] });
    const head = (x, y, string, anchor = "start") => text(x, y, string, anchor, 'class="nn-ylabel"');
    let marks = head(start, lower - 8, `a (${n}, ${m})`) + head(right, 16, `b (${m}, ${p})`) + head(right, lower - 8, "out");
    const table = (rows, x, y, look) => rows.forEach((row, r) => Array.from(row).forEach((value, c) => {
      marks += tile(x + c * wide, y + r * high, wide, high, short(value), look(r, c));
    }));
    const lit = (colour, here, along) =>
      here ? { tint: [colour, 50], edge: "ink", thick: 3 } : along ? { tint: [colour, 16] } : {};
    const byEntry = order === "i-j-k";
    table(a, start, lower, (r, c) => lit("blue", r === i && c === k, byEntry && r === i));
    table(b, right, 24, (r, c) => lit("purple", r === k && c === j, byEntry ? c === j : r === k));
    table(out.map((row) => row.map(({ value }) => value)), right, lower, (r, c) => {
      const done = out[r][c].got === m;
      const look = lit("green", r === i && c === j, !byEntry && r === i || done);
      return { ...look, dash: done || !out[r][c].got ? "" : "5 3", edge: look.edge ?? (done ? "green" : "muted"), look: out[r][c].got ? "nn-cell" : "nn-tick" };
    });

    // Which place of b is read at each step: done so far, and still to come.
    const top = lower + n * high + 46;
    const tall = 120;
    const places = indices.map(placeOf);
    const steps = places.map((_, s) => s + 1);
    const ticks = Array.from({ length: n + 1 }, (_, r) => r * m * p); // where a row begins
    const dots = total > 40 ? steps.slice(Math.max(0, step - 1), step) : steps.slice(0, step);
    path = plot({
      box: { left: 28, top, width: width - 28 - 14, height: tall }, x: [0, total], y: [-0.6, m * p - 0.4],
      xTicks: ticks.map((s) => [s, String(s)]), xLabel: "step",
      yTicks: Array.from({ length: m }, (_, r) => [r * p, String(r * p)]), yLabel: "the place in b’s memory that is read",
    });
    path.top = top - 20;
    marks += path.axes() + path.curve(steps, places, stroke("muted", "2 3", 1)) +
      path.curve(steps.slice(0, step), places.slice(0, step), stroke("purple", "", 2)) +
      dots.map((s) => path.dot(s, places[s - 1], "purple")).join("") + path.upright(step, true) +
      `<rect class="nn-area" x="28" y="${top}" width="${width - 42}" height="${tall}"/>`;

    const jumps = places.slice(1, step).map((place, s) => place - places[s]);
    const finished = out.flat().filter(({ got }) => got === m).length;
    const caption = now
      ? `${order}, step ${step} of ${total}: out[${i}, ${j}] += a[${i}, ${k}] * b[${k}, ${j}]`
      : `${order}, step 0 of ${total}: out is all zeros`;
    const sign = (v) => (v > 0 ? `+${v}` : String(v).replace("-", "−"));
    const rows = [];
    if (now) {
      const { before, value } = out[i][j];
      rows.push(["product", `${short(a[i][k])} * ${bracketed(b[k][j])} = ${short(products[step - 1])}`]);
      rows.push([`out[${i}, ${j}]`, `${short(before)} + ${bracketed(products[step - 1])} = ${short(value)}`]);
      rows.push([`place of b[${k}, ${j}]`, String(placeOf(now))]);
      rows.push(["jump in b’s memory", jumps.length ? sign(jumps.at(-1)) : "none yet"]);
    }
    rows.push(["jumps of +1", `${jumps.filter((by) => by === 1).length} of ${jumps.length}`]);
    rows.push(["entries finished", `${finished} of ${n * p}`]);
    return {
      height: top + tall + 40,
      svg: marks,
      table: readout(caption, ["what", "value"], rows),
      say: now ? `${caption}; ${rows[0][1]}, and the sum is ${short(out[i][j].value)}` : caption,
    };
  });
}

export default { render };
