"use strict";
// The chart is the text. The form, the answer and the picture are made of it by the service, each time anew.
// `version` counts the texts: what is made of an older one is thrown away.
const slider = $("at");
const LARGE = 100_000;
let version = 0;
let moments = [];
let edits = new Set();
let swapping = false;
const running = new Map();
const timers = new Map();

// -- asking -----------------------------------------------------------------------------------------

// One question of a kind at a time: a newer one ends the older, which then gives null.
async function ask(kind, more = {}, what = kind) {
  end(kind);
  const stop = new AbortController();
  running.set(kind, stop);
  busy();
  try {
    const asked = { text: $("text").value, at: at(), pathway: $("pathway").value, ...more };
    return await post(what, asked, stop.signal);
  } catch (fault) {
    if (stop.signal.aborted) return null;
    throw { problems: faults(fault) };
  } finally {
    if (running.get(kind) === stop) running.delete(kind);
    busy();
  }
}

function end(...kinds) {
  for (const kind of kinds) { running.get(kind)?.abort(); running.delete(kind); clearTimeout(timers.get(kind)); }
}

function soon(kind, wait, work) {
  clearTimeout(timers.get(kind));
  timers.set(kind, setTimeout(work, wait));
}

const at = () => moments[Number(slider.value)] ?? "";
const busy = () => { $("busy").textContent = running.size ? "…" : ""; };

// -- the chart --------------------------------------------------------------------------------------

// The text has changed: what stands of the former one is marked, until there is an answer again.
function changed() {
  version += 1;
  end("chart", "answer", "course", "question");
  hide(false);
  $("answer").classList.add("stale");
  $("answer").setAttribute("aria-busy", "true");
}

async function readChart() {
  const mine = version;
  let seen;
  try {
    // Who looks at the last time goes on to look at the last, also where a later one has come.
    seen = await ask("chart", Number(slider.value) >= moments.length - 1 ? { at: "" } : {});
  } catch (fault) {
    if (mine === version) unreadable(fault.problems);
    return;
  }
  if (!seen || mine !== version) return;
  if (seen.text !== null) $("text").value = seen.text;
  swap($("form"), seen.form);
  $("form").inert = false;
  if (seen.fates) $("fates").innerHTML = seen.fates;
  tellProblems(seen.problems);
  setMoments(seen.moments, seen.at);
  if (!seen.answer) { noAnswer(); return; }
  showAnswer(seen.answer);
  const large = $("text").value.length > LARGE;
  soon("answer", large ? 3000 : 700, deepAnswer);
  soon("course", large ? 2000 : 300, drawCourse);
}

// The text cannot be read at all: the form of the former one is not to be used.
function unreadable(problems) {
  $("form").inert = true;
  tellProblems(problems);
  setMoments([], "");
  noAnswer();
}

function noAnswer() {
  const told = document.createElement("p");
  told.textContent = $("text").value.trim() ? "No answer while the chart has problems." : "No chart yet.";
  $("answer").replaceChildren(told);
  settled();
  $("course").replaceChildren();
}

function settled() {
  $("answer").classList.remove("stale");
  $("answer").removeAttribute("aria-busy");
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
  for (const input of document.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
  for (const one of problems) {
    if (!one.path) continue;
    const path = CSS.escape(one.path);
    const fault = document.querySelector(`[data-fault="${path}"]`);
    const field = document.querySelector(`[data-path="${path}"]`);
    if (fault) { fault.textContent = textOf(one); fault.hidden = false; }
    if (field) { field.setAttribute("aria-invalid", "true"); if (fault?.id) field.setAttribute("aria-describedby", fault.id); }
  }
  $("problems").replaceChildren(...(problems.length ? [listOf(problems, true)] : []));
}

// What is said to users of the command line, as it is said here.
const words = (text) => text.replace(/--(?:set|remove|wait) '?([^':]+)'?/g, "$1").replace(/[;.]?\s*(?:see )?`nephroline [^`]*`[^;.)]*/g, "");

