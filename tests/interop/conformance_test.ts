/** The scenarios of `examples/conformance/` and smbtorture's subtests, against the same Samba: do they agree? */
import { assertEquals } from "@std/assert";
import { interopTest } from "../harness/interop.ts";
import { readCatalogue, SETTINGS } from "./conformance/catalogue.ts";
import { EXCEPTIONS } from "./conformance/exceptions.ts";
import { runSuite } from "./conformance/run.ts";
import { disagreements } from "./conformance/verdicts.ts";

const catalogue = await readCatalogue();

for (const suite of catalogue) {
  const count = suite.scenarios.length;
  interopTest(`the ${count} scenarios of smb2.${suite.name} end as smbtorture's subtests do`, {
    needs: ["smbd", "smbtorture"],
  }, async () => {
    const pairs = await runSuite(suite, SETTINGS[suite.name] ?? {});
    const found = disagreements(suite.name, pairs, EXCEPTIONS);
    const about = pairs.filter(({ subtest }) =>
      found.some(({ test }) => test === `${suite.name}.${subtest}`)
    );
    assertEquals(
      found.map(({ text }) => text),
      [],
      about.map((pair) => `--- ${pair.subtest}\n${pair.tortureSaid}\n${pair.said}`).join("\n"),
    );
  });
}

Deno.test("every exception in the table is of a suite that has scenarios", () => {
  const suites = catalogue.map(({ name }) => `${name}.`);
  const strays = EXCEPTIONS.filter(({ test }) => !suites.some((suite) => test.startsWith(suite)));
  assertEquals(strays, []);
});
