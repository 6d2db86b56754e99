"use strict";
// A file of rules is checked as it is changed; which answers that changes is asked a few scenarios at a time.
let version = 0;
let timer = 0;
let stopped = true;
let shown = "";
let wanted = 0;
let differs = false;

const ask = (what, more = {}) => post(`rules/${what}`, { file: shown, text: $("text").value, ...more });

function tell(problems) {
  $("problems").replaceChildren(...(problems.length ? [listed(problems, plainly, true)] : []));
}

async function check() {
  const mine = version;
  let seen;
  try { seen = await ask("check"); } catch (fault) { if (mine === version) { tell(faults(fault)); $("state").textContent = ""; } return; }
  if (mine !== version) return;
  tell(seen.problems);
  differs = seen.pathways.length > 0;
  $("try").disabled = !differs;
  $("cover").disabled = seen.problems.length > 0;
  if (seen.problems.length) $("state").textContent = "It cannot be used as it is written:";
  else if (seen.pathways.length) $("state").textContent = `It is well written, and counts in ${seen.pathways.join(", ")}.`;
  else $("state").textContent = "It says the same as the file.";
}

function changed() {
  version += 1;
  stopped = true;
  clearTimeout(timer);
  differs = false;
  $("try").disabled = true;
  $("cover").disabled = true;
  $("changes").replaceChildren();
  $("progress").hidden = true;
  $("stop").hidden = true;
}

async function open(name, line = 0) {
  wanted += 1;
  const mine = wanted;
  changed();
  try {
    const reply = await fetch(`workbench/rules/files/${name}`);
    if (!reply.ok) throw reply;
    const text = await reply.text();
    if (mine !== wanted) return;
    shown = name;
    $("file").value = name;
    $("text").value = text;
  } catch { if (mine === wanted) tell([{ message: "The file cannot be read" }]); return; }
  $("text").disabled = false;
  $("save").disabled = false;
  if (line) {
    const start = $("text").value.split("\n").slice(0, line - 1).join("\n").length + 1;
    $("text").focus();
    $("text").setSelectionRange(start, start);
    $("text").scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle($("text")).lineHeight));
  }
  check();
}

// Ask about all scenarios, a few at a time; *take* is given what comes, and says how it stands.
async function walk(what, take) {
  const mine = version;
  stopped = false;
  let [done, total] = [0, 1];
  $("changes").replaceChildren();
  $("progress").hidden = false;
  $("stop").hidden = false;
  $("try").disabled = true;
  $("cover").disabled = true;
  while (done < total && !stopped && mine === version) {
    let seen;
    try { seen = await ask(what, { after: done }); } catch (fault) { if (mine === version) tell(faults(fault)); break; }
    if (mine !== version) return;
    ({ done, total } = seen);
    $("progress").max = total;
    $("progress").value = done;
    $("state").textContent = `${take(seen)}; ${done} of ${total} scenarios asked.`;
  }
  if (mine !== version) return;
  $("stop").hidden = true;
  $("try").disabled = !differs;
  $("cover").disabled = false;
}

function tryIt() {
  let count = 0;
  return walk("changes", (seen) => {
    count += seen.changed;
    if (seen.changes) $("changes").insertAdjacentHTML("beforeend", seen.changes);
    return `${count} answer${count === 1 ? "" : "s"} changed`;
  });
}

// A clause is tested when it alone has decided both while it held and while it failed.
function cover() {
  const conditions = new Map();
  return walk("coverage", (seen) => {
    for (const one of seen.conditions) {
      const known = conditions.get(one.key);
      if (known) known.clauses.forEach((clause, i) => { clause.held ||= one.clauses[i].held; clause.failed ||= one.clauses[i].failed; });
      else conditions.set(one.key, one);
    }
    const clauses = [...conditions.values()].flatMap((one) => one.clauses);
    $("changes").replaceChildren(tableOf([...conditions.values()]));
    return `${clauses.filter((one) => one.held && one.failed).length} of ${clauses.length} clauses tested`;
  });
}

function cellOf(kind, text) {
  const cell = document.createElement(kind);
  cell.textContent = text;
  return cell;
}

function tableOf(conditions) {
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const text of ["condition", "clause", "held", "failed"]) head.append(cellOf("th", text));
  const gaps = (one) => one.clauses.filter((clause) => !(clause.held && clause.failed)).length;
  for (const one of conditions.sort((a, b) => gaps(b) - gaps(a))) {
    one.clauses.forEach((clause, i) => {
      const row = table.createTBody().insertRow();
      row.append(cellOf("th", i ? "" : one.title), cellOf("td", clause.text));
      for (const met of [clause.held, clause.failed]) {
        const cell = cellOf("td", met ? "✓" : "not yet");
        cell.className = met ? "concordant" : "differs";
        row.append(cell);
      }
    });
  }
  return table;
}

$("file").addEventListener("change", (event) => { if (event.target.value) open(event.target.value); });
$("text").addEventListener("input", () => { changed(); timer = setTimeout(check, 400); });
$("try").addEventListener("click", tryIt);
$("cover").addEventListener("click", cover);
$("stop").addEventListener("click", () => { stopped = true; });
$("save").addEventListener("click", () => save($("text").value, shown.split("/").pop(), "application/yaml"));
document.addEventListener("click", (event) => {
  const place = event.target.closest(".place");
  if (!place) return;
  const [, name, line] = /^(.*):(\d+)$/.exec(place.dataset.place) ?? [];
  if (name) open(name, Number(line));
});

// A diagram is drawn when somebody looks at it.
for (const graph of document.querySelectorAll(".graph")) {
  graph.addEventListener("toggle", () => {
    const place = graph.querySelector(".graph-place");
    if (!graph.open || place.querySelector("img")) return;
    const image = document.createElement("img");
    image.alt = "The lines of therapy and the labels as a diagram; the table below says the same.";
    image.addEventListener("error", () => { place.textContent = "It cannot be drawn here: install nephroline[graph]."; });
    image.src = graph.dataset.graph;
    place.replaceChildren(image);
  });
}
