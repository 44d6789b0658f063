// What explorers share: controls that are labelled and native, plots, read-outs.
// An explorer declares its controls once and then draws from scratch whenever its
// state changes; that takes a few milliseconds and leaves nothing to keep in step.

const SVG = "http://www.w3.org/2000/svg";
const KEYS_OF_CONTROLS = /^(Arrow|Page|Home|End|Enter| )/;

/** Return an id that no explorer has yet; a notebook loads this file many times. */
function newId(kind) {
  globalThis.nnLastId = (globalThis.nnLastId ?? 0) + 1;
  return `nn-${kind}-${globalThis.nnLastId}`;
}

/** Make an HTML element with attributes and children (elements or text). */
export function html(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Return text that is safe within markup. */
export function escapeText(text) {
  const names = { "&": "amp", "<": "lt", ">": "gt", '"': "quot" };
  return String(text).replace(/[&<>"]/g, (c) => `&${names[c]};`);
}

/** Return a number of four significant digits as people write it. */
export function format(value) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "–" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = size < 1e-3 || size >= 1e4 ? value.toExponential(3) : value.toPrecision(4);
  return text.replace("e+", "e").replaceAll("-", "−");
}

/** Return a number with a fixed count of decimals, with a true minus sign. */
export function fixed(value, decimals) {
  return value.toFixed(decimals).replace(/^-(0(\.0*)?)$/, "$1").replace("-", "−");
}

/** Return a number in as few digits as say it, four at the most: 2, −0.5, 1.333. */
export const short = (value) => format(value).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");

/** The same for the second place in a sum or a product, where a minus needs brackets. */
export const bracketed = (value) => (value < 0 ? `(${short(value)})` : short(value));

/** Return numbers of which a text holds the upper three bytes each. */
function floats(text) {
  const bytes = new Uint8Array((text.length / 3) * 4);
  for (let i = 0; i < text.length; i += 1) {
    bytes[Math.floor(i / 3) * 4 + (i % 3) + 1] = text.charCodeAt(i);
  }
  return Float64Array.from(new Float32Array(bytes.buffer), (v) => Number(v.toPrecision(4)));
}

/** Undo `pack` and `pack_bytes` of base.py: nested arrays of numbers. */
export function unpack({ shape, float24, bytes: plain }) {
  const text = atob(float24 ?? plain);
  const numbers = plain === undefined
    ? floats(text) : Uint8Array.from(text, (c) => c.charCodeAt(0));
  const nest = (dims, start) => {
    if (dims.length === 1) return numbers.subarray(start, start + dims[0]);
    const size = dims.slice(1).reduce((a, b) => a * b, 1);
    return Array.from({ length: dims[0] }, (_, i) => nest(dims.slice(1), start + i * size));
  };
  return nest(shape, 0);
}

/** Return the index of the sample that is nearest to a value. */
export function nearestIndex(samples, value) {
  let best = 0;
  for (let i = 1; i < samples.length; i += 1) {
    if (Math.abs(samples[i] - value) < Math.abs(samples[best] - value)) best = i;
  }
  return best;
}

/** Return the style of a stroke: a colour of the palette, and a pattern of dashes. */
export function stroke(colour, dash = "", width = 2) {
  const pattern = dash && `stroke-dasharray:${dash};`;
  return `style="stroke:var(--nn-${colour});${pattern}stroke-width:${width};fill:none"`;
}

const rounded = (v) => Math.round(v * 100) / 100;

/** Return what keeps text within its room: it is drawn narrower if it may be too long. */
const squeezed = (string, room) =>
  String(string).length * 6.5 > room
    ? ` textLength="${rounded(room)}" lengthAdjust="spacingAndGlyphs"` : "";

/** Return text at a place; `extra` are attributes, `room` is how wide it may be. */
export function text(x, y, string, anchor = "middle", extra = "", room = Infinity) {
  return (
    `<text x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}" ${extra}` +
    `${squeezed(string, room)}>${escapeText(string)}</text>`
  );
}

/** Return the heading of a part of a drawing; a phone has room for 40 letters. */
export const heading = (x, y, string) => text(x, y, string, "start", 'class="nn-ylabel"');

/** Return what lines mean, in rows that end above `bottom`: [[text, style], ...]. */
export const legend = (left, bottom, items) =>
  items.map(([string, style], i) => {
    const y = bottom - 18 * (items.length - 1 - i);
    return `<path d="M${left} ${y - 4}h28" ${style}/>` + text(left + 36, y, string, "start");
  }).join("");

/**
 * Return a box of a table with text in it: `tint` is a colour and its percentage, `edge`
 * the colour of the outline, `more` attributes of the box.
 */
export function tile(x, y, width, height, string, options = {}) {
  const { tint, edge = "muted", thick = 1, dash = "", look = "nn-cell", more = "" } = options;
  const fill = tint
    ? `color-mix(in srgb,var(--nn-${tint[0]}) ${tint[1]}%,var(--nn-paper))` : "none";
  const n = rounded;
  return (
    `<rect x="${n(x + 1)}" y="${n(y + 1)}" width="${n(width - 2)}" height="${n(height - 2)}" ` +
    `rx="2" style="fill:${fill};stroke:var(--nn-${edge});stroke-width:${thick};` +
    `stroke-dasharray:${dash || "none"}" ${more}/>` +
    text(x + width / 2, y + height / 2 + 4.5, string, "middle", `class="${look}"`, width - 4)
  );
}

/** Make a titled frame in `el`; its children follow the title. */
export function frame({ model, el }, ...children) {
  const id = newId("explorer");
  const title = html("p", { class: "nn-title", id }, model.get("title"));
  const root = html("div", { class: "nn-frame", role: "group", "aria-labelledby": id });
  root.append(title, ...children);
  // A notebook's front-end would take these keys for itself. Shift+Enter and the like
  // it may have: they run the cell.
  root.addEventListener("keydown", (event) => {
    const modified = event.shiftKey || event.ctrlKey || event.altKey || event.metaKey;
    if (event.key === "Enter" && modified) return;
    if (KEYS_OF_CONTROLS.test(event.key)) event.stopPropagation();
  });
  el.append(root);
  return { root, id };
}

/**
 * Make the frame of an explorer in `el`: its title, controls, drawing and read-outs.
 *
 * Returns a view with these methods:
 *   select(key, { label, options: [[value, text], ...] })
 *   checks(key, { label, options: [{ value, text, colour, dash }, ...] })
 *   field(key, { label, size })            a line of text, taken as it is typed
 *   slider(key, { label, values, text, wide, buttons })   one stop for each of `values`,
 *                                          a list or a function that returns one;
 *                                          `buttons` adds Back and Next
 *   steps(go, names)                       Back and Next, or two other names: go(-1) and
 *                                          go(1) return what they do, or nothing
 *   get(key)                               the state, fit for these controls
 *   set(key, value)
 *   drag(move, kind)                       move(x, y) in the coordinates of the drawing;
 *                                          kind is "nn-drag" (sideways), "nn-pick", or
 *                                          "nn-hover", which needs no button of a mouse
 *   start(draw)                            draw(width) -> { height, svg, table, say }
 */
export function explorer({ model, el }) {
  const sanitize = {};
  const refresh = [];
  const listeners = [];
  const above = html("div", { class: "nn-controls" });
  const below = html("div", { class: "nn-controls" });
  const drawing = document.createElementNS(SVG, "svg");
  const table = html("div", { class: "nn-readout" });
  const said = html("p", { class: "nn-said", role: "status" });
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", model.get("alt"));
  const holder = html("div", { class: "nn-drawing" }, drawing);
  frame({ model, el }, above, holder, below, table, said);

  const get = (key) => (sanitize[key] ?? ((v) => v))(model.get(key));
  const set = (key, value) => {
    model.set(key, value);
    model.save_changes();
  };

  // What changes together is drawn once.
  let [held, stale, redraw] = [false, false, () => {}];
  const together = (change) => {
    held = true;
    change();
    held = false;
    if (stale) redraw();
  };

  function select(key, { label, options }) {
    const choice = html("select", { name: key });
    for (const [value, text] of options) choice.append(html("option", { value }, text));
    const known = options.map(([value]) => value);
    sanitize[key] = (v) => (known.includes(v) ? v : known[0]);
    choice.addEventListener("change", () => set(key, choice.value));
    refresh.push(() => { choice.value = get(key); });
    above.append(html("label", { class: "nn-select" }, html("span", {}, label), choice));
  }

  function checks(key, { label, options }) {
    const group = html("fieldset", { class: "nn-checks" }, html("legend", {}, label));
    const known = options.map(({ value }) => value);
    sanitize[key] = (v) => known.filter((value) => v.includes(value));
    for (const { value, text, colour, dash } of options) {
      const box = html("input", { type: "checkbox", name: key, value });
      box.addEventListener("change", () => {
        const others = get(key).filter((other) => other !== value);
        set(key, known.filter((v) => (v === value ? box.checked : others.includes(v))));
      });
      refresh.push(() => { box.checked = get(key).includes(value); });
      const line = html("span", { class: "nn-swatch", "aria-hidden": "true" });
      line.innerHTML =
        `<svg viewBox="0 0 26 6"><path d="M0 3H26" ${stroke(colour, dash, 3)}/></svg>`;
      group.append(html("label", {}, box, line, html("span", {}, text ?? value)));
    }
    above.append(group);
  }

  function field(key, { label, size = 12 }) {
    const line = html("input", {
      type: "text", name: key, size, maxlength: 40, autocomplete: "off", spellcheck: "false",
    });
    sanitize[key] = (v) => String(v).slice(0, 40);
    line.addEventListener("input", () => set(key, line.value));
    // To assign what stands there would move the cursor to its end.
    refresh.push(() => { if (line.value !== get(key)) line.value = get(key); });
    above.append(html("label", { class: "nn-select" }, html("span", {}, label), line));
  }

  function slider(key, { label, values, text = format, wide = false, buttons = false }) {
    const stops = typeof values === "function" ? values : () => values;
    const id = newId("control");
    const range = html("input", {
      id, type: "range", name: key, min: 0, max: stops().length - 1, step: 1,
    });
    // The slider itself tells its value to who does not see it.
    const value = html("span", { class: "nn-value", "aria-hidden": "true" });
    sanitize[key] = (v) => stops()[nearestIndex(stops(), v)];
    range.addEventListener("input", () => set(key, stops()[range.value]));
    refresh.push(() => {
      range.max = stops().length - 1;
      range.value = nearestIndex(stops(), model.get(key));
      value.textContent = text(get(key));
      range.setAttribute("aria-valuetext", value.textContent);
    });
    const name = wide ? "nn-slider nn-wide" : "nn-slider";
    below.append(html("div", { class: name }, html("label", { for: id }, label), range, value));
    const by = (far) => stops()[Number(range.value) + far];
    if (buttons) steps((far) => by(far) !== undefined && (() => set(key, by(far))));
  }

  function steps(go, names = ["Back", "Next"]) {
    // At an end a button is dimmed and not disabled, or it would lose the focus.
    const buttons = names.map((name, i) => {
      const [button, far] = [html("button", { type: "button", class: "nn-button" }, name), 2 * i - 1];
      button.addEventListener("click", () => together(go(far) || (() => {})));
      refresh.push(() => button.setAttribute("aria-disabled", !go(far)));
      return button;
    });
    below.append(html("div", { class: "nn-steps" }, ...buttons));
  }

  function drag(move, kind = "nn-drag") {
    drawing.classList.add(kind);
    const follow = (event) => {
      const box = drawing.getBoundingClientRect();
      together(() => move(event.clientX - box.left, event.clientY - box.top));
    };
    // A finger that begins to scroll the page must not choose anything: a tap does.
    const taps = (event) => kind !== "nn-drag" && event.pointerType === "touch";
    drawing.addEventListener("click", (event) => {
      if (taps(event)) follow(event);
    });
    drawing.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || taps(event)) return;
      drawing.setPointerCapture(event.pointerId);
      follow(event);
    });
    drawing.addEventListener("pointermove", (event) => {
      const hovers = kind === "nn-hover" && event.pointerType === "mouse";
      const held = !taps(event) && drawing.hasPointerCapture(event.pointerId);
      if (hovers || held) follow(event);
    });
  }

  // Said once the reader rests, or a screen reader would stammer through a drag.
  let timer;
  let spoken = "";
  function say(text, now) {
    clearTimeout(timer);
    if (text === spoken) return;
    timer = setTimeout(() => { said.textContent = spoken = text; }, now ? 0 : 400);
  }

  function start(draw) {
    const defaults = model.get("defaults");
    const reset = html("button", { type: "button", class: "nn-button" }, "Reset");
    reset.addEventListener("click", () => {
      together(() => {
        for (const [key, value] of Object.entries(defaults)) model.set(key, value);
      });
      model.save_changes();
    });
    (below.childElementCount ? below : above).append(reset);
    let first = true;
    const update = () => {
      stale = held;
      if (held) return;
      for (const each of refresh) each();
      const width = Math.max(280, Math.floor(holder.clientWidth));
      const drawn = draw(width);
      drawing.setAttribute("viewBox", `0 0 ${width} ${drawn.height}`);
      drawing.setAttribute("width", width);
      drawing.setAttribute("height", drawn.height);
      drawing.innerHTML = drawn.svg;
      table.innerHTML = drawn.table ?? "";
      said.classList.toggle("nn-hidden", Boolean(drawn.table));
      if (!(first && drawn.table)) say(drawn.say ?? "", first);
      first = false;
    };
    for (const key of Object.keys(defaults)) {
      model.on(`change:${key}`, update);
      listeners.push([`change:${key}`, update]);
    }
    redraw = update;
    let known = 0;
    const observer = new ResizeObserver(() => {
      const width = holder.clientWidth;
      if (width && width !== known) update();
      known = width;
    });
    update();
    known = holder.clientWidth;
    observer.observe(holder);
    return () => {
      observer.disconnect();
      clearTimeout(timer);
      for (const [event, listener] of listeners) model.off(event, listener);
    };
  }

  return { get, set, select, checks, field, slider, steps, drag, start };
}

