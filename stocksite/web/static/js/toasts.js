/* Messages in #flash: good news leaves by itself, trouble stays until it is dismissed. */
(() => {
  "use strict";

  const STAY_MS = 8000;
  const MOST = 4;

  function leave(toast) {
    if (!toast.isConnected) return;
    if (toast.matches(":hover, :focus-within")) setTimeout(() => leave(toast), STAY_MS);
    else toast.remove();
  }

  function watch() {
    const flash = document.getElementById("flash");
    if (!flash) return;
    const toasts = [...flash.querySelectorAll("[data-toast]")];
    toasts.slice(0, Math.max(toasts.length - MOST, 0)).forEach((toast) => toast.remove());
    for (const toast of toasts) {
      if (toast.dataset.seen || !["good", "info"].includes(toast.dataset.toast)) continue;
      toast.dataset.seen = "1";
      setTimeout(() => leave(toast), STAY_MS);
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dismiss]");
    if (button) button.closest("[data-toast]").remove();
  });

  document.addEventListener("htmx:after:process", watch);
})();
