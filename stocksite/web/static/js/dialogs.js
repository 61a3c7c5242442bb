/* Dialogs and menus: the order ticket, the list of shortcuts, details that behave like menus. */
(() => {
  "use strict";

  const ticket = () => document.getElementById("ticket");

  // All but the dialog is inert while it is open: messages come along, or nobody would hear them.
  function open(dialog) {
    if (!dialog || dialog.open) return;
    const flash = document.getElementById("flash");
    const home = document.createComment("flash");
    dialog.showModal();
    if (!flash) return;
    flash.replaceWith(home);
    dialog.append(flash);
    dialog.addEventListener("close", () => home.replaceWith(flash), { once: true });
  }

  function openTicket(link) {
    const dialog = ticket();
    const body = document.getElementById("ticket-body");
    body.innerHTML = '<div aria-hidden="true">' + '<span class="skeleton"></span>'.repeat(6) + "</div>";
    open(dialog);
    htmx.ajax("GET", link.href, { source: link, target: "#ticket-body", swap: "innerHTML" }).then(() => {
      const form = body.querySelector("form");
      if (!form) return location.assign(link.href); // an error or a login page: show it as a page
      const first = [
        "[autofocus]",
        "input[name=symbol][value='']",
        "[data-mode]:not([hidden]) input",
        "input:not([type=hidden])",
      ]
        .map((selector) => form.querySelector(selector))
        .find(Boolean);
      if (first) first.focus();
      return document.body.dispatchEvent(new CustomEvent("ticket:opened"));
    });
  }

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    const target = event.target;
    const link = target.closest("a[data-ticket]");
    if (link && ticket() && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) {
      event.preventDefault();
      openTicket(link);
      return;
    }
    const opener = target.closest("[data-open]");
    if (opener) open(document.getElementById(opener.dataset.open));
    if (target.matches("dialog.dialog[open]")) target.close(); // on the backdrop
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
  });

  // The server says so: HX-Trigger: {"ticket:close": {}} or {"order:placed": {...}}.
  for (const name of ["ticket:close", "order:placed"]) {
    document.addEventListener(name, () => ticket() && ticket().close());
  }

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details[data-menu][open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    const term = document.querySelector(".term:hover, .term:focus-within");
    if (term) term.dataset.closed = "";
  });

  // Help that would leave the window opens to the left.
  for (const name of ["pointerover", "focusin"]) {
    document.addEventListener(name, (event) => {
      const term = event.target.closest && event.target.closest(".term:not([data-end])");
      const tip = term && term.querySelector(".term-tip");
      if (tip && tip.getBoundingClientRect().right > document.documentElement.clientWidth) term.dataset.end = "";
    });
  }

  for (const name of ["pointerout", "focusout"]) {
    document.addEventListener(name, (event) => {
      const term = event.target.closest && event.target.closest(".term[data-closed]");
      if (term && !term.contains(event.relatedTarget)) delete term.dataset.closed;
    });
  }
})();
