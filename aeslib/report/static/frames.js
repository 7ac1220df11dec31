// Sliders and menus of a chapter choose among frames that were made when it ran; the page asks nobody for anything.
"use strict";
for (const film of document.querySelectorAll(".frames")) {
  const controls = [...film.querySelectorAll("[data-control]")];
  if (!controls.length) continue;
  const form = film.querySelector(".frame-controls");
  const frames = new Map([...film.querySelectorAll(":scope > template")].map((one) => [one.dataset.at, one]));
  const groups = JSON.parse(film.dataset.groups);
  const start = film.dataset.start.split(",");

  // the frame for where the controls stand; where there is none, those of other groups go back to their start
  const wanted = (moved) => {
    const at = controls.map((control) => control.value);
    if (frames.has(at.join())) return at;
    const group = groups.find((one) => one.includes(moved)) ?? [];
    return start.map((usual, i) => (group.includes(i) ? at[i] : usual));
  };

  const show = (moved) => {
    const at = wanted(moved);
    const frame = frames.get(at.join());
    if (!frame) return;
    const said = JSON.parse(frame.dataset.said);
    controls.forEach((control, i) => {
      control.value = at[i];
      if (control.type !== "range") return;
      control.setAttribute("aria-valuetext", said[i]);
      control.nextElementSibling.textContent = said[i];
    });
    film.querySelector(":scope > .frame-words").textContent = frame.dataset.words;
    film.querySelector(":scope > .frame").replaceChildren(frame.content.cloneNode(true));
  };

  form.reset(); // browsers bring back what was chosen before a reload
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const [i, control] of controls.entries()) control.addEventListener("input", () => show(i));
  form.hidden = false;
}
