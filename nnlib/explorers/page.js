// Brings the explorers of a page to life, without a kernel: a model for each, with the
// methods that anywidget's has, and the state of all in the URL's fragment, as in
// #activation.x=1.5&activation.functions=ReLU,GELU

const pageModels = new Map(); // name -> model, in the order of the page

function makeModel(values, afterSave) {
  const listeners = new Map();
  return {
    get: (key) => values[key],
    set(key, value) {
      if (values[key] === value) return;
      values[key] = value;
      for (const listener of listeners.get(`change:${key}`) ?? []) listener();
    },
    save_changes: afterSave,
    on(event, listener) {
      listeners.set(event, [...(listeners.get(event) ?? []), listener]);
    },
    off(event, listener) {
      const kept = (listeners.get(event) ?? []).filter((other) => other !== listener);
      listeners.set(event, listener ? kept : []);
    },
  };
}

function writeFragment() {
  const parts = [];
  for (const [name, model] of pageModels) {
    for (const [key, initial] of Object.entries(model.get("defaults") ?? {})) {
      const value = model.get(key);
      if (String(value) === String(initial)) continue;
      parts.push(`${name}.${key}=${encodeURIComponent(value)}`);
    }
  }
  const bare = location.href.split("#")[0];
  history.replaceState(history.state, "", parts.length ? `${bare}#${parts.join("&")}` : bare);
}

// Browsers allow few changes of the address in a second.
let fragmentTimer;
function writeFragmentSoon() {
  clearTimeout(fragmentTimer);
  fragmentTimer = setTimeout(writeFragment, 200);
}

// Values arrive as text; what they have to be, the default tells.
function parseLike(initial, text) {
  if (Array.isArray(initial)) return text === "" ? [] : text.split(",");
  if (typeof initial !== "number") return text;
  const value = Number(text);
  return Number.isFinite(value) && text !== "" ? value : initial;
}

function readFragment() {
  const named = new Set();
  for (const part of location.hash.slice(1).split("&")) {
    const found = part.match(/^([\w-]+)\.(\w+)=(.*)$/);
    const model = found && pageModels.get(found[1]);
    const initial = model?.get("defaults")?.[found[2]];
    if (initial === undefined) continue;
    try {
      model.set(found[2], parseLike(initial, decodeURIComponent(found[3])));
      named.add(found[1]);
    } catch {
      // A mangled link opens the page as it is.
    }
  }
  return named;
}

for (const el of document.querySelectorAll("div.nn-explorer[data-explorer]")) {
  const kind = el.dataset.explorer;
  const values = JSON.parse(el.querySelector("script").textContent);
  let name = kind;
  for (let n = 2; pageModels.has(name); n += 1) name = `${kind}-${n}`;
  const model = makeModel(values, writeFragmentSoon);
  pageModels.set(name, model);
  model.el = el;
}
const linked = readFragment();
for (const model of pageModels.values()) {
  model.el.replaceChildren();
  EXPLORERS[model.el.dataset.explorer].render({ model, el: model.el });
}
if (linked.size) pageModels.get([...linked][0]).el.scrollIntoView({ block: "center" });
addEventListener("hashchange", readFragment);
