// The SPARQL page with script: an editor in the place of the text field, answers without leaving the page,
// and three views of an answer. Every word the reader sees comes from the page, in the page's language.
import { completionsFrom, declareKnownPrefixes } from "./completion.js";
import { editorFor } from "./editor.js";
import { enableBuilder, loadBuilder } from "./builder.js";
import { enableViews } from "./views.js";


const LONGEST_ADDRESS = 6000; // A longer query is posted: not every proxy passes a longer address.

const form = document.getElementById("ask");
const field = document.getElementById("query");
const status = document.getElementById("status");
const stop = document.getElementById("stop");
const words = form.dataset;
const file = fetch(words.completion).then((response) => response.json());

let running = null;
const editor = editorFor(field, {
  words: { label: words.label, doubt: words.doubt },
  completions: completionsFrom(file, document.documentElement.lang),
  run: () => form.requestSubmit(),
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
stop.addEventListener("click", () => running?.abort());
addEventListener("popstate", () => location.reload());
document.getElementById("keys").hidden = false;
show(document);
build(document.getElementById("building"));

// The builder beside the editor: opened, it writes each query that is built into the editor.
function build(panel) {
  const place = panel.querySelector("#builder");
  const write = (text) => {
    editor.text = text;
  };
  let loaded = false;
  const load = () => {
    if (!panel.open || loaded) return;
    loaded = true;
    loadBuilder(place, place.dataset.address, write).catch(() => {
      loaded = false; // The link to the builder's own page is still there.
    });
  };
  enableBuilder(place, write);
  panel.addEventListener("toggle", load);
  load(); // A quick reader has opened it before this script was there.
}

async function ask() {
  running?.abort();
  const control = new AbortController();
  running = control;
  editor.text = declareKnownPrefixes(editor.text, (await file).prefixes);
  const fields = new URLSearchParams(new FormData(form));
  const address = `${form.action}?${fields}`;
  const short = address.length <= LONGEST_ADDRESS;
  busy(true);
  try {
    const response = await fetch(short ? address : form.action, {
      method: short ? "GET" : "POST",
      body: short ? undefined : fields,
      headers: { Accept: "text/html" },
      signal: control.signal,
    });
    show(new DOMParser().parseFromString(await response.text(), "text/html"));
    if (short && response.ok && address !== location.href) history.pushState(null, "", address);
  } catch (error) {
    status.textContent = error.name === "AbortError" ? words.stopped : words.failed;
  } finally {
    if (running === control) {
      running = null;
      busy(false);
    }
  }
}

function busy(yes) {
  form.ariaBusy = String(yes);
  stop.hidden = !yes;
  if (yes) status.textContent = words.running;
  else if (status.textContent === words.running) status.textContent = "";
}

// Shows the answer that another document of the server holds, or the one that came with this page.
function show(source) {
  const found = source.getElementById("answer");
  const here = document.getElementById("answer");
  if (source !== document) here.replaceWith(document.adoptNode(found));
  enableViews(found);
  editor.clear();
  if (found.dataset.line) {
    const said = found.querySelector("[data-message]")?.textContent ?? "";
    editor.mark(Number(found.dataset.line), Number(found.dataset.column), said);
  }
  if (source !== document) {
    found.tabIndex = -1;
    (found.dataset.line ? editor : found).focus();
  }
}