/**
 * Undo `pack_images` of base.py: keep the pictures in `el`, out of sight, and return a
 * function of (i, x, y, size) that gives one of them as markup.
 *
 * `colours` are those of the palette in which a picture is drawn, each with how opaque it
 * is from black to white: { ink: "0 1" }. Where none is, the paper is seen.
 */
export function pictures(el, { shape: [count, side], png }, colours) {
  const [sprite, look] = [newId("sprite"), newId("look")];
  const layers = Object.entries(colours).map(([colour, opacity], i) =>
    `<feComponentTransfer in="light" result="o${i}"><feFuncA type="table" tableValues="${opacity}"/></feComponentTransfer>` +
    `<feFlood style="flood-color:var(--nn-${colour})"/><feComposite in2="o${i}" operator="in" result="c${i}"/>`);
  const store = html("div", { class: "nn-hidden", "aria-hidden": "true" });
  // The part of the image that is seen is that which the filter lets through.
  store.innerHTML =
    `<svg width="0" height="0"><defs><image id="${sprite}" width="${side}" height="${side * count}" ` +
    `style="image-rendering:pixelated" href="data:image/png;base64,${png}"/>` +
    `<filter id="${look}" x="0" y="0" width="${side}" height="${side}" filterUnits="userSpaceOnUse" ` +
    `color-interpolation-filters="sRGB"><feColorMatrix type="luminanceToAlpha" result="light"/>` +
    `${layers.join("")}<feMerge>${layers.map((_, i) => `<feMergeNode in="c${i}"/>`).join("")}</feMerge></filter></defs></svg>`;
  el.append(store);
  return (i, x, y, size) =>
    `<g transform="translate(${rounded(x)} ${rounded(y)}) scale(${size / side})" filter="url(#${look})">` +
    `<use href="#${sprite}" y="${-side * i}"/></g>`;
}

