"use strict";
// Every mark that shows a datum has its text as a label: hovering shows it, and so do the arrow keys.
const tip = document.createElement("div");
tip.className = "tip";
tip.setAttribute("role", "status");
tip.hidden = true;
document.body.append(tip);

function show(mark) {
  const box = mark.getBoundingClientRect();
  tip.textContent = mark.getAttribute("aria-label");
  tip.hidden = false;
  const left = Math.min(Math.max(box.left + box.width / 2 - tip.offsetWidth / 2, 4), innerWidth - tip.offsetWidth - 4);
  const above = box.top - tip.offsetHeight - 6;
  tip.style.transform = `translate(${left}px, ${above > 4 ? above : box.bottom + 6}px)`;
}

for (const picture of document.querySelectorAll(".picture")) {
  const marks = () => [...picture.querySelectorAll("[role=graphics-symbol][aria-label]")]
    .sort((a, b) => a.getBoundingClientRect().left - b.getBoundingClientRect().left);
  let order = null;
  let here = -1;
  picture.addEventListener("pointerover", (event) => {
    const mark = event.target.closest("[role=graphics-symbol][aria-label]");
    if (mark) show(mark); else tip.hidden = true;
  });
  picture.addEventListener("pointerleave", () => { tip.hidden = true; });
  picture.addEventListener("blur", () => { tip.hidden = true; });
  picture.addEventListener("keydown", (event) => {
    if (event.key === "Escape") tip.hidden = true;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    order ??= marks();
    here = Math.min(Math.max(here + step, 0), order.length - 1);
    order[here].scrollIntoView({ block: "nearest", inline: "nearest" });
    show(order[here]);
  });
}

function unfold() {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
}
addEventListener("beforeprint", unfold);
