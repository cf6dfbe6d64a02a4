"use strict";
// Tables sort by a click on a head; devices are filtered by what their section says; links open the section they lead to.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
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
        return numeric ? Number(cell.dataset.value ?? cell.textContent) || 0 : cell.textContent.trim().toLowerCase();
      };
      const body = table.tBodies[0];
      const rows = [...body.rows].sort((a, b) => {
        const x = value(a), y = value(b);
        return (x < y ? -1 : x > y ? 1 : 0) * (down ? 1 : -1);
      });
      body.append(...rows);
    });
  });
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
  if (target instanceof HTMLDetailsElement) { target.open = true; target.scrollIntoView(); }
};
addEventListener("hashchange", reveal);
addEventListener("beforeprint", () => devices.forEach((device) => { device.open = true; }));
reveal();
