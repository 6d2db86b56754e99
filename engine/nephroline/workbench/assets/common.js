"use strict";
// What both pages do: ask the service, tell problems, save a file.
const $ = (id) => document.getElementById(id);

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

// Ask until there is an answer; what cannot be asked throws the problems.
async function post(what, question, signal) {
  const body = JSON.stringify(question);
  for (;;) {
    const reply = await fetch(`workbench/${what}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body, signal,
    });
    if (reply.status === 503) {
      // It has too much to do: it says when to ask again.
      await pause(1000 * Number(reply.headers.get("Retry-After") ?? 2));
      signal?.throwIfAborted();
      continue;
    }
    const told = reply.headers.get("Content-Type")?.includes("json") ? await reply.json() : await reply.text();
    if (!reply.ok) throw { problems: told.problems ?? [{ message: told.title ?? "The service failed" }] };
    return told;
  }
}

const faults = (fault) => fault.problems ?? [{ message: "The service cannot be reached" }];

// Problems as a list, each with where it stands if it is *placed*; *told* puts one into words.
function listed(problems, told, placed) {
  const list = document.createElement("ul");
  for (const one of problems) {
    const item = document.createElement("li");
    const place = placed ? `${one.line ? `line ${one.line}: ` : ""}${one.path ? `${one.path}: ` : ""}` : "";
    item.textContent = place + told(one);
    list.append(item);
  }
  return list;
}

const plainly = (one) => (one.help ? `${one.message} (${one.help})` : one.message);

function save(text, name, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
