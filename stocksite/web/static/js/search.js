/* Symbol search: the ARIA combobox over GET /search?q=, which answers with <li role="option"> lines.
   Without scripts the same form shows the same results as a page. With data-pick on the input an
   option's symbol is typed into it instead of opening its page; data-search is where to ask. */
(() => {
  "use strict";

  const WAIT_MS = 120;

  function enhance(form) {
    const input = form.querySelector("input[name=q], input[data-pick]");
    const list = document.createElement("ul");
    list.id = `${input.id}-options`;
    list.className = "options";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Stocks");
    (input.closest(".pick") || form).append(list);
    for (const [name, value] of Object.entries({
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": list.id,
    })) {
      input.setAttribute(name, value);
    }

    let timer = 0;
    let request = null;
    let asked = "";

    const options = () => [...list.querySelectorAll('[role="option"]:not([aria-disabled="true"])')];
    const chosen = () => list.querySelector('[aria-selected="true"]');

    function show(visible) {
      list.hidden = !visible;
      input.setAttribute("aria-expanded", String(visible));
      if (!visible) choose(null);
    }

    function choose(option) {
      const old = chosen();
      if (old) old.removeAttribute("aria-selected");
      if (!option) return input.removeAttribute("aria-activedescendant");
      option.setAttribute("aria-selected", "true");
      input.setAttribute("aria-activedescendant", option.id);
      return option.scrollIntoView({ block: "nearest" });
    }

    function move(step) {
      const all = options();
      if (!all.length) return;
      const at = all.indexOf(chosen());
      choose(all[at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length]);
    }

    function go(option) {
      show(false);
      if (input.dataset.pick !== undefined) {
        input.value = option.querySelector("b").textContent;
        return;
      }
      location.assign(option.dataset.url);
    }

    async function ask() {
      const text = input.value.trim();
      if (request) request.abort();
      asked = text;
      if (!text) return show(false);
      request = new AbortController();
      try {
        const url = new URL(form.dataset.search || form.action, location.href);
        url.searchParams.set("q", text);
        const answer = await fetch(url, {
          signal: request.signal,
          headers: { "HX-Request": "true", "HX-Request-Type": "partial", Accept: "text/html" },
        });
        if (!answer.ok || answer.redirected) return show(false);
        const html = await answer.text();
        if (asked !== text || document.activeElement !== input) return undefined;
        list.innerHTML = html;
        list.querySelectorAll('[role="option"]').forEach((option, n) => {
          option.id = option.id || `${list.id}-${n}`;
        });
        return show(list.childElementCount > 0);
      } catch (error) {
        if (error.name !== "AbortError") show(false);
        return undefined;
      }
    }

    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT_MS);
    });

    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) ask();
        else move(event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Enter" && chosen()) {
        event.preventDefault();
        go(chosen());
      } else if (event.key === "Escape") {
        event.preventDefault();
        if (!list.hidden) show(false);
        else if (input.value) input.value = "";
        else input.blur();
      }
    });

    input.addEventListener("blur", () => show(false));
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest('[role="option"][data-url]');
      if (option) go(option);
    });
  }

  document.querySelectorAll("form[data-combobox]").forEach(enhance);
})();
