import { explorer, fixed, format, nearestIndex, plot, readout, stroke, text } from "./draw.js";

const LOOKS = [["blue", "10 3 2 3", 2.5], ["orange", "7 4", 2.5], ["purple", "2 4", 2.5], ["green", "", 7]];
/** A scale on which 0 has a place and 1000 too. */
const narrowed = (v) => Math.log10(1 + v);

function render({ model, el }) {
  const view = explorer({ model, el });
  const { gaps, spellings, right, found } = model.get("data");
  const places = gaps.map(narrowed);
  // Held at 1e−9 or above, in a name that leaves room for the numbers on a phone.
  const names = spellings.map((name) => name.replace("max(p, 1e-9)", "p ≥ 1e-9").replace("-", "−"));

  view.select("target", {
    label: "The right class has", options: [["behind", "the logit 0"], ["ahead", "the logit gap"]],
  });
  view.select("precision", { label: "Computed in", options: Object.keys(found.behind).map((name) => [name, name]) });
  view.slider("gap", { label: "Gap: the logits are (gap, 0)", values: gaps, text: String, wide: true });

  let last;
  view.drag((px) => view.set("gap", gaps[nearestIndex(places, last.invertX(px))]));

  return view.start((width) => {
    const [target, precision] = [view.get("target"), view.get("precision")];
    const at = gaps.indexOf(view.get("gap"));
    const tables = found[target][precision].map(({ loss, slope, words }) => ({
      loss: loss.map(Number), slope: slope.map(Number), words,
    }));
    const behind = target === "behind";
    const scale = behind ? narrowed : (v) => v;
    const ticks = [0, 1, 10, 100, 1000].map((v) => [narrowed(v), String(v)]);
    const inner = { left: 44, width: width - 44 - 16 };
    const [tall, low] = width > 520 ? [230, 130] : [190, 110];
    const start = 20 + 18 * spellings.length;
    const x = [0, narrowed(1000)];
    const upper = plot({
      box: { ...inner, top: start + 22, height: tall }, x, y: behind ? [-0.1, 3.1] : [-0.03, 0.75],
      xTicks: ticks.map(([v]) => [v, ""]), yLabel: behind ? "loss L, as log(1 + L)" : "loss L",
      yTicks: behind ? ticks : [0, 0.2, 0.4, 0.6].map((v) => [v, fixed(v, 1)]),
    });
    const lower = plot({
      box: { ...inner, top: start + tall + 58, height: low }, x, y: [-1.08, 0.08], xTicks: ticks,
      yTicks: [-1, -0.5, 0].map((v) => [v, fixed(v, 1)]), yLabel: "slope dL/dz of the right class", xLabel: "gap, as log(1 + gap)",
    });
    last = upper;
    let [losses, slopes, dots, ends] = ["", "", "", ""];
    const labels = [...names];
    // The right one lies below the others, and is wider; the naive one, most like it, on top.
    for (const i of [3, 1, 2, 0]) {
      const { loss, slope, words } = tables[i];
      const style = stroke(...LOOKS[i]);
      const y = loss.map(scale);
      losses += upper.curve(places, y, style);
      slopes += lower.curve(places, slope, style);
      dots += upper.dot(places[at], y[at], LOOKS[i][0]) + lower.dot(places[at], slope[at], LOOKS[i][0]);
      const end = loss.findIndex((v) => !Number.isFinite(v));
      if (end < 0) continue;
      const mark = (area, v) => {
        const [px, py] = [area.X(places[end - 1]), area.Y(v)];
        return `<path d="M${px - 6} ${py - 6}l12 12m0 -12l-12 12" ${stroke("ink", "", 2.5)}/>`;
      };
      ends += mark(upper, y[end - 1]) + mark(lower, slope[end - 1]);
      labels[i] += `, ${words[end]} by ${gaps[end]} (✕)`;
    }
    const rows = names.map((name, i) => {
      const { loss, slope, words } = tables[i];
      return [name, format(loss[at]).replace("–", "NaN"), format(slope[at]).replace("–", "NaN"), words[at]];
    });
    const [loss, slope] = [0, 1].map((i) => format(Number(right[target][i][at])));
    const where = `Logits (${gaps[at]}, 0), class ${behind ? 1 : 0} is right. On paper L = ${loss}, p − y = ${slope}`;
    return {
      height: start + tall + low + 98,
      svg:
        labels.map((label, i) => {
          const y = 14 + 18 * i;
          return `<path d="M${inner.left} ${y - 4}h36" ${stroke(...LOOKS[i])}/>` + text(inner.left + 44, y, label, "start");
        }).join("") +
        upper.axes() + lower.axes() + upper.clip(losses) + lower.clip(slopes) +
        upper.upright(places[at], true) + lower.upright(places[at]) + dots + ends,
      table: readout(where, ["spelling", "L", "slope", "verdict"], rows),
      say: `${where}. ${rows.map(([name, l, s, word]) => `${name}: loss ${l}, slope ${s}, ${word}`).join("; ")}`,
    };
  });
}

export default { render };
