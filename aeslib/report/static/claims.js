// Filters of the claims page. What is chosen stays in the address, so that a filtered view can be linked to.
"use strict";
(() => {
  const form = document.getElementById("filters");
  const rows = [...document.querySelectorAll("table.claims tbody tr")];
  const shown = document.getElementById("shown");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const chosen = () => [...new FormData(form)].filter(([, value]) => value.trim() !== "");

  function apply() {
    const wanted = chosen();
    let count = 0;
    for (const row of rows) {
      const fits = wanted.every(([name, value]) =>
        name === "text"
          ? value.toLowerCase().split(/\s+/).every((word) => texts.get(row).includes(word))
          : row.dataset[name] === value,
      );
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = wanted.length ? `${count} of ${rows.length} claims` : `${count} claims`;
  }

  function remember() {
    const address = new URLSearchParams(chosen()).toString();
    history.replaceState(null, "", address ? `#${address}` : location.pathname);
  }

  function recall() {
    if (!location.hash.includes("=")) return;
    const saved = new URLSearchParams(location.hash.slice(1));
    for (const field of form.elements) if (field.name) field.value = saved.get(field.name) ?? "";
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { apply(); remember(); });
  form.addEventListener("reset", () => setTimeout(() => { apply(); remember(); }));
  window.addEventListener("hashchange", () => { recall(); apply(); });
  recall();
  apply();
})();
