import { explorer, fixed, format, nearestIndex, plot, readout, stroke, unpack } from "./draw.js";

const FLAT = 0.1;
const LOOKS = {
  Sigmoid: ["blue", ""], Tanh: ["orange", ""], ReLU: ["green", ""], GELU: ["purple", ""],
  ELU: ["blue", "7 4"], SiLU: ["orange", "7 4"], LeakyReLU: ["green", "7 4"],
  "GELU (tanh)": ["purple", "2 4"],
};

function render({ model, el }) {
  const view = explorer({ model, el });
  const { x: xs, functions } = model.get("data");
  const tables = {};
  for (const [name, { f, slope, ...rest }] of Object.entries(functions)) {
    tables[name] = { f: unpack(f), slope: unpack(slope), ...rest };
  }

  /** f and f′ at every sample. Where x > 0, a function with a parameter is ReLU. */
  function samples(name) {
    const { f, slope, parameter, stops } = tables[name];
    if (!parameter) return { f, slope };
    const row = nearestIndex(stops, view.get(parameter));
    const from = f[row].length;
    return {
      f: [...f[row], ...tables.ReLU.f.subarray(from)],
      slope: [...slope[row], ...tables.ReLU.slope.subarray(from)],
    };
  }

  const options = Object.keys(functions).map((value) => {
    const [colour, dash] = LOOKS[value];
    return { value, colour, dash };
  });
  view.checks("functions", { label: "Functions", options });
  view.slider("x", { label: "x", values: xs, text: (v) => fixed(v, 2), wide: true });
  for (const [name, { parameter, stops }] of Object.entries(tables)) {
    if (parameter) view.slider(parameter, {
      label: `${parameter} of ${name}`, values: stops, text: String,
    });
  }

  let last;
  view.drag((px) => view.set("x", xs[nearestIndex(xs, last.invertX(px))]));

  return view.start((width) => {
    const shown = view.get("functions");
    const at = nearestIndex(xs, view.get("x"));
    const wide = width > 520;
    const inner = { left: 38, width: width - 38 - 12 };
    const [tall, low] = wide ? [250, 150] : [190, 120];
    const high = 12 * Math.max(1, shown.length);
    const xTicks = [-6, -4, -2, 0, 2, 4, 6].map((v) => [v, fixed(v, 0)]);
    const yTicks = (list) => list.map((v) => [v, fixed(v, list[1] % 1 ? 1 : 0)]);
    const values = new Map(shown.map((name) => [name, samples(name)]));
    const steepest = Math.max(1.2, ...[...values.values()].map((v) => Math.max(...v.slope)));
    const upper = plot({
      box: { ...inner, top: 26, height: tall }, x: [-6, 6], y: [-2, 4],
      xTicks: xTicks.map(([v]) => [v, ""]), yTicks: yTicks([-2, -1, 0, 1, 2, 3, 4]), yLabel: "f(x)",
    });
    const lower = plot({
      box: { ...inner, top: tall + 58, height: low }, x: [-6, 6], y: [-0.3, steepest * 1.05],
      xTicks: xTicks.map(([v]) => [v, ""]), yTicks: yTicks([0, 0.5, 1, 1.5, 2].filter((v) => v <= steepest)),
      yLabel: "f′(x)",
    });
    const bars = plot({
      box: { ...inner, top: tall + low + 90, height: high },
      x: [-6, 6], y: [Math.max(1, shown.length), 0], xTicks, yLabel: "where |f′(x)| < 0.1", xLabel: "x",
    });
    last = upper;
    let [curves, slopes, flats, dots] = ["", "", "", ""];
    const rows = [];
    shown.forEach((name, i) => {
      const { f, slope } = values.get(name);
      const [colour, dash] = LOOKS[name];
      curves += upper.curve(xs, f, stroke(colour, dash, 2.5));
      slopes += lower.curve(xs, slope, stroke(colour, dash, 2.5));
      const flat = Array.from(slope, (v) => Math.abs(v) < FLAT);
      flats += bars.shade(xs, flat, `class="nn-flat" style="fill:var(--nn-${colour})"`, i + 0.85, i + 0.15);
      if (f[at] >= -2 && f[at] <= 4) dots += upper.dot(xs[at], f[at], colour);
      dots += lower.dot(xs[at], slope[at], colour);
      rows.push([name, format(f[at]), format(slope[at]), flat[at] ? "yes" : "no"]);
    });
    const where = `x = ${fixed(xs[at], 2)}`;
    return {
      height: tall + low + high + 132,
      svg:
        upper.axes() + lower.axes() + bars.axes() + upper.clip(curves) + lower.clip(slopes) + flats +
        upper.upright(xs[at], true) + lower.upright(xs[at]) + bars.upright(xs[at]) + dots,
      table: readout(`At ${where}`, ["function", "f(x)", "f′(x)", "|f′| < 0.1"], rows),
      say: `${where}. ${rows.map(([n, f, s]) => `${n} ${f}, derivative ${s}`).join("; ")}`,
    };
  });
}

export default { render };
