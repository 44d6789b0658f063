import { explorer, format, nearestIndex, plot, readout, stroke, text, unpack } from "./draw.js";

const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const power = (e) => (e === 0 ? "1" : `10${[...String(e)].map((c) => SUPERSCRIPT[c]).join("")}`);
const LOOKS = {
  "forward float64": ["blue", ""], "central float64": ["orange", ""],
  "forward float32": ["blue", "7 4"], "central float32": ["orange", "7 4"],
};
const LOWEST = -16; // An error of 0, which has no logarithm, is drawn there.

const scientific = (v, digits) => v.toExponential(digits).replace("-", "−").replace("e+", "e");
const error = (v) => (v === 0 ? "0" : scientific(v, 1).replace(/e0$/, ""));

function render({ model, el }) {
  const view = explorer({ model, el });
  const { steps, curves, functions } = model.get("data");
  const tables = Object.fromEntries(Object.entries(functions).map(([name, { quotients, errors, ...rest }]) =>
    [name, { quotients: unpack(quotients), errors: unpack(errors), ...rest }]));
  const logs = steps.map(Math.log10);

  view.select("function", {
    label: "Function", options: Object.entries(tables).map(([name, { x }]) => [name, `${name} at ${x}`.replace("-", "−")]),
  });
  view.checks("curves", {
    label: "Differences",
    options: curves.map((value) => ({ value, colour: LOOKS[value][0], dash: LOOKS[value][1] })),
  });
  view.slider("h", { label: "Step h", values: steps, text: (v) => scientific(v), wide: true });

  let last;
  view.drag((px) => view.set("h", steps[nearestIndex(logs, last.invertX(px))]));

  return view.start((width) => {
    const { quotients, errors, derivative, kink } = tables[view.get("function")];
    const shown = view.get("curves");
    const at = steps.indexOf(view.get("h"));
    const every = width > 520 ? 2 : 3;
    const xTicks = [];
    for (let e = -2; e >= -14; e -= every) xTicks.push([e, power(e)]);
    const height = width > 520 ? 300 : 250;
    last = plot({
      box: { left: 46, top: 28, width: width - 46 - 14, height }, x: [-14, -1], y: [LOWEST, 1],
      xTicks, yTicks: [0, -4, -8, -12, -16].map((e) => [e, power(e)]),
      yLabel: "relative error", xLabel: "step h",
    });
    let [lines, dots] = ["", ""];
    const rows = [];
    curves.forEach((name, i) => {
      if (!shown.includes(name)) return;
      const [colour, dash] = LOOKS[name];
      const values = Array.from(errors[i]);
      const y = values.map((v) => Math.max(Math.log10(v), LOWEST));
      const best = values.indexOf(Math.min(...values));
      lines += last.curve(logs, y, stroke(colour, dash, 2.5));
      dots += last.dot(logs[at], y[at], colour) +
        `<circle cx="${last.X(logs[best])}" cy="${last.Y(y[best])}" r="7" ${stroke(colour)}/>`;
      rows.push([name.replace(" float", " "), format(quotients[i][at]), error(values[at]), scientific(steps[best])]);
    });
    const where = kink && last.X(Math.log10(kink));
    const edge = where
      ? `<path d="M${where} 28V${28 + height}" ${stroke("muted", "2 4", 1.5)}/>` +
        text(where, 15, "kink", "middle", 'class="nn-tick nn-halo"')
      : "";
    const none = shown.length ? "" : "; choose a difference above";
    const title = `At h = ${scientific(steps[at])}; the derivative is ${format(derivative)}${none}`;
    return {
      height: height + 70,
      svg: last.axes() + edge + last.clip(lines) + last.upright(logs[at], true) + dots,
      table: readout(title, ["difference", "quotient", "error", "○ least at h"], rows),
      say: `${title}. ${rows.map(([name, , wrong]) => `${name}: error ${wrong}`).join("; ")}`,
    };
  });
}

export default { render };
