import { explorer, format, nearestIndex, plot, readout, short, stroke, text, unpack } from "./draw.js";

const [TOP, HIGH] = [88, 280];
const thousands = (count) => count.toLocaleString("en-US");
const FINDINGS = { above: ", above the roof of main memory", call: ", mostly the call" };

/** Return the powers of ten within [low, high] as ticks of a logarithmic scale. */
function decades(low, high) {
  const ticks = [];
  // Not at 0 itself, where a plot has its axis: 1 is a power like all others here.
  for (let i = Math.ceil(low); i <= high; i += 1) ticks.push([i + 1e-9, short(Number(`1e${i}`))]);
  return ticks;
}

function render({ model, el }) {
  const view = explorer({ model, el });
  const { operations, dtypes, peak, bandwidth } = model.get("data");
  const names = Object.keys(operations);
  const tables = Object.fromEntries(names.map((name) => [name, unpack(operations[name].numbers)]));
  const points = names.flatMap((name) => tables[name].flatMap((row) => row));
  const xs = points.map(([intensity]) => Math.log10(intensity));
  const ys = points.flatMap(([, roof, rate]) => [Math.log10(roof), Math.log10(rate)]);
  const ridges = peak.map((top) => Math.log10(top / bandwidth));
  const x = [Math.min(...xs) - 0.3, Math.max(...xs, ...ridges) + 0.3];
  const y = [Math.min(...ys) - 0.3, Math.max(...ys, ...peak.map(Math.log10)) + 0.3];
  const chosen = () => operations[view.get("operation")];
  const stop = () => nearestIndex(chosen().sizes, view.get("size"));

  view.select("operation", { label: "Operation", options: names.map((name) => [name, name]) });
  view.select("dtype", { label: "Numbers", options: dtypes.map((name) => [name, name]) });
  view.select("measurement", { label: "Measurement", options: [["hidden", "hidden: predict first"], ["shown", "shown"]] });
  view.slider("size", {
    label: "Size", values: () => chosen().sizes, wide: true, buttons: true,
    text: (size) => `${chosen().symbol} = ${thousands(size)}`,
  });

  // A hand over the plot takes the operation that lies nearest.
  let area;
  view.drag((px, py) => {
    const shown = view.get("measurement") === "shown" ? 2 : 1;
    const [, name, i] = names.flatMap((name) => tables[name][dtypes.indexOf(view.get("dtype"))].map((point, i) => [
      Math.hypot(area.X(Math.log10(point[0])) - px, area.Y(Math.log10(point[shown])) - py), name, i,
    ])).reduce((a, b) => (b[0] < a[0] ? b : a));
    view.set("operation", name);
    view.set("size", operations[name].sizes[i]);
  }, "nn-pick");

  return view.start((width) => {
    const [name, dtype] = [view.get("operation"), view.get("dtype")];
    const [row, column] = [dtypes.indexOf(dtype), stop()];
    const { sizes, symbol, flops, moved, times, bounds, findings } = chosen();
    const shown = view.get("measurement") === "shown";
    const [intensity, roof, rate, share] = tables[name][row][column];
    area = plot({
      box: { left: 46, top: TOP, width: width - 60, height: HIGH }, x, y,
      xTicks: decades(...x), yTicks: decades(...y), xLabel: "intensity I, FLOP/byte", yLabel: "GFLOP/s",
    });
    const log = (v) => Math.log10(v);
    const ridge = ridges[row];
    const level = (i, style) => area.curve([ridges[i], x[1]], [log(peak[i]), log(peak[i])], style);
    const other = dtypes.map((_, i) => (i === row ? "" : level(i, stroke("muted", "5 4", 1.5)))).join("");
    const roofs = area.curve([x[0], ridge, x[1]], [x[0] + log(bandwidth), log(peak[row]), log(peak[row])], stroke("purple", "", 3));
    const at = (v) => log(v[0]);
    const courses = names.map((each) => {
      const mine = each === name;
      const list = tables[each][row];
      const line = shown && mine ? area.curve(list.map(at), list.map((v) => log(v[2])), stroke("blue", "", 1.5)) : "";
      const look = mine ? ["blue", 4.5] : ["muted", 3];
      // Without the measurements, where they would lie if they reached the roof.
      return line + list.map((v) => area.dot(at(v), log(v[shown ? 2 : 1]), ...look)).join("");
    }).join("");
    const [px, top] = [area.X(log(intensity)), area.Y(log(roof))];
    const gap = shown ? `<path d="M${px} ${top}V${area.Y(log(rate))}" ${stroke("orange", "", 2.5)}/>` : "";
    const diamond = (x, y) => `<path d="M${x} ${y - 8}l8 8l-8 8l-8 -8z" style="fill:var(--nn-paper);stroke:var(--nn-orange);stroke-width:2.5"/>`;
    const here = shown ? area.dot(log(intensity), log(rate), "ink", 6) : "";
    const spot = (cx, cy, colour, r) => `<circle cx="${cx}" cy="${cy}" r="${r}" style="fill:var(--nn-${colour})"/>`;
    const key = [
      ["purple", "", `roof of ${dtype}`], ["muted", "5 4", `of ${dtypes.filter((v) => v !== dtype).join(", ")}`],
    ].slice(0, dtypes.length > 1 ? 2 : 1).map(([colour, dash, string], i) =>
      `<path d="M${46 + i * 130} 12h26" ${stroke(colour, dash, 2.5)}/>` + text(78 + i * 130, 16, string, "start")).join("") + diamond(59, 32) + text(78, 36, shown ? "at the roof" : "at the roof, like all dots", "start") +
      (shown ? spot(189, 32, "ink", 6) + text(208, 36, "measured", "start") : "") +
      spot(59, 52, "blue", 4.5) + text(78, 56, "other sizes", "start") + spot(189, 52, "muted", 3) + text(208, 56, "others", "start");
    const edge = `<rect class="nn-area" x="46" y="${TOP}" width="${width - 60}" height="${HIGH}"/>`;

    const title = `${name}, ${symbol} = ${thousands(sizes[column])}, ${dtype}: ${bounds[row][column]}-bound${(shown && FINDINGS[findings[row][column]]) || ""}`;
    const [predicted, measured] = times[row][column];
    const unless = (value) => (shown ? value : "hidden");
    const rows = [
      ["work F, FLOPs", thousands(flops[column])], ["bytes moved, Q", thousands(moved[row][column])],
      ["intensity I = F/Q", format(intensity)], ["roof here, GFLOP/s", format(roof)],
      ["time at the roof", predicted], ["time measured", unless(measured)],
      ["reached, GFLOP/s", unless(format(rate))], ["share of the roof", unless(`${format(share)}%`)],
    ];
    return {
      height: TOP + HIGH + 44,
      svg: area.axes() + area.clip(other, roofs, courses, gap, diamond(px, top), here) + key + edge,
      table: readout(title, ["quantity", "value"], rows),
      say: `${title}; at the roof ${predicted}${shown ? `, measured ${measured}` : ""}`,
    };
  });
}

export default { render };
