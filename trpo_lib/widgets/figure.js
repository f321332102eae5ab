// A live figure in a page: it shows what the kernel has drawn, and tells the kernel what is moved.
// The controls are native ones: keys, fingers and screen readers find what they know.

function make(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function makeButton(text, act, attributes = {}) {
  const button = make("button", { type: "button", ...attributes }, text);
  button.addEventListener("click", act);
  return button;
}

// A track of stops, a field for any number between them, and a button that goes back to the start.
function makeSlider({ name, label, unit, whole, stops, start }, model, follow) {
  const last = stops.length - 1;
  const track = make("input", { type: "range", min: 0, max: last });
  const field = make("input", {
    type: "number", min: stops[0], max: stops[last], step: whole ? 1 : "any",
    "aria-label": `Value of ${label}`,
  });
  const reset = makeButton("↺", () => move(start), {
    title: `Reset ${label}`, "aria-label": `Reset ${label}`,
  });

  const nearest = (value) => {
    const distances = stops.map((stop) => Math.abs(stop - value));
    return distances.indexOf(Math.min(...distances));
  };
  const show = () => {
    const value = model.get("values")[name];
    track.value = nearest(value);
    track.setAttribute("aria-valuetext", `${value} ${unit}`.trim());
    field.value = value;
  };
  const move = (value) => {
    model.set("values", { ...model.get("values"), [name]: value });
    model.save_changes();
  };

  track.addEventListener("input", () => move(stops[track.value]));
  const commit = () => {
    const typed = whole ? Math.round(field.valueAsNumber) : field.valueAsNumber;
    if (!Number.isNaN(typed)) move(Math.min(Math.max(typed, stops[0]), stops[last]));
    show();
  };
  field.addEventListener("change", commit);
  field.addEventListener("keydown", (event) => {
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.key === "Enter") commit(); // in JupyterLab that is no change yet
    if (!way) return;
    event.preventDefault(); // of the browser's own step, which knows no stops
    move(stops[Math.min(Math.max(nearest(field.valueAsNumber) + way, 0), last)]);
  });
  let shown = null;
  follow("values", (values) => {
    if (values[name] === shown) return; // another slider's move leaves what is being typed here
    shown = values[name];
    show();
  });
  return make("div", { class: "trpo-row trpo-slider" },
    make("label", {}, make("span", {}, label), track),
    make("div", { class: "trpo-row" }, field, reset));
}

// The buttons of a training run, and how far it is.
function makeRun(model, follow) {
  const buttons = Object.keys(model.get("buttons")).map((name) =>
    makeButton(name, () => model.send({ press: name })));
  follow("buttons", (useful) => {
    // not `disabled`: a button that has the focus must not lose it
    for (const button of buttons) button.setAttribute("aria-disabled", !useful[button.textContent]);
  });
  const state = make("span", {});
  const bar = make("progress", {});
  follow("progress", ({ text, value, max }) => {
    state.textContent = text;
    bar.max = max;
    bar.value = value;
  });
  return make("div", { class: "trpo-row" }, ...buttons, make("label", {}, state, bar));
}

// The environment, filmed. The kernel counts what it shows, and goes on while a page has seen it.
function makeFilm(model, follow) {
  const alt = model.get("frame_alt");
  const frame = model.get("frame") ? make("img", { alt }) : make("p", {}, alt);
  follow("frame", (source) => { frame.src = source; });
  const confirm = () => model.send({ seen: model.get("shown") });
  follow("shown", () => {
    if (model.get("busy")) confirm();
    else requestAnimationFrame(confirm); // which waits while nobody looks at the page
  });
  return frame;
}

function render({ model, el }) {
  const follow = (name, show) => {
    model.on(`change:${name}`, () => show(model.get(name)));
    show(model.get(name));
  };
  const runs = model.get("buttons") !== undefined;
  const picture = make("img", { class: "trpo-picture", alt: model.get("alt"), width: model.get("width") });
  follow("picture", (source) => { picture.src = source; });
  const line = make("p", { role: "status" });
  follow("busy", (busy) => line.setAttribute("aria-busy", busy)); // then it is read out at the end
  follow("line", (text) => { line.textContent = text; });
  const root = make("div", { class: "trpo-figure" },
    ...(runs ? [makeRun(model, follow)] : []),
    ...model.get("sliders").map((slider) => makeSlider(slider, model, follow)),
    picture,
    make("div", { class: "trpo-row" }, ...(runs ? [makeFilm(model, follow)] : []), line));
  el.replaceChildren(root);

  // JupyterLab hears keys on the document, and passes over those for elements with this attribute.
  const claimKeys = (event) => {
    const command = event.ctrlKey || event.metaKey || event.altKey; // like Ctrl+S: not for us
    if (root.contains(event.target))
      event.target.toggleAttribute("data-lm-suppress-shortcuts", !command);
  };
  window.addEventListener("keydown", claimKeys, true);
  return () => window.removeEventListener("keydown", claimKeys, true);
}

export default { render };
