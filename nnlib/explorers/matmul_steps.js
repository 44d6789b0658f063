import { bracketed, explorer, heading, plot, readout, short, stroke, tile, unpack } from "./draw.js";

function render({ model, el }) {
  const view = explorer({ model, el });
  const data = model.get("data");
  const [a, b] = [unpack(data.a), unpack(data.b)];
  const [A, B] = data.names;
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
    let marks = heading(start, lower - 8, `${A} (${n}, ${m})`) + heading(right, 16, `${B} (${m}, ${p})`) +
      heading(right, lower - 8, `out (${n}, ${p})`);
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
      yTicks: Array.from({ length: m }, (_, r) => [r * p, String(r * p)]), yLabel: `the place in ${B}’s memory`,
    });
    path.top = top - 20;
    marks += path.axes() + path.curve(steps, places, stroke("muted", "2 3", 1)) +
      path.curve(steps.slice(0, step), places.slice(0, step), stroke("purple", "", 2)) +
      dots.map((s) => path.dot(s, places[s - 1], "purple")).join("") + (now ? path.upright(step) : "") +
      `<rect class="nn-area" x="28" y="${top}" width="${width - 42}" height="${tall}"/>`;

    const jumps = places.slice(1, step).map((place, s) => place - places[s]);
    const finished = out.flat().filter(({ got }) => got === m).length;
    const caption = now
      ? `${order}, step ${step} of ${total}: out[${i}, ${j}] += ${A}[${i}, ${k}] * ${B}[${k}, ${j}]`
      : `${order}, step 0 of ${total}: out is all zeros`;
    const sign = (v) => (v > 0 ? `+${v}` : String(v).replace("-", "−"));
    // As many rows before the first step as after it, or the page would move.
    const rows = now
      ? [
        ["product", `${short(a[i][k])} * ${bracketed(b[k][j])} = ${short(products[step - 1])}`],
        [`out[${i}, ${j}]`, `${short(out[i][j].before)} + ${bracketed(products[step - 1])} = ${short(out[i][j].value)}`],
        [`place of ${B}[${k}, ${j}]`, String(placeOf(now))],
      ]
      : [["product", "none yet"], ["out", "all 0"], [`place in ${B}`, "none yet"]];
    rows.push(
      [`jump in ${B}’s memory`, jumps.length ? sign(jumps.at(-1)) : "none yet"],
      ["jumps of +1", `${jumps.filter((by) => by === 1).length} of ${jumps.length}`],
      ["entries finished", `${finished} of ${n * p}`],
    );
    return {
      height: top + tall + 40,
      svg: marks,
      table: readout(caption, ["what", "value"], rows),
      say: now ? `${caption}; ${rows[0][1]}, and the sum is ${short(out[i][j].value)}` : caption,
    };
  });
}

export default { render };
