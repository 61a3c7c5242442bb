/* Forms: one submit is one submit; typed confirmation; the ticket's two ways to say how much. */
(() => {
  "use strict";

  // A second submit of the same form is dropped until the first has an answer.
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!form.matches("form[data-once]")) return;
      if (form.dataset.busy) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      form.dataset.busy = "1";
      if (event.submitter) event.submitter.dataset.busy = "1";
      if (!form.matches("[hx-post], [hx-get]")) setTimeout(() => release(form), 10000);
    },
    true,
  );

  function release(form) {
    delete form.dataset.busy;
    for (const button of form.querySelectorAll("[data-busy]")) delete button.dataset.busy;
  }

  document.addEventListener("htmx:finally:request", (event) => {
    const form = event.detail.ctx.sourceElement;
    if (form && form.matches && form.matches("form[data-once]")) release(form);
  });

  // Back from the next page: the browser may restore the form as it was left, busy.
  addEventListener("pageshow", () => document.querySelectorAll("form[data-busy]").forEach(release));

  function checkName(form) {
    const input = form.querySelector("input:not([type=hidden])");
    const button = form.querySelector("button[type=submit]");
    if (input && button) button.disabled = input.value.trim() !== form.dataset.confirmName;
  }

  function showMode(form) {
    const chosen = form.querySelector('input[name="mode"]:checked');
    if (!chosen) return;
    for (const part of form.querySelectorAll("[data-mode]")) {
      const shown = part.dataset.mode === chosen.value;
      part.hidden = !shown;
      for (const field of part.querySelectorAll("input, select")) field.disabled = !shown;
    }
  }

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form) return;
    if (form.matches("[data-confirm-name]")) checkName(form);
    if (form.matches("[data-ticket-form]") && event.target.name === "mode") showMode(form);
  });

  // A select that filters sends its form at once; its button serves without scripts.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-autosubmit]") && event.target.form) event.target.form.requestSubmit();
  });

  function prepare(root) {
    const forms = [...root.querySelectorAll("[data-confirm-name], [data-ticket-form]")];
    if (root.matches("[data-confirm-name], [data-ticket-form]")) forms.push(root);
    for (const form of forms) {
      if (form.matches("[data-confirm-name]")) checkName(form);
      else showMode(form);
    }
  }

  document.addEventListener("htmx:after:process", (event) => prepare(event.target));
})();
