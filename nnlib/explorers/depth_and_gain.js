import { explorer, fixed, format, plot, readout, stroke, unpack } from "./draw.js";

const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** Write a power of ten. */
function power(exponent) {
  if (exponent === 0) return "1";
  return `10${[...String(exponent)].map((c) => SUPERSCRIPT[c]).join("")}`;
}

function render({ model, el }) {
  const view = explorer({ model, el });
  const { activations, gains, depths, ...packed } = model.get("data");
  const gradients = unpack(packed.gradients);
  const factors = unpack(packed.factors);
  const spreads = unpack(packed.spreads);
  const rowSizes = depths.map((depth) => depth + 1);
  const perGain = rowSizes.reduce((a, b) => a + b);

  view.select("activation", {
    label: "After every linear layer",
    options: activations.map((name) => [name, name === "none" ? "nothing" : name]),
  });
  view.slider("gain", { label: "Gain of the weights", values: gains, text: String });
  view.slider("depth", { label: "Layers", values: depths, text: String });
  view.slider("layer", {
    label: "Read at layer",
    values: () => Array.from({ length: view.get("depth") + 1 }, (_, i) => i),
    text: String,
  });

  let last;
  view.drag((px) => view.set("layer", Math.round(
    Math.min(view.get("depth"), Math.max(0, last.invertX(px))),
  )));

  return view.start((width) => {
    const [depth, layer] = [view.get("depth"), view.get("layer")];
    const row = activations.indexOf(view.get("activation")) * gains.length
      + gains.indexOf(view.get("gain"));
    const which = depths.indexOf(depth);
    const skip = rowSizes.slice(0, which).reduce((a, b) => a + b, 0);
    const from = row * perGain + skip;
    const gradient = gradients.subarray(from, from + depth + 1);
    const spread = spreads[row].subarray(0, depth + 1);
    const layers = Array.from(gradient, (_, i) => i);
    const logs = [gradient, spread].map((values) => Array.from(values, Math.log10));
    const all = logs.flat().filter(Number.isFinite);
    const low = Math.min(-3, Math.floor(Math.min(...all)));
    const high = Math.max(1, Math.ceil(Math.max(...all)));
    const every = Math.ceil((high - low) / 8);
    const decades = [];
    for (let e = Math.ceil(low / every) * every; e <= high; e += every) decades.push([e, power(e)]);
    const height = width > 520 ? 280 : 230;
    const area = plot({
      box: { left: 46, top: 50, width: width - 46 - 14, height },
      // Above the highest tick there is room for the handle of the line.
      x: [0, depth], y: [low, high + 0.4 * every], yTicks: decades,
      xTicks: layers.filter((l) => l % (depth / 5) === 0).map((l) => [l, String(l)]),
      xLabel: "layer (0 is the input)",
    });
    last = area;
    const [blue, orange] = [stroke("blue", "", 2.5), stroke("orange", "7 4", 2.5)];
    const rows = [...new Set([layer, 0, depth])].map((l) => [
      l === 0 ? "0, the input" : l === depth ? `${l}, the last` : String(l),
      format(gradient[l]), format(spread[l]),
    ]);
    const factor = format(factors[row * depths.length + which]);
    return {
      height: height + 96,
      svg:
        area.legend([["gradient (last layer: 1)", blue], ["spread of the activations", orange]]) +
        area.axes() + area.clip(area.curve(layers, logs[0], blue), area.curve(layers, logs[1], orange)) +
        area.upright(layer, true) +
        area.dot(layer, logs[0][layer], "blue") + area.dot(layer, logs[1][layer], "orange"),
      table: readout(
        `On the way back every layer multiplies the gradient by ${factor} on average`,
        ["layer", "gradient", "spread"], rows,
      ),
      say: `Layer ${fixed(layer, 0)} of ${depth}: gradient ${format(gradient[layer])}, ` +
        `spread ${format(spread[layer])}; a factor of ${factor} for every layer`,
    };
  });
}

export default { render };
