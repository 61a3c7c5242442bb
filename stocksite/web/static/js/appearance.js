/* Theme and gain colours, without a reload. The cookie lets the server render the next page right. */
(() => {
  "use strict";

  const root = document.documentElement;
  const YEAR_S = 31536000;
  const FIRST = { theme: "system", gain: "green" }; // the choice that needs no attribute

  function remember(name, value) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${value}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax${secure}`;
  }

  function apply(name, value) {
    if (value === FIRST[name]) root.removeAttribute(`data-${name}`);
    else root.setAttribute(`data-${name}`, value);
    if (name === "theme") {
      const meta = document.querySelector('meta[name="color-scheme"]');
      if (meta) meta.content = value === "system" ? "light dark" : value;
    }
    document.dispatchEvent(new CustomEvent("appearance:changed"));
  }

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!event.target.matches("form[data-appearance]") || !button || !(button.name in FIRST)) return;
    event.preventDefault();
    remember(button.name, button.value);
    apply(button.name, button.value);
    for (const other of event.target.querySelectorAll(`button[name="${button.name}"]`)) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  });

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (!root.dataset.theme) document.dispatchEvent(new CustomEvent("appearance:changed"));
  });
})();
