/* On a narrow screen a row of tabs scrolls: the one at hand is brought into view. */
(() => {
  "use strict";

  document.addEventListener("htmx:after:process", (event) => {
    for (const tab of event.target.querySelectorAll(".tabs [aria-current]")) {
      const row = tab.closest(".tabs");
      row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
    }
  });
})();
