"use strict";
// The chart is the text; the form, the answer and the picture are made of it by the service, each time anew.
const $ = (id) => document.getElementById(id);
const slider = $("at");
let moments = [];
let edits = new Set();
const waiting = new Map();
const timers = new Map();

// -- asking -----------------------------------------------------------------------------------------

async function ask(what, more = {}) {
  waiting.get(what)?.abort();
  const stop = new AbortController();
  waiting.set(what, stop);
  busy();
  try {
    const reply = await fetch(`workbench/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text: $("text").value, at: at(), pathway: $("pathway").value, ...more }),
      signal: stop.signal,
    });
    const body = reply.headers.get("Content-Type")?.includes("json") ? await reply.json() : await reply.text();
    if (!reply.ok) throw body.problems ? body : { problems: [{ message: body.title ?? "The service failed" }] };
    return body;
  } catch (fault) {
    if (fault.name === "AbortError") return null;
    throw fault.problems ? fault : { problems: [{ message: "The service cannot be reached" }] };
  } finally {
    if (waiting.get(what) === stop) waiting.delete(what);
    busy();
  }
}

const at = () => moments[Number(slider.value)] ?? "";
const busy = () => { $("busy").textContent = waiting.size ? "…" : ""; };

function soon(name, wait, work) {
  clearTimeout(timers.get(name));
  timers.set(name, setTimeout(work, wait));
}

// -- the chart --------------------------------------------------------------------------------------

async function readChart(more = {}, focus = null) {
  clearTimeout(timers.get("deep"));
  waiting.get("answer")?.abort();
  $("answer").classList.add("stale");
  let seen;
  try {
    seen = await ask("chart", more);
  } catch (fault) {
    tellProblems(fault.problems);
    return;
  }
  if (!seen) return;
  if (seen.text !== null) $("text").value = seen.text;
  $("form").innerHTML = seen.form;
  if (seen.fates || !more.edit) $("fates").innerHTML = seen.fates;
  tellProblems(seen.problems);
  setMoments(seen.moments, seen.at);
  showAnswer(seen.answer);
  restoreFocus(focus);
  if (!seen.answer) return;
  soon("deep", 250, deepAnswer);
  soon("course", 300, drawCourse);
}

function setMoments(found, chosen) {
  moments = found;
  slider.max = String(Math.max(found.length - 1, 0));
  slider.value = String(Math.max(found.indexOf(chosen), 0));
  slider.disabled = found.length < 2;
  tellTime();
}

function tellTime() {
  const told = at() || "–";
  $("at-told").textContent = told;
  slider.setAttribute("aria-valuetext", told);
  $("earlier").disabled = Number(slider.value) <= 0;
  $("later").disabled = Number(slider.value) >= moments.length - 1;
  markTime();
}

function tellProblems(problems) {
  for (const fault of document.querySelectorAll(".fault")) fault.hidden = true;
  for (const input of document.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  const list = document.createElement("ul");
  for (const one of problems) {
    const text = one.help ? `${one.message} (${one.help})` : one.message;
    const field = one.path ? $(`f-${one.path}`) ?? $(`f-${one.path}.at`) : null;
    const fault = one.path ? $(`e-${one.path}`) ?? (field && field.parentElement.querySelector(".fault")) : null;
    if (fault) { fault.textContent = text; fault.hidden = false; }
    if (field) { field.setAttribute("aria-invalid", "true"); if (fault) field.setAttribute("aria-describedby", fault.id); }
    const item = document.createElement("li");
    item.textContent = `${one.line ? `line ${one.line}: ` : ""}${one.path ? `${one.path}: ` : ""}${text}`;
    list.append(item);
  }
  $("problems").replaceChildren(...(problems.length ? [list] : []));
  return list.cloneNode(true);
}

// -- the answer -------------------------------------------------------------------------------------

// What is made anew keeps what somebody is at: his place, what is unfolded, what he has typed.
function showAnswer(html) {
  const place = $("answer");
  const here = place.contains(document.activeElement) ? keyOf(document.activeElement) : "";
  const open = place.querySelector(".ifs")?.open;
  const typed = [...place.querySelectorAll("[data-set]")].map((input) => [keyOf(input), input.value]);
  place.classList.toggle("stale", !html);
  if (html) place.innerHTML = html;
  const fold = place.querySelector(".ifs");
  if (fold && open) fold.open = true;
  for (const [key, value] of typed) { const input = place.querySelector(key); if (input) input.value = value; }
  for (const chip of place.querySelectorAll("[data-edit]")) {
    chip.setAttribute("aria-pressed", String(edits.has(chip.dataset.edit)));
  }
  if (here) place.querySelector(here)?.focus({ preventScroll: true });
}

// By what a control of the answer is found again after it was made anew.
function keyOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  for (const [name, key] of [["data-why-not", "whyNot"], ["data-edit", "edit"], ["data-set", "set"]]) {
    if (element.dataset[key] !== undefined) return `[${name}="${CSS.escape(element.dataset[key])}"]`;
  }
  const entry = element.closest(".entry");
  return entry ? `.${[...entry.classList].join(".")} .ask` : "#answer";
}

async function answer(quick) {
  try {
    const seen = await ask("answer", { quick });
    if (seen) showAnswer(seen.answer);
  } catch (fault) { tellProblems(fault.problems); }
}

const deepAnswer = () => answer(false);

function moved() {
  tellTime();
  clearTimeout(timers.get("deep"));
  soon("move", 40, async () => { await answer(true); soon("deep", 350, deepAnswer); });
}

function goTo(label) {
  const place = moments.indexOf(label);
  if (place < 0) return;
  slider.value = String(place);
  moved();
}

// -- the picture ------------------------------------------------------------------------------------

async function drawCourse() {
  try {
    const html = await ask("course");
    if (html !== null) { $("course").innerHTML = html; markTime(); }
  } catch { $("course").textContent = ""; }
}

function markTime() {
  const drawing = document.querySelector(".drawing");
  if (!drawing) return;
  const { begin, end, width, days } = drawing.dataset;
  const day = JSON.parse(days)[at()];
  const svg = drawing.querySelector("svg");
  svg?.querySelector(".here")?.remove();
  for (const step of document.querySelectorAll(".steps li")) step.classList.remove("current");
  if (day === undefined || !svg) return;
  const group = svg.querySelector("g[transform]");
  const [left, top] = group.getAttribute("transform").match(/-?[\d.]+/g).map(Number);
  const x = left + (day - Number(begin)) / (Number(end) - Number(begin)) * Number(width);
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  for (const [key, value] of Object.entries({ x1: x, x2: x, y1: top - 20, y2: svg.viewBox.baseVal.height, class: "here" })) {
    line.setAttribute(key, String(value));
  }
  svg.append(line);
  let last = null;
  for (const step of document.querySelectorAll(".step")) if (Number(step.dataset.day) <= day) last = step;
  last?.closest("li").classList.add("current");
}

// -- reasons and other questions --------------------------------------------------------------------

let asker = "";

function show(content) {
  const place = $("details");
  const close = document.createElement("button");
  close.type = "button";
  close.className = "close";
  close.textContent = "Close";
  close.addEventListener("click", hide);
  if (typeof content === "string") place.innerHTML = content; else place.replaceChildren(content);
  place.prepend(close);
  place.hidden = false;
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: "nearest" });
}

function hide() {
  $("details").hidden = true;
  if (asker) document.querySelector(asker)?.focus();
}

async function question(what, more, from) {
  asker = from ? keyOf(from) : "";
  try {
    const html = await ask(what, more);
    if (html !== null) show(html);
  } catch (fault) {
    const list = document.createElement("ul");
    for (const one of fault.problems) {
      const item = document.createElement("li");
      item.textContent = one.help ? `${one.message} (${one.help})` : one.message;
      list.append(item);
    }
    show(list);
  }
}

function whatIf(from) {
  const written = [...document.querySelectorAll("[data-set]")]
    .filter((input) => input.value.trim()).map((input) => `${input.dataset.set}${input.value.trim()}`);
  const about = [...edits, ...written].join("; ");
  if (about) question("what-if", { about }, from); else hide();
}

document.addEventListener("click", (event) => {
  const hit = (selector) => event.target.closest(selector);
  const entry = hit("#answer [data-why]");
  if (entry) return question("why", { names: entry.dataset.why.split(" ") }, entry.querySelector("button"));
  const whyNot = hit("[data-why-not]");
  if (whyNot) return question("why-not", { about: whyNot.dataset.whyNot }, whyNot);
  const chip = hit("[data-edit]");
  if (chip) {
    const on = !edits.has(chip.dataset.edit);
    if (on) edits.add(chip.dataset.edit); else edits.delete(chip.dataset.edit);
    chip.setAttribute("aria-pressed", String(on));
    return whatIf(chip);
  }
  const remove = hit("[data-remove]");
  if (remove) return readChart({ edit: { do: "remove", path: remove.dataset.remove } });
  const step = hit(".step");
  if (step) { goTo(step.dataset.at); return $("answer").scrollIntoView({ block: "nearest" }); }
  const number = hit("#course a");
  if (number) {
    event.preventDefault();
    const href = number.getAttribute("href") ?? number.getAttribute("xlink:href") ?? "";
    document.querySelector(`${href} .step`)?.click();
  }
  return null;
});

document.addEventListener("change", (event) => {
  const input = event.target;
  if (input.dataset.path !== undefined) readChart({ edit: { do: "set", path: input.dataset.path, value: input.value } }, input.id);
  else if (input.dataset.set !== undefined) whatIf(input);
  else if (input.getAttribute("list") === "analytes") {
    const known = [...$("analytes").options].find((one) => one.value === input.value);
    const value = input.form?.elements.namedItem("value");
    if (known?.dataset.hint && value) value.placeholder = known.dataset.hint;
  }
});

let pressed = "";
document.addEventListener("pointerdown", () => { pressed = ""; });
document.addEventListener("keydown", (event) => {
  pressed = event.key === "Tab" ? (event.shiftKey ? "back" : "on") : "";
  if (event.key === "Escape" && !$("details").hidden) hide();
});

// The form is made anew after each change; whoever tabs through it goes on where he was.
function restoreFocus(id) {
  const field = id && $(id);
  if (!field || (document.activeElement && document.activeElement !== document.body)) return;
  const fields = [...$("form").querySelectorAll("input, button")];
  const step = { on: 1, back: -1 }[pressed] ?? 0;
  (fields[fields.indexOf(field) + step] ?? field).focus();
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.dataset.add) {
    const fields = Object.fromEntries(new FormData(form));
    readChart({ edit: { do: "add", section: form.dataset.add, fields } }, form.querySelector("input").id);
  } else {
    question(form.id === "ask-order" ? "order" : "what-if", { about: new FormData(form).get("about") }, form.querySelector("input"));
  }
});

$("text").addEventListener("input", () => soon("read", 200, () => readChart()));
slider.addEventListener("input", moved);
$("earlier").addEventListener("click", () => { slider.stepDown(); moved(); });
$("later").addEventListener("click", () => { slider.stepUp(); moved(); });
$("pathway").addEventListener("change", () => { if ($("text").value) readChart(); });
$("ask-editions").addEventListener("click", (event) => question("editions", {}, event.target));
$("print").addEventListener("click", () => print());

// -- files ------------------------------------------------------------------------------------------

function take(text) {
  edits = new Set();
  moments = [];
  $("text").value = text;
  $("details").hidden = true;
  $("course").textContent = "";
  readChart();
}

$("example").addEventListener("change", async (event) => {
  if (!event.target.value) return;
  const reply = await fetch(`workbench/examples/${event.target.value}`);
  if (reply.ok) take(await reply.text());
});
$("file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) take(await file.text());
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, async (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("dropping", kind === "dragover");
    if (kind === "drop") take(await event.dataTransfer.files[0].text());
  });
}

function save(text, name, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
$("save-yaml").addEventListener("click", () => save($("text").value, "chart.yaml", "application/yaml"));
$("save-fhir").addEventListener("click", async (event) => {
  try {
    const bundle = await ask("fhir");
    if (bundle) save(JSON.stringify(bundle, null, 2), "chart.json", "application/fhir+json");
  } catch (fault) { asker = "#save-fhir"; show(tellProblems(fault.problems)); }
});

// -- tabs -------------------------------------------------------------------------------------------

const tabs = [$("tab-form"), $("tab-text")];
function choose(tab) {
  for (const one of tabs) {
    const chosen = one === tab;
    one.setAttribute("aria-selected", String(chosen));
    one.tabIndex = chosen ? 0 : -1;
    $(one.getAttribute("aria-controls")).hidden = !chosen;
  }
}
for (const tab of tabs) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = tabs[tabs.indexOf(tab) ? 0 : 1];
    choose(other);
    other.focus();
  });
}