const textOf = (one) => plainly({ message: words(one.message), help: words(one.help ?? "").trim() });
const listOf = (problems, placed = false) => listed(problems, textOf, placed);

// -- what is made anew keeps what somebody is at: his place, and what he has typed -------------------

// By what a control is found again after it was made anew.
function keyOf(element) {
  for (const name of ["data-path", "data-why-not", "data-edit", "data-set"]) {
    if (element.hasAttribute?.(name)) return `[${name}="${CSS.escape(element.getAttribute(name))}"]`;
  }
  const entry = element.closest?.(".entry");
  if (entry) return `.${[...entry.classList].join(".")} .ask`;
  return element.id ? `#${CSS.escape(element.id)}` : "";
}

function swap(place, html) {
  const active = place.contains(document.activeElement) ? document.activeElement : null;
  const here = active && keyOf(active);
  const caret = active?.matches("input") ? [active.selectionStart, active.selectionEnd] : null;
  const typed = [...place.querySelectorAll("input")]
    .filter((input) => input.value !== input.defaultValue && !input.dataset.sent && keyOf(input))
    .map((input) => [keyOf(input), input.value]);
  const unfolded = [...place.querySelectorAll("details")].map((fold) => fold.open);
  swapping = true;
  place.innerHTML = html;
  swapping = false;
  [...place.querySelectorAll("details")].forEach((fold, i) => { fold.open = unfolded[i] ?? fold.open; });
  for (const [key, value] of typed) {
    const input = place.querySelector(key);
    if (input) input.value = value;
  }
  const again = here && place.querySelector(here);
  if (!again) return;
  again.focus({ preventScroll: true });
  if (caret && again.matches("input") && caret[0] !== null) again.setSelectionRange(...caret);
}

// -- changes in the form: one after the other, each to the text that the one before has made ---------

let queue = Promise.resolve();
let queued = 0;

function edit(change, focus = "") {
  changed();
  queued += 1;
  $("text").readOnly = true;
  queue = queue.then(async () => {
    let problems = null;
    try {
      const text = await ask("edit", { edit: change });
      if (text !== null) $("text").value = text;
    } catch (fault) { problems = fault.problems; }
    queued -= 1;
    if (queued) return;
    $("text").readOnly = false;
    await readChart();
    if (problems) $("problems").append(listOf(problems));
    if (focus && (document.activeElement === document.body || !document.activeElement)) {
      document.querySelector(focus)?.focus();
    }
  });
}

// A field is committed once, when it is left or Enter is pressed.
function commit(input) {
  if (swapping || input.value === input.defaultValue || input.dataset.sent === input.value) return;
  input.dataset.sent = input.value;
  edit({ do: "set", path: input.dataset.path, value: input.value });
}

function add(form) {
  const section = form.dataset.add;
  const fields = Object.fromEntries(new FormData(form));
  for (const input of form.querySelectorAll("input")) input.dataset.sent = input.value;
  const first = form.querySelector("input");
  first.focus();
  edit({ do: "add", section, fields }, `#${first.id}`);
}

// -- the answer -------------------------------------------------------------------------------------

function showAnswer(html) {
  swap($("answer"), html);
  settled();
  const chips = [...document.querySelectorAll("[data-edit]")];
  edits = new Set(chips.map((chip) => chip.dataset.edit).filter((one) => edits.has(one)));
  for (const chip of chips) chip.setAttribute("aria-pressed", String(edits.has(chip.dataset.edit)));
}

async function answer(quick) {
  const mine = [version, at()];
  try {
    const seen = await ask("answer", { quick });
    if (seen && mine[0] === version && mine[1] === at()) showAnswer(seen.answer);
  } catch (fault) {
    if (mine[0] === version && mine[1] === at()) { tellProblems(fault.problems); noAnswer(); }
  }
}

const deepAnswer = () => answer(false);

