import { explorer, fixed, format, heading, html, readout, stroke, text, unpack } from "./draw.js";

// The paper has 112 cells a side; on it the pen is 9 wide, 2.25 of the 28 pixels.
const [SIDE, CELLS, RADIUS, LAST] = [28, 112, 4.5, 255];
const WAYS = {
  ArrowLeft: [-8, 0], ArrowRight: [8, 0], ArrowUp: [0, -8], ArrowDown: [0, 8],
  Home: [-8, -8], PageUp: [8, -8], End: [-8, 8], PageDown: [8, 8],
};
const n = (value) => Math.round(value * 10) / 10;
const within = (value, least, most) => Math.min(most, Math.max(least, value));
const sum = (values) => values.reduce((a, b) => a + b, 0);
const list = (length, make) => Array.from({ length }, (_, i) => make(i));
const numbers = (length, make) => new Float32Array(length).map((_, i) => make(i));
const percent = (p) => `${fixed(100 * p, 1)}%`;

// ---- strokes: text, points, ink -------------------------------------------------------

/** Return the strokes of a text as lists of points; what is none is left out. */
const pointsOf = (strokes) =>
  String(strokes).split("-").filter((part) => /^(?:[0-9a-f]{4})+$/.test(part)).map((part) =>
    part.match(/..../g).map((four) => [0, 2].map((i) => parseInt(four.slice(i, i + 2), 16))));

const textOf = (strokes) =>
  strokes.map((points) => points.flat().map((v) => v.toString(16).padStart(2, "0")).join("")).join("-");

/** Return how far a place is from the line from the origin to (dx, dy). */
function distance(x, y, dx, dy) {
  const t = within((x * dx + y * dy) / (dx * dx + dy * dy || 1), 0, 1);
  return Math.sqrt((x - t * dx) ** 2 + (y - t * dy) ** 2);
}

/** Return the points without which a line would change (Douglas and Peucker, 1973). */
function needed(points) {
  const [[x0, y0], [x1, y1]] = [points[0], points[points.length - 1]];
  const far = points.map(([x, y]) => distance(x - x0, y - y0, x1 - x0, y1 - y0));
  const most = far.indexOf(Math.max(...far));
  if (far[most] > 1) return [...needed(points.slice(0, most + 1)).slice(0, -1), ...needed(points.slice(most))];
  return points.length > 1 ? [points[0], points[points.length - 1]] : points;
}

/** Return the ink in every cell of the paper: the strokes, over the pixels of an image. */
function inkOf(strokes, image) {
  const pixel = (i) => Math.floor((i * SIDE) / CELLS);
  const ink = list(CELLS, (y) => (image ? numbers(CELLS, (x) => image[pixel(y)][pixel(x)]) : new Float32Array(CELLS)));
  const reach = RADIUS + 0.5;
  const near = (a, b) => [Math.max(0, Math.floor(Math.min(a, b) - reach)), Math.min(CELLS, Math.ceil(Math.max(a, b) + reach))];
  for (const points of strokes) {
    points.forEach((point, i) => {
      const [x1, y1, x0, y0] = [...point, ...points[Math.max(0, i - 1)]].map((v) => (v * CELLS) / LAST);
      const [dx, dy] = [x1 - x0, y1 - y0];
      const [top, bottom] = near(y0, y1);
      for (let y = top; y < bottom; y += 1) {
        // Where the line is near enough to this row.
        const at = (by) => x0 + dx * within((y + 0.5 + by - y0) / (dy || 1e-9), 0, 1);
        const [left, right] = near(at(-reach), at(reach));
        const row = ink[y];
        for (let x = left; x < right; x += 1) {
          const covered = within(reach - distance(x + 0.5 - x0, y + 0.5 - y0, dx, dy), 0, 1);
          if (covered > row[x]) row[x] = covered;
        }
      }
    });
  }
  return ink;
}

// ---- place_in_frame of nnlib.images: Pillow's way to scale, and Python's to round -----

