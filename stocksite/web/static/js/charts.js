/* Bokeh charts: mounted from <figure data-bokeh><script type="application/json">, in our colours,
   torn down when their figure leaves. Bokeh (1.3 MB) is fetched by the first chart that is seen. */
(() => {
  "use strict";

  const own = document.currentScript;
  const nonce = own.nonce;
  const library = own.dataset.bokeh;
  const mounted = new Map(); // figure → { text, roots, documents }
  let loading = null;

  // Bokeh writes <style> elements; our policy admits those that carry the page's nonce.
  const create = Document.prototype.createElement;
  Document.prototype.createElement = function createElement(name, ...rest) {
    const element = create.call(this, name, ...rest);
    if (String(name).toLowerCase() === "style") element.nonce = nonce;
    return element;
  };

  function load() {
    loading ??= new Promise((resolve, reject) => {
      if (window.Bokeh) return resolve();
      const script = document.createElement("script");
      script.src = library;
      script.onload = () => resolve();
      script.onerror = reject;
      return document.head.append(script);
    });
    return loading;
  }

  // The server writes stand-in colours (web/palette.py); here they become the theme's.
  const STAND_INS = {
    "#010101": "--ink", "#010102": "--ink-2", "#010103": "--ink-3", "#010104": "--grid",
    "#010105": "--sheet", "#010106": "--line-strong", "#010107": "--gain", "#010108": "--loss",
    "#010109": "--raised", "#01010a": "--line", "#010111": "--series-1", "#010112": "--series-2",
    "#010113": "--series-3", "#010114": "--series-4", "#010115": "--series-5",
    "#010116": "--series-6", "#010117": "--series-7", "#010118": "--series-8",
  };

  function painter() {
    const probe = document.createElement("span");
    document.body.append(probe);
    const colors = {};
    for (const [stand, token] of Object.entries(STAND_INS)) {
      probe.style.color = `var(${token})`;
      colors[stand] = getComputedStyle(probe).color;
    }
    probe.remove();
    return (key, value) => (typeof value === "string" && colors[value.toLowerCase()]) || value;
  }

  async function mount(figure, colors) {
    const source = figure.querySelector('script[type="application/json"]');
    const slot = figure.querySelector(".bokeh-slot");
    if (!source || !slot) return;
    const text = source.textContent;
    if (mounted.has(figure) && mounted.get(figure).text === text && !colors) return;
    unmount(figure);
    mounted.set(figure, { text, roots: [], documents: [] });
    try {
      await load();
      if (!figure.isConnected || mounted.get(figure)?.text !== text) return;
      figure.querySelector(".figure-body").dataset.bokehLive = ""; // the slot has its size before Bokeh asks
      const views = await Bokeh.embed.embed_item(JSON.parse(text, painter()), slot);
      const roots = [...views];
      mounted.set(figure, { text, roots, documents: roots.map((view) => view.model.document) });
      if (!figure.isConnected) unmount(figure);
    } catch (error) {
      unmount(figure); // the SVG stays
      console.error("chart", error);
    }
  }

  function unmount(figure) {
    const held = mounted.get(figure);
    if (!held) return;
    mounted.delete(figure);
    for (const view of held.roots) view.remove();
    for (const gone of held.documents) {
      const at = Bokeh.documents.indexOf(gone);
      if (at >= 0) Bokeh.documents.splice(at, 1); // or they pile up
    }
    const slot = figure.querySelector(".bokeh-slot");
    if (slot) slot.replaceChildren();
    const body = figure.querySelector(".figure-body");
    if (body) delete body.dataset.bokehLive;
  }

  function figuresIn(root) {
    const inside = [...root.querySelectorAll("figure[data-bokeh]")];
    return root.matches("figure[data-bokeh]") ? [root, ...inside] : inside;
  }

  document.addEventListener("htmx:after:process", (event) => {
    for (const figure of figuresIn(event.target)) mount(figure);
  });

  document.addEventListener("htmx:after:swap", () => {
    for (const figure of [...mounted.keys()]) if (!figure.isConnected) unmount(figure);
  });

  document.addEventListener("appearance:changed", () => {
    for (const figure of [...mounted.keys()]) mount(figure, true);
  });
})();
