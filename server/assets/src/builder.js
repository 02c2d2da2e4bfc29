// The query builder without leaving the page: each choice sends its form, and the answer takes the form's place.

// Makes the builder in `place` answer at once; `onQuery` gets the text of each query that is built.
// A list that is gone through by keyboard changes with every key: there the buttons send the form.
export function enableBuilder(place, onQuery) {
  let keyed = false;
  place.addEventListener("keydown", () => {
    keyed = true;
  });
  place.addEventListener("pointerdown", () => {
    keyed = false;
  });
  place.addEventListener("submit", (event) => {
    if (!event.target.matches(".builder")) return;
    event.preventDefault();
    update(place, event.target, event.submitter, onQuery);
  });
  place.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form?.matches(".builder") && !(keyed && event.target.matches("select"))) update(place, form, null, onQuery);
  });
}

// Puts the builder that an address shows into `place`.
export async function loadBuilder(place, address, onQuery) {
  const response = await fetch(address, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const found = page.getElementById("builder");
  place.replaceChildren(...[...found.childNodes].map((node) => document.adoptNode(node)));
  const query = place.querySelector("[data-query]")?.value;
  if (query) onQuery(query);
}

async function update(place, form, submitter, onQuery) {
  const fields = new URLSearchParams(new FormData(form, submitter));
  const address = `${form.action}?${fields}`;
  const isNew = !place.querySelector("#add0");
  const focused = document.activeElement?.id;
  await loadBuilder(place, address, onQuery);
  const next = place.querySelector("[data-next]")?.dataset.next ?? (isNew ? "add0" : focused);
  (document.getElementById(next) ?? place.querySelector("#add0, #kind"))?.focus();
  if (place.dataset.keep !== undefined) history.replaceState(null, "", address);
}