function bicubic(v) {
  const x = Math.abs(v);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

/** Return rows scaled to a width, and turned: done twice, it scales an image. */
function scaled(rows, width) {
  const from = rows[0].length;
  const scale = from / width;
  const wide = Math.max(scale, 1);
  return list(width, (i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - 2 * wide + 0.5));
    const end = Math.min(from, Math.trunc(centre + 2 * wide + 0.5));
    const weights = list(end - first, (k) => bicubic((first + k - centre + 0.5) * (1 / wide)));
    const all = sum(weights);
    const shares = weights.map((weight) => weight / all);
    return numbers(rows.length, (r) => {
      let value = 0;
      for (let k = 0; k < shares.length; k += 1) value += shares[k] * rows[r][first + k];
      return value;
    });
  });
}

/** Round to the nearest whole number, and from between two to the even one. */
function even(value) {
  const near = Math.round(value);
  return near % 2 && Math.abs(value % 1) === 0.5 ? near - 1 : near;
}

const turned = (rows) => list(rows[0].length, (x) => numbers(rows.length, (y) => rows[y][x]));
const trimmed = (rows) => {
  const inked = rows.map((row) => row.some((v) => v));
  return turned(rows.slice(inked.indexOf(true), inked.lastIndexOf(true) + 1));
};

/** Return the 28x28 pixels that the network is given, one after another; no ink, none. */
function placeInFrame(ink) {
  if (!ink.some((row) => row.some((v) => v))) return undefined;
  const crop = trimmed(trimmed(ink));
  const sizes = [crop[0].length, crop.length];
  const [width, height] = sizes.map((size) => Math.max(1, even(size * (20 / Math.max(...sizes)))));
  const small = scaled(scaled(crop, width), height).map((row) => row.map((v) => Math.max(v, 0)));
  const most = Math.max(...small.map((row) => Math.max(...row)));
  const digit = small.map((row) => row.map((v) => v / most));
  const [top, left] = [digit, turned(digit)].map((rows) => {
    const masses = rows.map((row) => sum(Array.from(row)));
    const centre = sum(masses.map((mass, i) => mass * i)) / sum(masses);
    return within(even(SIDE / 2 - centre), 0, SIDE - masses.length);
  });
  const frame = new Float32Array(SIDE * SIDE);
  digit.forEach((row, y) => frame.set(row, (top + y) * SIDE + left));
  return frame;
}

// ---- the network ----------------------------------------------------------------------

/** Return a layer with its weights as numbers, those of one input after another. */
function opened({ shape: [inputs, units], weights: packed, scales, bias }) {
  const signs = packed.replaceAll("!", "<").replaceAll(" ", "\\");
  const each = signs.length / (inputs * units);
  const scale = unpack(scales);
  const weights = numbers(inputs * units, (i) => {
    let whole = 0;
    for (let k = 0; k < each; k += 1) whole = whole * 91 + signs.charCodeAt(i * each + k) - 80;
    return whole * scale[i % units];
  });
  return { units, weights, bias: Float32Array.from(unpack(bias)) };
}

/** The forward pass: { z, a } of every layer, before and after ReLU. */
function forward(layers, x) {
  let input = x;
  return layers.map(({ units, weights, bias }, l) => {
    const z = Float64Array.from(bias);
    input.forEach((v, i) => {
      if (v) for (let j = 0; j < units; j += 1) z[j] += v * weights[i * units + j];
    });
    input = l + 1 < layers.length ? z.map((v) => Math.max(v, 0)) : z;
    return { z, a: input };
  });
}

function softmax(z) {
  const powers = z.map((v) => Math.exp(v - Math.max(...z)));
  return powers.map((v) => v / sum(powers));
}

// ---- drawing --------------------------------------------------------------------------

const [EDGE, RING] = [stroke("muted", "", 1), stroke("ink", "", 2)];
const fill = (colour) => `style="fill:${colour}"`;
const path = (d, style) => `<path d="${d}" ${style}/>`;
const rect = (x, y, width, height, style) =>
  `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="2" ${style}/>`;
const square = (x, y, side) => `M${n(x)} ${n(y)}h${n(side)}v${n(side)}h${n(-side)}z`;

