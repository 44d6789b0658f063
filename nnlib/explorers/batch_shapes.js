import { explorer, readout, stroke, text } from "./draw.js";

const count = (n) => (n === null ? "not counted" : n.toLocaleString("en-US"));
const shapeText = (shape) => (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`);
const INNER = ["Z₁", "A₁", "Z₂", "A₂", "Z₃", "P"];

/** The length of a side that stands for n numbers: on a logarithmic scale. */
const side = (n, scale) => scale * (6 + 4.6 * Math.log2(n));

function render({ model, el }) {
  const view = explorer({ model, el });
  const { batches, runs } = model.get("data");
  const last = runs[0].length - 1;
  const steps = runs[0].map((_, i) => i);

  view.slider("batch", { label: "Samples in a batch, B", values: batches, text: String, wide: true });
  view.slider("step", {
    label: "Operation", values: steps, wide: true, buttons: true,
    text: (i) => `${i + 1} of ${last + 1}, ${runs[0][i].name}`,
  });

  let columns;
  view.drag((px, py) => {
    if (py > columns.bottom) return;
    const at = Math.floor((px - columns.left) / columns.wide) - 1;
    view.set("step", Math.min(last, Math.max(0, at)));
  }, "nn-pick");

  return view.start((width) => {
    const batch = view.get("batch");
    const run = runs[batches.indexOf(batch)];
    const step = view.get("step");
    const op = run[step];
    const wide = (width - 8) / (run.length + 1);
    const scale = Math.min(1, (wide - 7) / side(784, 1));
    const half = side(1024, scale) / 2;
    const middle = 38 + half;
    const low = middle + half;
    columns = { left: 4, wide, bottom: low + 52 };

    /** A table of numbers around (x, y): its name above it, its shape below. */
    function table(x, y, shape, colour, scale, chosen, above, below) {
      const [high, across] = shape.length === 1 ? [side(1, scale), side(shape[0], scale)] : shape.map((n) => side(n, scale));
      const tint = `color-mix(in srgb,var(--nn-${colour}) ${chosen ? 45 : 15}%,var(--nn-paper))`;
      return (
        `<rect x="${x - across / 2}" y="${y - high / 2}" width="${across}" height="${high}" ` +
        `style="fill:${tint};stroke:var(--nn-${chosen ? "ink" : "muted"});stroke-width:${chosen ? 2 : 1}"/>` +
        text(x, above[1], above[0], "middle", 'class="nn-cell"') + text(x, below[1], below[0], "middle", 'class="nn-cell"')
      );
    }
    const arrow = (x, y, long, chosen) =>
      `<path d="M${x - long / 2} ${y}h${long}m-4 -4l4 4l-4 4" ${stroke(chosen ? "ink" : "muted", "", chosen ? 2.5 : 1)}/>`;

    // All tables of the pass in one row.
    let svg = `<rect class="nn-area" x="4" y="20" width="${width - 8}" height="${low + 30}" style="fill:none"/>` +
      text(4, 14, "sides are as long as log₂ of the sizes", "start", 'class="nn-tick"');
    [run[0].into, ...run.map(({ out }) => out)].forEach((shape, i) => {
      const x = columns.left + wide * (i + 0.5);
      svg += table(x, middle, shape, "blue", scale, i === step + 1, [i === 0 ? "X" : INNER[i - 1], 34], [shape[1], low + 15]);
      if (i > 0) svg += arrow(x - wide / 2, low + 26, Math.min(wide * 0.5, 26), i === step + 1);
      if (i === step + 1) svg += text(x - wide / 2, low + 44, op.name, "middle", 'class="nn-cell"');
    });

    // The chosen operation with all that takes part in it.
    const top = low + 68;
    const parts = [
      [step === 0 ? "X" : INNER[step - 1], op.into, "blue"],
      ...(op.weight.length ? [[`W${"₁₂₃"[step / 2]}`, op.weight, "green"], [`b${"₁₂₃"[step / 2]}`, op.bias, "purple"]] : []),
      [INNER[step], op.out, "blue"],
    ];
    const room = (width - 8) / parts.length;
    // The same scale for all operations, or the buttons would move from step to step.
    const large = Math.min(1.5, ((width - 8) / 4 - 24) / side(784, 1));
    const tall = side(1024, large);
    const signs = op.weight.length ? ["@", "+", "="] : [op.name];
    parts.forEach(([name, shape, colour], i) => {
      const x = 4 + room * (i + 0.5);
      svg += table(x, top + 18 + tall / 2, shape, colour, large, i === parts.length - 1, [name, top + 10], [shapeText(shape), top + tall + 34]);
      if (i > 0 && signs.length > 1) svg += text(x - room / 2, top + 23 + tall / 2, signs[i - 1]);
      else if (i > 0) svg += text(x - room / 2, top + 8 + tall / 2, signs[0]) + arrow(x - room / 2, top + 18 + tall / 2, 40, true);
    });

    const soFar = (key) => count(run.slice(0, step + 1).reduce((sum, each) => sum + (each[key] ?? 0), 0));
    const sums = ["parameters", "flops", "numbers"].map((key) => [count(op[key]), soFar(key)]);
    const rows = [
      ["result", shapeText(op.out), ""], ["parameters", ...sums[0]],
      ["FLOPs", ...sums[1]], ["numbers in it", ...sums[2]],
    ];
    const from = [op.into, ...(op.weight.length ? [op.weight, op.bias] : [])].map(shapeText).join(" and ");
    const title = `Operation ${step + 1} of ${run.length}: ${op.name}`;
    return {
      height: top + tall + 44,
      svg,
      table: readout(title, ["what", "here", "so far"], rows),
      say: `${title} makes ${shapeText(op.out)} of ${from}; ${sums[0][0]} parameters, ${sums[1][0]} FLOPs`,
    };
  });
}

export default { render };
