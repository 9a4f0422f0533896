/** The scenarios of `examples/conformance/` and smbtorture's subtests, against the same Samba: do they agree? */
import { assert, assertEquals } from "@std/assert";
import { interopTest } from "../harness/interop.ts";
import { readCatalogue, SETTINGS } from "./conformance/catalogue.ts";
import { EXCEPTIONS } from "./conformance/exceptions.ts";
import { runCatalogue } from "./conformance/run.ts";
import { disagreements } from "./conformance/verdicts.ts";

interopTest("each scenario of the catalogue ends as smbtorture's subtest does", {
  needs: ["smbd", "smbtorture"],
}, async (t) => {
  const catalogue = await readCatalogue();
  const pairsOf = await runCatalogue(catalogue, SETTINGS);
  for (const { name, scenarios } of catalogue) {
    await t.step(`the ${scenarios.length} scenarios of smb2.${name}`, () => {
      const pairs = pairsOf.get(name) ?? [];
      assertEquals(pairs.length, scenarios.length);
      const found = disagreements(name, pairs, EXCEPTIONS);
      const about = pairs.filter(({ subtest }) =>
        found.some(({ test }) => test === `${name}.${subtest}`)
      );
      assertEquals(
        found.map(({ text }) => text),
        [],
        about.map((pair) => `--- ${pair.subtest}\n${pair.tortureSaid}\n${pair.said}`).join("\n"),
      );
    });
  }
});

Deno.test("the catalogue has at least sixty scenarios, and every exception of the table is in it", async () => {
  const catalogue = await readCatalogue();
  const tests = new Set(
    catalogue.flatMap(({ name, scenarios }) =>
      scenarios.map(({ subtest }) => `${name}.${subtest}`)
    ),
  );
  assert(tests.size >= 60, `there are ${tests.size}`);
  assertEquals(EXCEPTIONS.map(({ test }) => test).filter((test) => !tests.has(test)), []);
});
