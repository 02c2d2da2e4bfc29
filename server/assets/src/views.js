// Three views of one answer: the table that the server sent, bars drawn from it, and the answer as it is.

export function enableViews(answer) {
  const views = answer.querySelector("[data-views]");
  const copy = answer.querySelector("[data-copy]");
  if (copy) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(copy.dataset.copy.startsWith("/") ? location.origin + copy.dataset.copy : copy.dataset.copy);
      copy.textContent = copy.dataset.done;
    });
  }
  if (!views) return;
  views.hidden = false;
  const panes = new Map([...answer.querySelectorAll("[data-pane]")].map((pane) => [pane.dataset.pane, pane]));
  const makers = { chart: () => chart(panes.get("chart"), panes.get("table")), raw: () => raw(panes.get("raw")) };
  for (const button of views.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      const chosen = button.dataset.view;
      for (const other of views.querySelectorAll("button")) other.ariaPressed = String(other === button);
      for (const [name, pane] of panes) pane.hidden = name !== chosen;
      makers[chosen]?.();
      delete makers[chosen];
    });
  }
}

async function raw(pane) {
  const response = await fetch(pane.dataset.address, { headers: { Accept: pane.dataset.type } });
  const block = document.createElement("pre");
  block.dir = "ltr";
  block.tabIndex = 0;
  block.textContent = await response.text();
  pane.append(block);
}

function chart(pane, table) {
  const heads = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
  const rows = [...table.querySelectorAll("tbody tr")].map((row) => [...row.cells]);
  const numeric = heads.map((_, column) => rows.some((row) => number(row[column]) !== null)
    && rows.every((row) => row[column].textContent.trim() === "" || number(row[column]) !== null));
  const names = choice(pane.dataset.names, heads.map((head, column) => [head, column]));
  const counted = [pane.dataset.count, -1];
  const values = choice(pane.dataset.values, [...heads.flatMap((head, column) => (numeric[column] ? [[head, column]] : [])), counted]);
  names.select.value = String(Math.max(0, preferred(table, heads, numeric)));
  const bars = document.createElement("table");
  bars.className = "bars";
  const draw = () => bars.replaceChildren(...drawn(rows, Number(names.select.value), Number(values.select.value)));
  for (const one of [names, values]) one.select.addEventListener("change", draw);
  const controls = document.createElement("p");
  controls.append(names.label, values.label);
  pane.append(controls, bars);
  draw();
}

// The column that reads best as the name of a bar: text in a language, else whatever is no number.
function preferred(table, heads, numeric) {
  const first = [...(table.querySelector("tbody tr")?.cells ?? [])];
  const spoken = first.findIndex((cell) => cell.querySelector("[lang]"));
  return spoken >= 0 ? spoken : heads.findIndex((_, column) => !numeric[column]);
}

function choice(text, options) {
  const label = document.createElement("label");
  const select = document.createElement("select");
  for (const [name, value] of options) select.append(new Option(name, String(value)));
  label.append(`${text} `, select);
  return { label, select };
}

function drawn(rows, nameColumn, valueColumn) {
  const groups = new Map();
  for (const row of rows) {
    const cell = row[nameColumn];
    const key = cell.textContent.trim();
    const value = valueColumn < 0 ? 1 : (number(row[valueColumn]) ?? 0);
    const group = groups.get(key) ?? { cell, value: 0 };
    group.value += value;
    groups.set(key, group);
  }
  const largest = Math.max(...[...groups.values()].map((group) => Math.abs(group.value)), 0) || 1;
  return [...groups.values()].sort((a, b) => b.value - a.value).map(({ cell, value }) => {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.append(...[...cell.childNodes].map((node) => node.cloneNode(true)));
    const figure = document.createElement("td");
    const bar = document.createElement("span");
    bar.className = "bar";
    bar.style.inlineSize = `calc((100% - 5rem) * ${Math.abs(value) / largest})`;
    const text = document.createElement("bdi");
    text.textContent = value.toLocaleString(document.documentElement.lang);
    figure.append(bar, text);
    row.append(head, figure);
    return row;
  });
}

function number(cell) {
  const text = cell.textContent.trim();
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : null;
}
