import { explorer, fixed, format, nearestIndex, plot, readout, short, stroke, unpack } from "./draw.js";

const SIGNS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NAMED = { 1: "1 (LeCun, Xavier)", 1.414: "√2 (He)", 1.667: "5/3" };
const SHARES = { ReLU: "at 0", Tanh: "saturated", Sigmoid: "saturated" };

const nameOf = (gain) => NAMED[Number(gain.toPrecision(4))] ?? String(gain);

/** Return a share as a percentage; none at all is told from next to none. */
function percent(share) {
  if (share > 0 && share < 0.0005) return "< 0.1%";
  return `${fixed(100 * share, share > 0 && share < 0.1 ? 1 : 0)}%`;
}

/** Return round numbers between two, as many as there is room for, with their texts. */
function roundTicks(from, to, room) {
  const rough = (to - from) / room;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = ten * [1, 2, 2.5, 5, 10].find((m) => m * ten >= rough);
  const ticks = [];
  for (let i = Math.ceil(from / step); i * step <= to; i += 1) {
    const v = Number((i * step).toPrecision(12));
    ticks.push([v, short(v).replace(/(\.\d*?)0*e/, "$1e").replace(".e", "e")]);
  }
  return ticks;
}

function render({ model, el }) {
  const view = explorer({ model, el });
  const { activations, gains, heights, ...packed } = model.get("data");
  const numbers = unpack(packed.numbers);
  const factors = unpack(packed.factors);
  const depth = numbers[0].length - 1;
  const layers = Array.from({ length: depth + 1 }, (_, i) => i);

  view.select("activation", {
    label: "After every linear layer",
    options: activations.map((name) => [name, name === "none" ? "nothing" : name]),
  });
  view.slider("gain", { label: "Gain of the weights", values: gains, text: nameOf });
  view.slider("layer", { label: "Read at layer", values: layers, text: String });

  let last;
  view.drag((px) => view.set("layer", Math.min(depth, Math.max(0, Math.round(last.invertX(px))))));

  return view.start((width) => {
    const activation = view.get("activation");
    const layer = view.get("layer");
    const row = activations.indexOf(activation) * gains.length + nearestIndex(gains, view.get("gain"));
    const shapes = heights[row].split(" ").map((line) =>
      Array.from(line, (sign) => SIGNS.indexOf(sign) / (SIGNS.length - 1)));
    const inner = { left: 30, width: width - 30 - 14 };
    const [tall, low] = width > 520 ? [210, 130] : [180, 110];
    const upper = plot({
      box: { ...inner, top: 26, height: tall }, x: [-0.6, depth + 0.6], y: [-3, 3],
      xTicks: layers.filter((l) => l % 5 === 0).map((l) => [l, String(l)]),
      yTicks: [-3, -2, -1, 0, 1, 2, 3].map((v) => [v, fixed(v, 0)]),
      yLabel: "the values of every layer", xLabel: "layer (0 is the input)",
    });
    last = upper;

    // One upright histogram for every layer, as wide to the left as to the right.
    let marks = "";
    for (const l of layers) {
      const [, , share, from, to] = numbers[row][l];
      const bar = (to - from) / shapes[l].length;
      const side = (sign) => shapes[l].flatMap((h, i) =>
        [from + i * bar, from + (i + 1) * bar].map((v) =>
          `${n2(upper.X(l + sign * 0.42 * h))} ${n2(cut(upper.Y(v)))}`));
      const edge = l === layer ? stroke("ink", "", 1.5) : stroke("blue", "", 1);
      marks += `<path d="M${[...side(1), ...side(-1).reverse()].join("L")}Z" ` +
        `${edge.replace("fill:none", "fill:color-mix(in srgb,var(--nn-blue) 45%,var(--nn-paper))")}/>`;
      if (activation === "ReLU" && share > 0) {
        marks += upper.curve([l - 0.42 * share, l + 0.42 * share], [0, 0], stroke("orange", "", 4));
      }
    }

    const [std, square, share, from, to] = numbers[row][layer];
    const margin = 0.04 * (to - from);
    const zeros = activation === "ReLU" && share > 0;
    const own = plot({
      box: { ...inner, top: tall + 94, height: low }, x: [from - margin, to + margin], y: [0, 1.08],
      xTicks: roundTicks(from, to, width > 520 ? 6 : 4), xLabel: "value",
      yLabel: `layer ${layer} on a scale of its own`,
    });
    const bar = (to - from) / shapes[layer].length;
    const bars = shapes[layer].map((h, i) => {
      const [x0, x1] = [own.X(from + i * bar), own.X(from + (i + 1) * bar)];
      return `<rect x="${n2(x0 + 0.5)}" y="${n2(own.Y(h))}" width="${n2(x1 - x0 - 1)}" height="${n2(own.Y(0) - own.Y(h))}" style="fill:var(--nn-blue)"/>`;
    });
    const spike = zeros
      ? own.curve([0, 0], [0, 1.08], stroke("orange", "", 4)) +
        own.text(own.X(to), own.Y(1.08) + 14, `line: ${percent(share)} are exactly 0`, "end", 'class="nn-halo"')
      : "";

    const column = SHARES[activation];
    const rows = [...new Set([0, 1, layer, depth])].sort((a, b) => a - b).map((l) => [
      l === 0 ? "0 (input)" : l === depth ? `${l} (last)` : String(l),
      format(numbers[row][l][0]), format(numbers[row][l][1]),
      ...(column ? [l === 0 ? "–" : percent(numbers[row][l][2])] : []),
    ]);
    const factor = format(factors[row]);
    return {
      height: tall + low + 138,
      svg:
        upper.axes() + upper.upright(layer, true) + upper.clip(marks) + own.axes() + own.clip(bars.join(""), spike) +
        own.curve([from - margin, to + margin], [0, 0], stroke("muted", "", 1)),
      table: readout(
        `Read at layer ${layer}; a layer multiplies the mean square by ${factor} on average`,
        ["layer", "std", "mean square", ...(column ? [column] : [])], rows,
      ),
      say: `Layer ${layer} of ${depth}: standard deviation ${format(std)}, mean square ${format(square)}` +
        `${column && layer ? `, ${percent(share)} ${column}` : ""}; a factor of ${factor} for every layer`,
    };
  });
}

const n2 = (value) => Math.round(value * 100) / 100;

/** Keep a place far outside of the drawing from becoming a number that SVG cannot hold. */
const cut = (px) => Math.min(5000, Math.max(-5000, px));

export default { render };
