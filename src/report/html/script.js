"use strict";
// Hides what the form leaves out. Without scripts everything is shown.
const form = document.querySelector("form");
const sections = [...document.querySelectorAll("section")];
const text = new Map([...document.querySelectorAll("article")].map((found) => [
  found, (found.parentElement.querySelector("h2").textContent + " " + found.textContent).toLowerCase(),
]));
const apply = () => {
  const words = form.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = new Set([...form.querySelectorAll("[name=severity]:checked")].map((box) => box.value));
  let shown = 0;
  for (const section of sections) {
    let here = 0;
    for (const found of section.querySelectorAll("article")) {
      const fits = wanted.has(found.dataset.severity) && (!form.rule.value || form.rule.value === found.dataset.rule)
        && words.every((word) => text.get(found).includes(word));
      found.hidden = !fits;
      here += fits;
    }
    section.hidden = here === 0;
    shown += here;
  }
  document.getElementById("shown").textContent = shown + " of " + text.size + " shown";
  document.getElementById("none").hidden = shown > 0 || text.size === 0;
};
form.hidden = false;
form.addEventListener("input", apply);
form.addEventListener("submit", (event) => event.preventDefault());
apply();