function moved() {
  tellTime();
  end("answer", "question");
  hide(false);
  $("answer").classList.add("stale");
  $("answer").setAttribute("aria-busy", "true");
  soon("answer", 40, async () => {
    const mine = [version, at()];
    await answer(true);
    if (mine[0] === version && mine[1] === at()) soon("answer", 700, deepAnswer);
  });
}

function goTo(label) {
  const place = moments.indexOf(label);
  if (place < 0) return;
  slider.value = String(place);
  moved();
}

// -- the picture ------------------------------------------------------------------------------------

async function drawCourse() {
  const mine = version;
  try {
    const html = await ask("course");
    if (html !== null && mine === version) { $("course").innerHTML = html; markTime(); }
  } catch (fault) {
    if (mine === version) $("course").replaceChildren(listOf(fault.problems));
  }
}

function markTime() {
  const drawing = document.querySelector(".drawing");
  if (!drawing) return;
  const { begin, end: last, width, days } = drawing.dataset;
  const day = JSON.parse(days)[at()];
  const svg = drawing.querySelector("svg");
  svg?.querySelector(".here")?.remove();
  for (const step of document.querySelectorAll(".steps li")) step.removeAttribute("aria-current");
  if (day === undefined || !svg) return;
  const [left, top] = svg.querySelector("g[transform]").getAttribute("transform").match(/-?[\d.]+/g).map(Number);
  const x = left + (day - Number(begin)) / (Number(last) - Number(begin)) * Number(width);
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  const drawn = { x1: x, x2: x, y1: top - 20, y2: svg.viewBox.baseVal.height, class: "here" };
  for (const [key, value] of Object.entries(drawn)) line.setAttribute(key, String(value));
  svg.append(line);
  let current = null;
  for (const step of document.querySelectorAll(".step")) if (Number(step.dataset.day) <= day) current = step;
  current?.closest("li").setAttribute("aria-current", "step");
}

// -- reasons and other questions: one at a time, about the answer that stands ------------------------

let asker = "";

function show(content) {
  const place = $("details");
  const close = document.createElement("button");
  close.type = "button";
  close.className = "close";
  close.textContent = "Close";
  close.addEventListener("click", () => hide(true));
  if (typeof content === "string") place.innerHTML = content; else place.replaceChildren(content);
  place.prepend(close);
  place.hidden = false;
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: "nearest" });
}

function hide(back) {
  end("question");
  if ($("details").hidden) return;
  $("details").hidden = true;
  $("details").replaceChildren();
  if (back && asker) document.querySelector(asker)?.focus();
}

async function question(what, more, from) {
  asker = from ? keyOf(from) : "";
  const mine = [version, at()];
  try {
    const html = await ask("question", more, what);
    if (html !== null && mine[0] === version && mine[1] === at()) show(html);
  } catch (fault) {
    if (mine[0] === version) show(listOf(fault.problems));
  }
}

function whatIf(from) {
  const written = [...document.querySelectorAll("[data-set]")]
    .filter((input) => input.value.trim()).map((input) => `${input.dataset.set}${input.value.trim()}`);
  const about = [...edits, ...written].join("; ");
  if (about) question("what-if", { about }, from); else hide(false);
}

function toggle(chip) {
  const one = chip.dataset.edit;
  const on = !edits.has(one);
  // Only one wait at a time.
  if (on && one.startsWith("wait ")) edits = new Set([...edits].filter((other) => !other.startsWith("wait ")));
  if (on) edits.add(one); else edits.delete(one);
  for (const each of document.querySelectorAll("[data-edit]")) {
    each.setAttribute("aria-pressed", String(edits.has(each.dataset.edit)));
  }
  whatIf(chip);
}

// -- what is clicked, typed and sent -----------------------------------------------------------------

