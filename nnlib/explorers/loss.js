import { explorer, fixed, format, nearestIndex, plot, readout, stroke, unpack } from "./draw.js";

const LOOKS = {
  MSE: ["blue", ""], MAE: ["orange", "7 4"], Huber: ["green", "2 4"],
  "BCE, y = 1": ["blue", ""], "BCE, y = 0": ["orange", "7 4"], "cross-entropy": ["green", "2 4"],
};

const TEXTS = { "cross-entropy": "cross-entropy (CE)" };

/** The same samples with a gap wherever they jump, as the slope of MAE does at 0. */
function broken(xs, ys) {
  const [x, y] = [[], []];
  ys.forEach((v, i) => {
    if (i > 0 && Math.abs(v - ys[i - 1]) > 0.5) {
      x.push(xs[i]);
      y.push(NaN);
    }
    x.push(xs[i]);
    y.push(v);
  });
  return [x, y];
}

function render({ model, el }) {
  const view = explorer({ model, el });
  const { x: xs, over, symbol, label, parameter, top, steepest, losses } = model.get("data");
  const { key, stops } = parameter;
  const tables = Object.fromEntries(Object.entries(losses).map(([name, rows]) => [name, unpack(rows)]));
  const gradient = `dL/d${symbol}`;

  view.checks("losses", {
    label: "Losses",
    options: Object.keys(losses).map((value) => ({ value, text: TEXTS[value], colour: LOOKS[value][0], dash: LOOKS[value][1] })),
  });
  view.slider(over, { label, values: xs, text: (v) => fixed(v, 1), wide: true });
  view.slider(key, { label: parameter.label, values: stops, text: String });

  let last;
  view.drag((px) => view.set(over, xs[nearestIndex(xs, last.invertX(px))]));

  return view.start((width) => {
    const shown = view.get("losses");
    const at = nearestIndex(xs, view.get(over));
    const stop = stops.indexOf(view.get(key));
    const inner = { left: 38, width: width - 38 - 12 };
    const [tall, low] = width > 520 ? [220, 200] : [180, 160];
    const xTicks = [-6, -4, -2, 0, 2, 4, 6].map((v) => [v, fixed(v, 0)]);
    const yTicks = (list) => list.map((v) => [v, fixed(v, list[1] % 1 ? 1 : 0)]);
    const upper = plot({
      box: { ...inner, top: 26, height: tall }, x: [-6, 6], y: [-top / 24, top],
      xTicks: xTicks.map(([v]) => [v, ""]), yTicks: yTicks([0, 2, 4, 6, 8, 10].filter((v) => v <= top)), yLabel: "loss L",
    });
    const lower = plot({
      box: { ...inner, top: tall + 62, height: low }, x: [-6, 6], y: [-1.08 * steepest, 1.08 * steepest],
      xTicks, yTicks: yTicks([-1, -0.5, 0, 0.5, 1].map((part) => part * steepest)),
      yLabel: `gradient ${gradient}`, xLabel: over === "error" ? "error e" : "logit z",
    });
    last = upper;
    let [curves, slopes, dots] = ["", "", ""];
    const rows = [];
    const read = shown.map((name) => tables[name][tables[name].length > 1 ? stop : 0]);
    // Where a later dot covers an earlier one, the earlier is larger, and seen around it.
    const radius = (i, row) => 4.5 + 3 * read.slice(i + 1).filter((later) => later[row][at] === read[i][row][at]).length;
    for (const [i, name] of shown.entries()) {
      const [loss, slope, p] = read[i];
      const [colour, dash] = LOOKS[name];
      curves += upper.curve(xs, loss, stroke(colour, dash, 2.5));
      slopes += lower.curve(...broken(xs, slope), stroke(colour, dash, 2.5));
      if (loss[at] <= top) dots += upper.dot(xs[at], loss[at], colour, radius(i, 0));
      if (Math.abs(slope[at]) <= steepest) dots += lower.dot(xs[at], slope[at], colour, radius(i, 1));
      rows.push([name === "cross-entropy" ? "CE" : name, ...(p ? [format(p[at])] : []), format(loss[at]), format(slope[at])]);
    }
    const where = `At ${symbol} = ${fixed(xs[at], 1)}, with ${key === "delta" ? "δ" : "K"} = ${stops[stop]}`;
    const columns = ["loss", ...(over === "logit" ? ["p"] : []), "L", gradient];
    return {
      height: tall + low + 102,
      svg:
        upper.axes() + lower.axes() + upper.clip(curves) + lower.clip(slopes) +
        upper.upright(xs[at], true) + lower.upright(xs[at]) + dots,
      table: readout(where, columns, rows),
      say: `${where}. ${rows.map((row) => `${row[0]}: loss ${row.at(-2)}, gradient ${row.at(-1)}`).join("; ")}`,
    };
  });
}

export default { render };
