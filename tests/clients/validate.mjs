// Validates OpenAPI documents by the specification's own schema, and by the rules that Redocly
// recommends. Usage: validate.mjs DOCUMENT...
import { createConfig, lint } from "@redocly/openapi-core";
import { Validator } from "@seriousme/openapi-schema-validator";

// What no template can say: a first segment that is the service's own word is no resource.
const config = await createConfig({ extends: ["recommended"], rules: { "no-ambiguous-paths": "off" } });
// The one address that does nothing but lead to another.
const redirects = "#/paths/~1panel/get/responses";
let faults = 0;
for (const path of process.argv.slice(2)) {
  const { valid, errors } = await new Validator().validate(path);
  if (!valid) console.log(path, JSON.stringify(errors).slice(0, 2000));
  const found = await lint({ ref: path, config });
  const problems = found.filter(
    ({ ruleId, location }) => ruleId !== "operation-2xx-response" || location[0].pointer !== redirects,
  );
  for (const { ruleId, message, location } of problems)
    console.log(`${path}: ${ruleId}: ${message} (${location[0].pointer})`);
  faults += problems.length + (valid ? 0 : 1);
}
process.exit(faults ? 1 : 0);
