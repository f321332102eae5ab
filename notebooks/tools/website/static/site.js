// Live figures without a kernel. What a kernel would draw was drawn ahead: a figure's settings are
// numbered, and so are its pictures. figure.js, which JupyterLab's pages use too, shows them.

function modelOf(folder, { sliders, alt, width, lines }) {
  const listeners = {};
  const state = { sliders, alt, width, busy: false, values: {} };
  const place = ({ name, stops }) => {
    const distances = stops.map((stop) => Math.abs(stop - state.values[name]));
    return distances.indexOf(Math.min(...distances));
  };
  const number = (places) =>
    sliders.reduce((sum, { stops }, k) => sum * stops.length + places[k], 0);
  const address = (places) => `${folder}/${number(places)}.webp`;

  const show = () => {
    const places = sliders.map(place);
    sliders.forEach(({ name, stops }, k) => { state.values[name] = stops[places[k]]; });
    state.picture = address(places);
    state.line = lines[number(places)];
    for (const changed of ["values", "picture", "line"]) listeners[changed]?.forEach((act) => act());
    setTimeout(() => sliders.forEach(({ stops }, k) => { // where a hand may go next
      for (const way of [-2, -1, 1, 2])
        if (stops[places[k] + way] !== undefined)
          new Image().src = address(places.with(k, places[k] + way));
    }));
  };
  for (const { name, start } of sliders) state.values[name] = start;
  show();
  return {
    get: (key) => state[key],
    set: (key, value) => { state[key] = value; },
    save_changes: show,
    on: (event, act) => { (listeners[event.replace("change:", "")] ??= []).push(act); },
  };
}

// Says which settings there are.
function offerOf({ sliders, lines }) {
  const values = sliders.map(({ label, stops }) => `${label}: ${stops.length} values`).join("; ");
  const offer = document.createElement("small");
  offer.className = "trpo-offer";
  offer.textContent = `This page has ${lines.length} settings (${values}). In JupyterLab any will do.`;
  return offer;
}

for (const place of document.querySelectorAll(".trpo-live")) {
  const folder = place.dataset.figure;
  const name = folder.split("/").at(-1);
  trpoRender({ model: modelOf(folder, trpoFigures[name]), el: place });
  place.querySelector("img").decoding = "sync"; // the picture changes with its line
  place.append(offerOf(trpoFigures[name]));
}

// What scrolls sideways must be within reach of keys.
for (const box of document.querySelectorAll("pre, .table-wrapper, math[display=block]"))
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;

// Paper shows what is folded.
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});

// Mermaid is large: it comes when the first diagram comes into view.
const here = document.currentScript.src;
const diagrams = document.querySelectorAll(".mermaid");
const waiting = new IntersectionObserver((entries) => {
  if (!entries.some((entry) => entry.isIntersecting)) return;
  waiting.disconnect();
  const script = document.createElement("script");
  script.src = new URL("mermaid.tiny.js", here);
  script.onload = () => mermaid.run({ nodes: diagrams });
  document.head.append(script);
}, { rootMargin: "200px" });
diagrams.forEach((diagram) => waiting.observe(diagram));
