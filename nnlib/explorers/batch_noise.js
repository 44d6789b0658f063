import { explorer, fixed, format, nearestIndex, plot, readout, stroke, text, unpack } from "./draw.js";

const percent = (share) => `${fixed(100 * share, 0)}%`;
const thousands = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");

/** Return ticks of a range that is [low, high], about five of them. */
function ticksOf(low, high) {
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw);
  const ticks = [];
  for (let i = Math.ceil(low / step); i * step <= high; i += 1) ticks.push(i * step);
  return ticks.map((v) => [v, String(Number(v.toPrecision(3))).replace("-", "−")]);
}

/** Return how far from (1, 0) a cloud is shown; a few of its dots lie beyond. */
function reachOf(cloud) {
  const far = Array.from(cloud, ([along, across]) => Math.max(Math.abs(along - 1), Math.abs(across)));
  return Math.max(1.3, 1.05 * far.sort((a, b) => a - b)[Math.floor(0.97 * (far.length - 1))]);
}

function opened({ clouds, noise, downhill, ofOne }) {
  const points = unpack(clouds);
  return { points, noise: unpack(noise), downhill: unpack(downhill), ofOne, reaches: points.map(reachOf) };
}

function render({ model, el }) {
  const view = explorer({ model, el });
  const { sizes, samples, batches, models } = model.get("data");
  const names = Object.keys(models);
  const all = Object.fromEntries(names.map((name) => [name, opened(models[name])]));
  const logs = sizes.map(Math.log2);
  const noises = names.flatMap((name) => [all[name].ofOne, ...all[name].noise]).map(Math.log10);
  const [low, high] = [Math.min(...noises) - 0.1, Math.max(...noises) + 0.1];
  const least = Math.min(0.43, ...names.flatMap((name) => Array.from(all[name].downhill))) - 0.03;

  if (names.length > 1) view.select("at", { label: "Network", options: names.map((name) => [name, name]) });
  view.select("scale", {
    label: "Scale", options: [["same", "the same for all sizes"], ["fitted", "fits the cloud"]],
  });
  view.slider("batch_size", { label: "Batch size", values: sizes, text: String, wide: true, buttons: true });

  // Over the curves a hand takes the size there; over the cloud it goes through all.
  let [cloud, curves] = [];
  view.drag((px, py) => {
    const inCloud = px < cloud.right && py < cloud.bottom;
    const share = Math.min(1, Math.max(0, (px - cloud.left) / cloud.width));
    view.set("batch_size", sizes[inCloud
      ? Math.round(share * (sizes.length - 1)) : nearestIndex(logs, curves.invertX(px))]);
  });

  return view.start((width) => {
    const { points, noise, downhill, ofOne, reaches } = all[view.get("at")] ?? all[names[0]];
    const chosen = sizes.indexOf(view.get("batch_size"));
    const beside = width > 560;
    const side = beside ? Math.floor(width * 0.46) - 34 : width - 56;
    const left = beside ? side + 98 : 46;
    cloud = {
      left: 40, top: 26, width: side, height: side,
      right: beside ? left - 12 : width, bottom: side + (beside ? 600 : 96),
    };
    const reach = reaches[view.get("scale") === "fitted" ? chosen : 0];
    const across = [-reach, reach];
    const along = [1 - reach, 1 + reach];
    const area = plot({
      box: cloud, x: along, y: across, xTicks: ticksOf(...along), yTicks: ticksOf(...across),
      xLabel: "along the full gradient (the arrow)", yLabel: `across it (${points[chosen].length} of ${batches} batches)`,
    });
    const dots = points[chosen].map(([x, y]) => {
      const look = x > 0 ? "fill:var(--nn-blue);fill-opacity:.55" : "fill:none;stroke:var(--nn-orange);stroke-width:1.8";
      return `<circle cx="${area.X(x).toFixed(1)}" cy="${area.Y(y).toFixed(1)}" r="3.2" style="${look}"/>`;
    });
    const uphill = `<rect x="${area.X(along[0])}" y="26" width="${Math.max(0, area.X(0) - area.X(along[0]))}" height="${side}" style="fill:var(--nn-orange)" opacity="0.1"/>`;
    const [tip, middle] = [area.X(1), area.Y(0)];
    const head = Math.min(7, 0.7 * (tip - area.X(0)));
    const arrow = `<path d="M${area.X(0)} ${middle}H${tip}m${-head} ${-0.65 * head}l${head} ${0.65 * head}l${-head} ${0.65 * head}" ${stroke("ink", "", 2.5)}/>`;
    const key = [["blue", "fill:var(--nn-blue)", "downhill"], ["orange", "fill:none;stroke:var(--nn-orange);stroke-width:1.8", "uphill"]]
      .map(([, look, name], i) => `<circle cx="${48 + i * 92}" cy="${side + 80}" r="4" style="${look}"/>` + text(58 + i * 92, side + 84, name, "start"));

    const inner = { left, width: width - left - 18, height: beside ? side / 2 - 43 : 100 };
    const first = beside ? 66 : side + 164;
    const second = first + inner.height + 44;
    const x = [0, logs[logs.length - 1]];
    const few = sizes.filter((_, i) => i % 2 === 0).map((size) => [Math.log2(size), String(size)]);
    const sizesOfNoise = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];
    const fall = plot({
      box: { ...inner, top: first }, x, y: [low, high], xTicks: few.map(([v]) => [v, ""]),
      yTicks: sizesOfNoise.map((v) => [Math.log10(v), String(v)]).filter(([v]) => v > low && v < high), yLabel: "noise / length of full gradient",
    });
    const shares = plot({
      box: { ...inner, top: second }, x, y: [least, 1.02], xTicks: few,
      yTicks: [0.5, 0.75, 1].map((v) => [v, percent(v)]), yLabel: "batches downhill", xLabel: "batch size",
    });
    curves = fall;
    const [measured, law] = [stroke("blue", "", 2.5), stroke("purple", "7 4", 2)];
    const legend = [["measured", measured], ["1/√B", law]].map(([name, look], i) =>
      `<path d="M${left + i * 106} ${first - 34}h24" ${look}/>` + text(left + 29 + i * 106, first - 30, name, "start"));
    const mark = (plotted, value, handle) =>
      plotted.upright(logs[chosen], handle) + plotted.dot(logs[chosen], value, "blue");
    const near = [chosen - 2, chosen, chosen + 2].filter((i) => i in sizes);
    const rows = near.map((i) => [
      String(sizes[i]), format(noise[i]), percent(downhill[i]), thousands(Math.ceil(samples / sizes[i])),
    ]);
    return {
      height: Math.max(second + inner.height + 46, side + 94),
      svg:
        area.axes() + area.clip(uphill, ...dots, arrow) + key.join("") + legend.join("") +
        fall.axes() + fall.clip(fall.curve(logs, noise.map(Math.log10), measured), fall.curve(x, x.map((v) => Math.log10(ofOne) - (v * Math.log10(2)) / 2), law)) +
        mark(fall, Math.log10(noise[chosen]), true) +
        shares.axes() + shares.clip(shares.curve(logs, downhill, measured)) + mark(shares, downhill[chosen], false),
      table: readout(
        `B = ${sizes[chosen]}: noise ${format(noise[chosen])} · |g|, ${percent(downhill[chosen])} downhill${view.get("scale") === "fitted" ? "; a scale that fits the cloud" : ""}`,
        ["batch size", "noise/|g|", "downhill", "steps/epoch"], rows,
      ),
      say: `Batch size ${sizes[chosen]}: noise ${format(noise[chosen])} of the gradient's length, ${percent(downhill[chosen])} of the batches go downhill`,
    };
  });
}

export default { render };
