/* Live regions: polls pause in hidden tabs, changed prices flash. */
(() => {
  "use strict";

  const still = matchMedia("(prefers-reduced-motion: reduce)");

  document.addEventListener("htmx:config:request", (event) => {
    const trigger = event.detail.ctx.sourceEvent;
    if (document.hidden && trigger && trigger.type === "every") event.preventDefault();
  });

  // Remember what the cells about to be swapped say now, then compare. Cells are found by id.
  let before = new Map();

  function cellsOf(fragment) {
    const inside = fragment.querySelectorAll ? [...fragment.querySelectorAll("[data-flash][id]")] : [];
    return fragment.matches && fragment.matches("[data-flash][id]") ? [fragment, ...inside] : inside;
  }

  document.addEventListener("htmx:before:swap", (event) => {
    if (still.matches) return;
    for (const task of event.detail.tasks || []) {
      for (const cell of cellsOf(task.fragment)) {
        const shown = document.getElementById(cell.id);
        if (shown && shown.dataset.flash !== cell.dataset.flash) before.set(cell.id, shown.dataset.flash);
      }
    }
  });

  document.addEventListener("htmx:after:swap", () => {
    const changed = before;
    before = new Map();
    for (const [id, was] of changed) {
      const cell = document.getElementById(id);
      if (cell) flash(cell, Number(cell.dataset.flash) - Number(was));
    }
  });

  function flash(cell, change) {
    if (!change) return;
    cell.classList.remove("flash-up", "flash-down");
    void cell.offsetWidth; // restarts the animation
    cell.classList.add(change > 0 ? "flash-up" : "flash-down");
  }

  document.addEventListener("animationend", (event) => {
    if (event.animationName.startsWith("flash-")) event.target.classList.remove("flash-up", "flash-down");
  });

  // A New York time tells the reader's own on hover and on focus.
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

  function tellLocal(event) {
    const time = event.target.closest && event.target.closest("time[data-local]:not([title])");
    if (!time) return;
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.getTime())) time.title = `${local.format(moment)} your time`;
  }

  document.addEventListener("pointerover", tellLocal);
  document.addEventListener("focusin", tellLocal);
})();