/** Return pixels from 0 to 1 as shades of ink, fifteen of them. */
function shaded(pixels, left, top, size) {
  const paths = list(16, () => "");
  pixels.forEach((v, i) => {
    paths[Math.round(v * 15)] += square(left + (i % SIDE) * size, top + Math.floor(i / SIDE) * size, size);
  });
  return paths.slice(1).map((d, i) =>
    path(d, fill(`var(--nn-ink);opacity:${n((i + 1) / 1.5) / 10};shape-rendering:crispEdges`))).join("");
}

/** Return a square for each number, as large as it is; hollow where it is below 0. */
function sized(values, places, size) {
  const most = Math.max(...values.map(Math.abs), 1e-12);
  let [full, hollow] = ["", ""];
  values.forEach((v, i) => {
    const side = (size - 1) * Math.sqrt(Math.abs(v) / most);
    const [x, y] = places[i].map((at) => at + (size - side) / 2);
    if (v > 0 && side > 0.5) full += square(x, y, side);
    if (v < 0 && side > 1) hollow += square(x + 0.5, y + 0.5, side - 1);
  });
  return path(full, fill("var(--nn-blue)")) + path(hollow, stroke("orange", "", 1));
}

function render({ model, el }) {
  const view = explorer({ model, el });
  const { network, images, labels } = model.get("data");
  const layers = network.map(opened);
  const bytes = unpack(images);
  const examples = labels.map((_, i) => list(SIDE, (y) => numbers(SIDE, (x) => bytes[i][y * SIDE + x] / 255)));
  // Where every unit is: its layer and its place in it.
  const units = layers.flatMap((layer, l) => list(layer.units, (j) => [l, j]));
  const nameOf = ([l, j]) => (l + 1 < layers.length ? `unit ${j} of layer ${l + 1}` : `digit ${j}`);

  if (labels.length) {
    view.select("example", {
      label: "Begin with", options: [["none", "empty paper"], ...labels.map((digit, i) => [`${i + 1}`, `example ${i + 1}, a digit ${digit}`])],
    });
  }
  view.slider("unit", {
    label: "Look into", wide: true, values: list(units.length + 1, (i) => i), text: (i) => (i ? nameOf(units[i - 1]) : "no unit"),
  });
  const drawn = () => pointsOf(view.get("strokes"));
  const keep = (strokes) => view.set("strokes", textOf(strokes));
  const [undo, clear] = ["Undo", "Clear"].map((name) => html("button", { type: "button", class: "nn-button" }, name));
  el.querySelector(".nn-controls").append(html("div", { class: "nn-steps" }, undo, clear));
  let lost; // what was drawn when the paper was last wiped, and over which example
  function note() {
    if (drawn().length) lost = { example: view.get("example"), strokes: view.get("strokes") };
  }
  const choice = el.querySelector("select");
  choice?.addEventListener("change", note, true); // before the example is another
  choice?.addEventListener("change", () => keep([]));
  clear.addEventListener("click", () => {
    note();
    view.set("example", "none");
    keep([]);
  });
  undo.addEventListener("click", () => {
    if (drawn().length || !lost) return keep(drawn().slice(0, -1));
    const { example, strokes } = lost;
    lost = undefined; // before the drawing that says whether there is more to undo
    view.set("example", example);
    return view.set("strokes", strokes);
  });

  // The paper lies over the drawing as an element of its own: what is below it may
  // change while a finger is down, and beside it a finger scrolls the page.
  const pen = html("span", { class: "nn-pen" });
  const paper = html("div", {
    class: "nn-paper", tabindex: 0, role: "application",
    "aria-label": "Paper. Draw with a pointer or with keys: arrows move the pen, Home, End and Page keys slantwise; Space puts it down and lifts it.",
  }, pen);
  const heard = html("p", { class: "nn-hidden", role: "status" });
  el.querySelector(".nn-drawing").append(paper, heard);

  let line; // the stroke that is being drawn, and by which pointer
  function begin(point, by) {
    line = { by, before: drawn(), points: [] };
    extend([point]);
  }
  function extend(points) {
    for (const [x, y] of points) {
      const [lastX, lastY] = line.points.at(-1) ?? [-9, -9];
      if (Math.hypot(x - lastX, y - lastY) >= 2) line.points.push([x, y]);
    }
    keep([...line.before, needed(line.points)]);
  }
  const lift = () => { line = undefined; };
  const placeOf = (event) => {
    const { left, top, width } = paper.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top].map((v) => within(Math.round((v / width) * LAST), 0, LAST));
  };
  paper.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || (line && line.by !== "keys")) return;
    paper.setPointerCapture(event.pointerId);
    begin(placeOf(event), event.pointerId);
  });
  paper.addEventListener("pointermove", (event) => {
    if (line?.by !== event.pointerId) return;
    const between = event.getCoalescedEvents?.() ?? [];
    extend((between.length ? between : [event]).map(placeOf));
  });
  paper.addEventListener("lostpointercapture", (event) => {
    if (line?.by === event.pointerId) lift();
  });
  paper.addEventListener("blur", lift);

  let at = [128, 128];
  let timer;
  paper.addEventListener("keydown", (event) => {
    const way = WAYS[event.key];
    if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || !(way || event.key === " ")) return;
    event.preventDefault(); // the page would scroll
    if (way) {
      at = at.map((v, i) => within(v + way[i], 0, LAST));
      if (line) extend([at]);
    } else if (line) lift();
    else begin(at, "keys");
    showPen();
  });
  paper.addEventListener("focus", showPen);
  function showPen() {
    const [x, y] = at.map((v) => `${Math.round((100 * v) / LAST)}%`);
    pen.style.cssText = `left:${x};top:${y};background:${line ? "var(--nn-orange)" : "none"}`;
    clearTimeout(timer);
    timer = setTimeout(() => {
      heard.textContent = `Pen ${line ? "down" : "up"}, ${x} from the left, ${y} from the top`;
    }, 300);
  }

  let spots = []; // of every unit: left, top, width, height
  view.drag((px, py) => {
    view.set("unit", 1 + spots.findIndex(([x, y, w, h]) => px >= x && px < x + w && py >= y && py < y + h));
  }, "nn-pick");

  return view.start((width) => {
    const strokes = drawn();
    const image = examples[view.get("example") - 1];
    const ink = strokes.length ? inkOf(strokes, image) : image;
    const seen = ink && placeInFrame(ink);
    const passed = seen && forward(layers, seen);
    const logits = passed?.at(-1).z;
    const probabilities = logits && softmax(logits);
    const read = logits?.indexOf(Math.max(...logits));
    const [layer, place] = units[view.get("unit") - 1] ?? [];
    const name = layer === undefined ? "" : nameOf([layer, place]);
    undo.setAttribute("aria-disabled", !strokes.length && !lost);
    clear.setAttribute("aria-disabled", !ink);

    // The paper, the pixels and the bars: in a row, or on a phone in two.
    const beside = width > 560;
    const side = beside ? Math.min(284, Math.floor(width * 0.4)) : width - 10;
    const pixel = beside ? (width > 680 ? 7 : 6) : 5;
    const [left, top] = beside ? [side + 29, 26] : [5, side + 60];
    paper.style.cssText = `left:5px;top:26px;width:${side}px;height:${side}px`;
    const lines = strokes.map((points) =>
      "M" + points.map((point) => point.map((v) => n((v * side) / LAST)).join(" ")).join("L") + "h0").join("");
    let svg =
      heading(5, 16, "Your digit") + rect(5, 26, side, side, `class="nn-area" ${EDGE}`) +
      `<svg x="5" y="26" width="${side}" height="${side}">` + (image ? shaded(image.flatMap((row) => [...row]), 0, 0, side / SIDE) : "") +
      `<path d="${lines}" style="fill:none;stroke:var(--nn-ink);stroke-width:${n((2 * RADIUS * side) / CELLS)};stroke-linecap:round;stroke-linejoin:round"/></svg>` +
      (ink ? "" : text(5 + side / 2, 26 + side / 2, "Draw a digit here", "middle", 'class="nn-tick"'));

    // What goes into each layer: the pixels, then the values of the layer before.
    let bottom = beside ? 26 + side : top + SIDE * pixel + 20;
    spots = [];
    layers.forEach(({ units: count, weights }, l) => {
      const values = l ? passed?.[l - 1].a : seen;
      const inputs = l ? layers[l - 1].units : SIDE * SIDE;
      const columns = l ? (beside ? 32 : 16) * (inputs > 256 ? 2 : 1) : SIDE;
      const size = l ? Math.min(20, Math.floor((width - 10) / columns)) : pixel;
      const [x0, y0] = l ? [5, bottom + 34] : [left, top];
      const places = list(inputs, (i) => [x0 + (i % columns) * size, y0 + Math.floor(i / columns) * size]);
      const looked = l === layer;
      const here = l ? `Layer ${l}: ${inputs} units after ReLU` : "What it sees";
      // A phone has no room for more beside the reading.
      const whole = l ? name : name.replace(" of layer 1", "");
      svg += heading(x0, y0 - 10, looked ? `Into ${whole}` : here);
      svg += l ? path(places.map(([x, y]) => square(x, y, size)).join(""), stroke("grid", "", 1)) : rect(x0, y0, SIDE * size, SIDE * size, EDGE);
      if (values && looked && !l) svg += `<g style="opacity:0.3">${shaded(values, x0, y0, size)}</g>`;
      if (values && looked) svg += sized(Float64Array.from(values, (v, i) => v * weights[i * count + place]), places, size);
      else if (values) svg += l ? sized(values, places, size) : shaded(values, x0, y0, size);
      if (l) {
        spots.push(...places.map((at) => [...at, size, size]));
        bottom = y0 + size * Math.ceil(inputs / columns);
      }
    });

    const bars = left + SIDE * pixel + 20;
    const pitch = beside ? side / 10 : 16;
    svg += heading(bars, top - 10, read === undefined ? "Reading" : `Reading: ${read}`);
    for (let digit = 0; digit < 10; digit += 1) {
      const y = top + digit * pitch;
      const p = probabilities?.[digit] ?? 0;
      const look = digit === read ? 'class="nn-ylabel"' : 'class="nn-cell"';
      const bar = (share, colour) => rect(bars + 18, y + 2, (width - bars - 84) * share, pitch - 4, fill(`var(--nn-${colour})`));
      svg += text(bars + 8, y + pitch / 2 + 4.5, digit, "middle", look) + bar(1, "grid") + bar(p, "blue") +
        (read === undefined ? "" : text(width - 4, y + pitch / 2 + 4.5, percent(p), "end", look));
      spots.push([bars, y, width - bars - 2, pitch]);
    }
    const spot = spots[view.get("unit") - 1];
    if (spot) svg += rect(...spot, RING);
    svg += text(5, bottom + 20, name ? "Full squares raise its sum, hollow lower it" : "Choose a square or a digit to look into it", "start", 'class="nn-tick"', width - 10) +
      text(5, bottom + 38, "The area is the value; the largest of a layer fills its cell", "start", 'class="nn-tick"', width - 10);

    let caption = `It reads ${read}, with a probability of ${percent(probabilities?.[read])}`;
    if (seen && name) {
      const { z, a } = passed[layer];
      caption += `. Into ${name}: with the bias the sum is ${format(z[place])}` + (layer + 1 < layers.length ? `, after ReLU ${format(a[place])}` : "");
    }
    const rows = Array.from(logits ?? [], (z, k) => [`${k}`, fixed(z, 2), `${fixed(100 * probabilities[k], 2)}%`]);
    const how = "Draw a digit on the paper: with the mouse, a finger or a pen, or with the arrow keys and Space.";
    return {
      height: bottom + 46, svg, say: seen ? caption : how,
      table: seen && readout(caption, ["digit", "logit", "probability"], rows),
    };
  });
}

export default { render };
