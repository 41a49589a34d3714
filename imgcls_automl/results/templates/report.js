"use strict";
// Sorts tables, draws Plotly's figures when their folds are opened. All else on the page works without it.

function sortBy(table, column, descending) {
  const key = (body) => body.rows[0].cells[column].dataset.key ?? "";
  const bodies = [...table.tBodies];
  bodies.sort((one, other) => {
    const [a, b] = [key(one), key(other)];
    if (a === "" || b === "") return (a === "") - (b === ""); // what is not known stays last
    const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
    return descending ? -order : order;
  });
  // As many rows stand open as before, whichever come first now.
  const open = bodies.filter((body) => !body.classList.contains("later")).length;
  bodies.forEach((body, place) => {
    body.classList.toggle("later", place >= open);
    table.append(body);
  });
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    if (header.classList.contains("plain")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const descending = header.ariaSort ? header.ariaSort === "ascending" : header.dataset.first === "descending";
      table.querySelectorAll("thead th").forEach((it) => it.removeAttribute("aria-sort"));
      header.ariaSort = descending ? "descending" : "ascending";
      sortBy(table, column, descending);
    });
  });
}

const MARGIN = { t: 30, r: 20, b: 60, l: 70 };
let plotly = null;

async function unpackPlotly() {
  const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  // Plotly's maps bring a style sheet of their own, which the policy refuses and no figure here needs: it counts as there.
  for (const [, id] of script.textContent.matchAll(/getElementById\("([0-9a-f]{64})"\)/g)) {
    document.head.append(Object.assign(document.createElement("style"), { id }));
  }
  document.head.append(script); // the page's policy knows its hash, and would refuse anything else
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// Optuna's own colours are made for white paper.
function paintTrace(trace) {
  const scale = [[0, colour("--faint")], [1, colour("--accent")]];
  const own = { blue: colour("--accent"), orange: colour("--second") };
  for (const part of [trace.marker, trace.line]) {
    if (part?.colorscale) part.colorscale = scale;
    if (typeof part?.color === "string" && part.color in own) part.color = own[part.color];
  }
  return trace;
}

function paint(layout) {
  const painted = {
    ...layout,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colour("--text"), family: "system-ui, sans-serif", size: 12 },
    margin: MARGIN,
    colorway: [colour("--accent"), colour("--second")],
  };
  for (const name of Object.keys(layout)) {
    if (/^[xy]axis/.test(name)) {
      painted[name] = { automargin: true, ...layout[name], gridcolor: colour("--line"), zerolinecolor: colour("--line") };
    }
  }
  return painted;
}

async function drawFigure(place) {
  if (place.dataset.drawn) return;
  place.dataset.drawn = "yes";
  try {
    plotly ??= unpackPlotly();
    await plotly;
    const figure = JSON.parse(document.getElementById("figure-data").textContent)[place.dataset.figure];
    const onPaper = place.dataset.figure === "parallel"; // each line has a shade of its own, chosen for white
    if (onPaper) place.classList.add("paper");
    const data = onPaper ? figure.data : figure.data.map(paintTrace);
    const layout = onPaper ? { ...figure.layout, margin: MARGIN } : paint(figure.layout);
    await Plotly.newPlot(place, data, layout, { displaylogo: false, responsive: true });
  } catch (error) {
    place.textContent = `This browser cannot draw the figure (${error.message}).`;
  }
}

document.querySelectorAll("table.sortable").forEach(makeSortable);
document.querySelectorAll("details.fold").forEach((fold) => {
  const place = fold.querySelector("[data-figure]");
  if (place) fold.addEventListener("toggle", () => fold.open && drawFigure(place));
});
function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

window.addEventListener("hashchange", openTarget);
openTarget();
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details.fold:not(:has([data-figure]))").forEach((fold) => { fold.open = true; });
});