/** Return text as markup in which no line ends within (64, 784) or out[1, 0]. */
const unbroken = (string) =>
  escapeText(string).replace(/\w*[([][\d, ]+[)\]]/g, '<span class="nn-whole">$&</span>');

/** Return read-outs as a table: the names of its columns, and rows of texts. */
export function readout(caption, columns, rows) {
  const cell = (string, i) =>
    i === 0 ? `<th scope="row">${string}</th>` : `<td>${string}</td>`;
  const head = columns.map((string) => `<th scope="col">${escapeText(string)}</th>`);
  const body = rows.map((row) => `<tr>${row.map(unbroken).map(cell).join("")}</tr>`);
  return (
    `<table><caption>${unbroken(caption)}</caption>` +
    `<thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table>`
  );
}

/**
 * Make a plot: scales, and what draws in them as markup.
 *
 * `box` is { left, top, width, height } of the inner area; `x` and `y` are [from, to];
 * `xTicks` and `yTicks` are lists of [value, text].
 */
export function plot({ box, x, y, xTicks = [], yTicks = [], xLabel = "", yLabel = "" }) {
  const { left, top, width, height } = box;
  const right = left + width;
  const bottom = top + height;
  const X = (v) => left + ((v - x[0]) / (x[1] - x[0])) * width;
  const Y = (v) => bottom - ((v - y[0]) / (y[1] - y[0])) * height;
  const invertX = (px) => x[0] + ((px - left) / width) * (x[1] - x[0]);
  const n = rounded;
  const path = (d, style) => `<path d="${d}" ${style}/>`;

  /** The grid, the ticks' texts and the labels. */
  function axes() {
    const across = yTicks.map(([v, s]) =>
      path(`M${left} ${n(Y(v))}H${n(right)}`, stroke(v === 0 ? "muted" : "grid", "", 1)) +
      text(left - 6, Y(v) + 4, s, "end", 'class="nn-tick"'));
    const down = xTicks.map(([v, s]) =>
      path(`M${n(X(v))} ${top}V${bottom}`, stroke(v === 0 ? "muted" : "grid", "", 1)) +
      text(X(v), bottom + 16, s, "middle", 'class="nn-tick"'));
    return (
      across.join("") + down.join("") +
      (xLabel && text((left + right) / 2, bottom + 34, xLabel)) +
      (yLabel && heading(left, top - 11, yLabel))
    );
  }

  /** Marks of the plot, cut off at its edges. */
  const clip = (...marks) =>
    `<svg x="${left}" y="${top}" width="${n(width)}" height="${n(height)}" ` +
    `viewBox="${left} ${top} ${n(width)} ${n(height)}">${marks.join("")}</svg>`;

  /** A line through samples, with gaps where one is not a number. */
  function curve(xs, ys, style) {
    let d = "";
    let pen = "M";
    for (let i = 0; i < xs.length; i += 1) {
      if (Number.isFinite(ys[i])) {
        d += `${pen}${n(X(xs[i]))} ${n(Y(ys[i]))}`;
        pen = "L";
      } else pen = "M";
    }
    return path(d, style);
  }

  /** Shading wherever the flag of a sample is set, half a step to either side. */
  function shade(xs, flags, attributes, from = y[0], to = y[1]) {
    const half = (xs[1] - xs[0]) / 2;
    let marks = "";
    for (let i = 0; i < xs.length; i += 1) {
      if (!flags[i]) continue;
      let j = i;
      while (j + 1 < xs.length && flags[j + 1]) j += 1;
      const [a, b] = [Math.max(xs[i] - half, x[0]), Math.min(xs[j] + half, x[1])];
      marks +=
        `<rect x="${n(X(a))}" y="${n(Y(to))}" width="${n(X(b) - X(a))}" ` +
        `height="${n(Y(from) - Y(to))}" ${attributes}/>`;
      i = j;
    }
    return marks;
  }

  const dot = (px, py, colour, r = 4.5) =>
    !Number.isFinite(py) ? "" : `<circle cx="${n(X(px))}" cy="${n(Y(py))}" r="${r}" ` +
    `style="fill:var(--nn-${colour});stroke:var(--nn-paper);stroke-width:1.5"/>`;

  /** An upright line, which `drag` may let the reader take hold of. */
  const upright = (v, handle = false) =>
    path(`M${n(X(v))} ${top}V${bottom}`, stroke("ink", "", 1.5)) +
    (handle ? `<circle class="nn-handle" cx="${n(X(v))}" cy="${top}" r="7"/>` : "");

  return { X, Y, invertX, axes, clip, curve, shade, dot, upright, legend: (items) => legend(left, top - 12, items), text };
}
