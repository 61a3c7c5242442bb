/* The API reference: find an operation, try it with the session of this page or a token. */
(() => {
  "use strict";

  const SAFE = ["GET", "HEAD"];
  const LONGEST = 200_000;

  const groups = document.querySelector(".api-groups");
  const filter = document.getElementById("api-filter");
  const token = document.getElementById("api-token");
  const found = document.getElementById("api-found");
  if (!groups || !filter) return;

  function narrow() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const operation of groups.querySelectorAll(".api-op")) {
      const hit = words.every((word) => operation.dataset.words.includes(word));
      operation.hidden = !hit;
      shown += hit ? 1 : 0;
    }
    for (const group of groups.querySelectorAll(".api-group")) {
      group.hidden = !group.querySelector(".api-op:not([hidden])");
    }
    found.textContent = words.length ? `${shown} ${shown === 1 ? "operation" : "operations"} found` : "";
  }

  function addressOf(form) {
    let path = form.dataset.path;
    const query = new URLSearchParams();
    for (const input of form.querySelectorAll("[data-in]")) {
      const value = input.value.trim();
      if (input.dataset.in === "path") {
        path = path.replace(`{${input.name}}`, encodeURIComponent(value));
      } else if (value) {
        query.append(input.name, value);
      }
    }
    const text = query.toString();
    return text ? `${path}?${text}` : path;
  }

  // Not randomUUID: it is missing on plain http, where a home server may well be.
  function newKey() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
  }

  function requestOf(form) {
    const method = form.dataset.method;
    const headers = { Accept: "application/json" };
    const bearer = token.value.trim();
    if (bearer) headers.Authorization = `Bearer ${bearer}`;
    else if (!SAFE.includes(method) && groups.dataset.csrf) headers["X-CSRFToken"] = groups.dataset.csrf;
    if ("creates" in form.dataset) headers["Idempotency-Key"] = newKey();
    const options = { method, headers, credentials: bearer ? "omit" : "same-origin" };
    const body = form.elements.namedItem("body");
    if (body) {
      headers["Content-Type"] = "application/json";
      options.body = body.value;
    }
    return options;
  }

  function pretty(text) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }

  function show(form, status, note, body) {
    const answer = form.querySelector(".api-answer");
    answer.querySelector("[data-part=status]").textContent = status;
    answer.querySelector("[data-part=note]").textContent = note;
    const shown = body.length > LONGEST ? `${body.slice(0, LONGEST)}\n…` : body;
    answer.querySelector("[data-part=body]").textContent = shown;
    answer.hidden = false;
  }

  async function send(form) {
    const address = addressOf(form);
    const began = performance.now();
    try {
      const response = await fetch(address, requestOf(form));
      const text = await response.text();
      const took = Math.round(performance.now() - began);
      show(form, `${response.status} ${response.statusText}`, `${address}, ${took} ms`, pretty(text));
    } catch {
      show(form, "No answer", address, "The site could not be reached. Check the connection and try again.");
    }
  }

  function openTarget() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches(".api-op")) target.open = true;
  }

  filter.addEventListener("input", narrow);
  groups.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.target.querySelector("button[type=submit]");
    button.disabled = true;
    await send(event.target);
    button.disabled = false;
  });
  window.addEventListener("hashchange", openTarget);
  narrow();
  openTarget();
})();
