/* Keyboard: "/" search, "g" then a letter goes, "b" and "s" open the ticket, "?" lists them all. */
(() => {
  "use strict";

  const PAUSE_MS = 1500; // how long "g" waits for its letter
  let pending = 0;

  function typing(target) {
    return target.closest("input, select, textarea, [contenteditable], dialog[open]") !== null;
  }

  function find(attribute, key) {
    return [...document.querySelectorAll(`[${attribute}]`)].find((e) => e.getAttribute(attribute) === key);
  }

  function act(event, element) {
    if (!element) return;
    event.preventDefault();
    element.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    const going = Date.now() - pending < PAUSE_MS;
    pending = 0;
    if (going) return act(event, find("data-go", event.key));
    if (event.key === "g") {
      pending = Date.now();
    } else if (event.key === "/") {
      const search = document.getElementById("search");
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "?") {
      const list = document.getElementById("keys");
      if (list) list.showModal();
    } else {
      act(event, find("data-key", event.key));
    }
  });
})();