document.addEventListener("click", (event) => {
  const hit = (selector) => event.target.closest(selector);
  const entry = hit("#answer [data-why]");
  if (entry) return question("why", { names: entry.dataset.why.split(" ") }, entry.querySelector("button"));
  const whyNot = hit("[data-why-not]");
  if (whyNot) return question("why-not", { about: whyNot.dataset.whyNot }, whyNot);
  const chip = hit("[data-edit]");
  if (chip) return toggle(chip);
  const remove = hit("[data-remove]");
  if (remove) {
    if (remove.disabled) return null;
    remove.disabled = true;
    const section = remove.closest("fieldset").dataset.section;
    return edit({ do: "remove", path: remove.dataset.remove }, `form[data-add="${section}"] input`);
  }
  const step = hit(".step");
  if (step) { goTo(step.dataset.at); return document.querySelector(".reply").scrollIntoView({ block: "start" }); }
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
  if (swapping) return;
  if (input.dataset.path !== undefined) commit(input);
  else if (input.dataset.set !== undefined) whatIf(input);
  else if (input.getAttribute("list") === "analytes") {
    const known = [...$("analytes").options].find((one) => one.value === input.value);
    const value = input.form?.elements.namedItem("value");
    if (known?.dataset.hint && value) value.placeholder = known.dataset.hint;
  }
});

document.addEventListener("focusout", (event) => {
  if (event.target.dataset?.path !== undefined) commit(event.target);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.dataset?.path !== undefined) commit(event.target);
  if (event.key === "Escape" && !$("details").hidden) hide(true);
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.id === "ask-zero") saveFhir({ time_zero: new FormData(form).get("zero") });
  else if (form.dataset.add) add(form);
  else {
    const about = new FormData(form).get("about");
    question(form.id === "ask-order" ? "order" : "what-if", { about }, form.querySelector("input"));
  }
});

$("text").addEventListener("input", () => {
  changed();
  $("fates").replaceChildren();
  soon("chart", $("text").value.length > LARGE ? 1500 : 200, readChart);
});
slider.addEventListener("input", moved);
$("earlier").addEventListener("click", () => { slider.stepDown(); moved(); });
$("later").addEventListener("click", () => { slider.stepUp(); moved(); });
$("pathway").addEventListener("change", () => { if ($("text").value.trim()) { changed(); readChart(); } });
$("ask-editions").addEventListener("click", (event) => question("editions", {}, event.target));
$("keep")?.addEventListener("click", (event) => question("keep", { quick: false }, event.target));
$("print").addEventListener("click", () => print());

// -- files ------------------------------------------------------------------------------------------

let taking = 0;

// The last that was asked for is taken, whichever comes first.
async function take(reading) {
  taking += 1;
  const mine = taking;
  changed();
  try {
    const text = await reading;
    if (mine !== taking) return;
    edits = new Set();
    $("pathway").value = "auto";
    $("fates").replaceChildren();
    $("course").replaceChildren();
    setMoments([], "");
    $("text").value = text;
    changed();
    await readChart();
  } catch {
    if (mine === taking) { $("text").value = ""; unreadable([{ message: "It cannot be read, or the service cannot be reached" }]); }
  }
}

async function example(name) {
  const reply = await fetch(`workbench/examples/${name}`);
  if (!reply.ok) throw reply;
  return reply.text();
}

$("example").addEventListener("change", (event) => { if (event.target.value) take(example(event.target.value)); });
$("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (file) { $("example").value = ""; take(file.text()); }
  event.target.value = "";
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("dropping", kind === "dragover");
    if (kind === "drop") { $("example").value = ""; take(event.dataTransfer.files[0].text()); }
  });
}

$("save-yaml").addEventListener("click", () => save($("text").value, "chart.yaml", "application/yaml"));

async function saveFhir(more) {
  asker = "#save-fhir";
  try {
    const bundle = await ask("question", more, "fhir");
    if (!bundle) return;
    hide(true);
    save(JSON.stringify(bundle, null, 2), "chart.json", "application/fhir+json");
  } catch (fault) {
    show(listOf(fault.problems));
    $("details").append($("zero").content.cloneNode(true));
  }
}
$("save-fhir").addEventListener("click", () => saveFhir({}));

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
