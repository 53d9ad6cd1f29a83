"use strict";
(() => {
  const form = document.getElementById("filters");
  const count = document.getElementById("count");
  const classView = document.getElementById("class-view");
  const studentsView = document.getElementById("students-view");
  const rows = [...document.querySelectorAll("[data-row]")];
  const pages = [...studentsView.querySelectorAll(".student")];
  const folds = [...document.querySelectorAll("details.rest")];

  const value = (name) => form.elements[name].value.trim();
  const within = (list, wanted) => !wanted || list === undefined || list.includes("|" + wanted + "|");

  function fits(row, wanted) {
    const data = row.dataset;
    if (!within(data.tasks, wanted.task) || !within(data.properties, wanted.property)) return false;
    if (!within(data.mistakes, wanted.mistake)) return false;
    if (data.percent !== undefined) {
      const percent = Number(data.percent);
      if (wanted.low !== "" && percent < Number(wanted.low)) return false;
      if (wanted.high !== "" && percent > Number(wanted.high)) return false;
    }
    return !wanted.text || row.textContent.toLowerCase().includes(wanted.text);
  }

  function filter() {
    const wanted = {
      task: value("task"), property: value("property"), mistake: value("mistake"),
      low: value("low"), high: value("high"), text: value("text").toLowerCase(),
    };
    const active = Object.values(wanted).some((one) => one !== "");
    const shown = { student: 0, mistake: 0, property: 0 };
    const all = { student: 0, mistake: 0, property: 0 };
    for (const row of rows) {
      const kind = row.dataset.row;
      row.hidden = !fits(row, wanted);
      all[kind] += 1;
      if (!row.hidden) shown[kind] += 1;
    }
    if (active) for (const fold of folds) fold.open = true;
    count.textContent = count.dataset.words.replace(/\{(\w+)_(shown|all)\}/g, (_all, kind, which) =>
      String((which === "shown" ? shown : all)[kind]));
  }

  function navigate(moveFocus) {
    let wanted = null;
    try {
      wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch (_error) { /* a hash that is no text is no place */ }
    const page = wanted && wanted.closest(".student");
    classView.hidden = Boolean(page);
    studentsView.hidden = !page;
    for (const one of pages) one.hidden = one !== page;
    if (wanted && moveFocus) {
      const heading = page ? page.querySelector("h2") : wanted;
      heading.setAttribute("tabindex", "-1");
      heading.focus({ preventScroll: true });
      (page || wanted).scrollIntoView();
    }
  }

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  for (const button of document.querySelectorAll("[data-pick]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      form.reset();
      form.elements.mistake.value = button.dataset.pick;
      setTimeout(() => {
        filter();
        if (location.hash === "#students") navigate(true);  // nothing changes, and no event comes
        else location.hash = "#students";
      });
    });
  }
  addEventListener("hashchange", () => navigate(true));
  filter();
  navigate(location.hash !== "");
})();
