// Suggestions for the search box, as the WAI-ARIA combobox pattern has them. Without this the form still works.
"use strict";

for (const form of document.querySelectorAll("form.search")) {
  const input = form.querySelector("input[type=search]");
  const list = form.querySelector("ul");
  const status = form.querySelector("[role=status]");
  let chosen = -1;
  let waiting = 0;
  let asked = null;

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);
  list.setAttribute("role", "listbox");

  const close = () => {
    list.hidden = true;
    list.replaceChildren();
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const choose = (number) => {
    const options = [...list.children];
    if (!options.length) return;
    chosen = (number + options.length) % options.length;
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === chosen)));
    options[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[chosen].id);
  };

  const follow = (option) => {
    if (option.dataset.href) window.location.assign(option.dataset.href);
  };

  const directionOf = (language) => (language === "ar" ? "rtl" : language ? "ltr" : "auto");

  const said = (element, text, language) => {
    const one = document.createElement(element);
    one.textContent = text;
    if (language) one.lang = language;
    one.dir = directionOf(language);
    return one;
  };

  const optionFor = (suggestion, index) => {
    const option = document.createElement("li");
    option.id = `${list.id}-${index}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.dataset.href = suggestion.href || "";
    option.append(said("bdi", suggestion.name, suggestion.language), " ");
    const kind = document.createElement("small");
    kind.textContent = suggestion.kindTitle;
    option.append(kind);
    if (suggestion.by) {
      const by = said("bdi", suggestion.by, suggestion.byLanguage);
      by.className = "by";
      option.append(by);
    }
    option.addEventListener("mousedown", (event) => event.preventDefault());
    option.addEventListener("click", () => follow(option));
    return option;
  };

  const show = (suggestions) => {
    close();
    list.replaceChildren(...suggestions.map(optionFor));
    list.hidden = !suggestions.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    status.textContent = suggestions.length ? status.dataset.some : status.dataset.none;
  };

  const ask = async () => {
    const prefix = input.value.trim();
    asked?.abort();
    if (!prefix) {
      close();
      status.textContent = "";
      return;
    }
    asked = new AbortController();
    try {
      const address = `${form.dataset.suggest}?${new URLSearchParams({ prefix })}`;
      const answer = await fetch(address, { signal: asked.signal, headers: { Accept: "application/json" } });
      if (answer.ok) show((await answer.json()).suggestions);
    } catch (error) {
      // An answer that was overtaken by the next question is not wanted; without a network there is none.
      if (error.name !== "AbortError") close();
    }
  };

  input.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(ask, 120);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && !list.hidden) choose(chosen + 1);
    else if (event.key === "ArrowUp" && !list.hidden) choose(chosen < 0 ? -1 : chosen - 1);
    else if (event.key === "Escape" && !list.hidden) close();
    else if (event.key === "Enter" && chosen >= 0) follow(list.children[chosen]);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", close);
}
