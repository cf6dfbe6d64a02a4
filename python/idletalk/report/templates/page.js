"use strict";
// Tables sort by a click on a head and are filtered by a word; devices are filtered by what their section says; links open
// what they lead to; a number tells its query.
const prepare = (table) => {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "descending" || (!head.hasAttribute("aria-sort") && !head.classList.contains("n"));
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "ascending" : "descending");
      const numeric = head.classList.contains("n");
      const value = (row) => {
        const cell = row.cells[column];
        if (!cell) return numeric ? 0 : "";
        return numeric ? Number(cell.dataset.value ?? cell.querySelector("data")?.value ?? cell.textContent) || 0 : cell.textContent.trim().toLowerCase();
      };
      const rows = [...body.rows].sort((a, b) => {
        const x = value(a), y = value(b);
        return (x < y ? -1 : x > y ? 1 : 0) * (down ? 1 : -1);
      });
      body.append(...rows);
    });
  });
  if (body.rows.length < 8) return;
  const filter = document.createElement("input");
  filter.type = "search";
  filter.className = "filter";
  filter.placeholder = "filter these rows";
  filter.setAttribute("aria-label", `Filter the table of ${heads[0].textContent} and more`);
  const told = document.createElement("small");
  told.setAttribute("role", "status");
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    let left = 0;
    for (const row of body.rows) {
      row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
      left += row.hidden ? 0 : 1;
    }
    told.textContent = wanted === "" ? "" : ` ${left} of ${body.rows.length} rows`;
  });
  const place = document.createElement("p");
  place.className = "filtering";
  place.append(filter, told);
  (table.closest(".scroll") ?? table).before(place);
};
// what nobody has opened yet costs nothing
for (const table of document.querySelectorAll("table.sortable")) {
  const closed = table.closest("details:not([open])");
  if (closed) closed.addEventListener("toggle", () => prepare(table), { once: true });
  else prepare(table);
}
const devices = [...document.querySelectorAll("details.device")];
const find = document.getElementById("find");
find.addEventListener("input", () => {
  const wanted = find.value.trim().toLowerCase();
  for (const device of devices) device.hidden = wanted !== "" && !device.textContent.toLowerCase().includes(wanted);
});
const openAll = document.getElementById("open-all");
openAll.addEventListener("click", () => {
  const open = openAll.textContent === "Open all";
  for (const device of devices) device.open = open;
  openAll.textContent = open ? "Close all" : "Open all";
});
const reveal = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let at = target; at; at = at.parentElement) if (at instanceof HTMLDetailsElement) at.open = true;
  target.scrollIntoView();
};
addEventListener("hashchange", reveal);
addEventListener("beforeprint", () => devices.forEach((device) => { device.open = true; }));
// the query behind a number, with the parameters that stand around it
addEventListener("pointerover", (event) => {
  const number = event.target instanceof Element && event.target.closest("[data-q]");
  if (!number || number.title) return;
  const query = document.getElementById(`query-${number.dataset.q}`)?.nextElementSibling?.textContent ?? "";
  const told = query.replace(/\$([a-z]+)/g, (all, name) => {
    const value = number.closest(`[data-${name}]`)?.dataset[name];
    return value === undefined ? all : `'${value.replaceAll("'", "''")}'`;
  });
  number.title = number.value === undefined ? told : `${number.value} = ${told}`;
});
reveal();
