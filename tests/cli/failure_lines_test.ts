/** Lines of failures under load, after so many operations that not each keeps the line of the script any more. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { smbench } from "./harness.ts";

/** More operations than keep their line each. */
const MANY = 1100;

/** Runs a scenario of one user under load whose last lines are given; they begin in line 10. */
async function ranAfterMany(first: string, last: string) {
  const folder = await Deno.makeTempDir({ prefix: "smbench-lines-" });
  try {
    const path = `${folder}/late.ts`;
    await Deno.writeTextFile(
      path,
      `import { scenario } from "smbench";
export default scenario({
  name: "late",
  load: { executor: "per-user-iterations", users: 1, iterations: 1 },
}, async ({ client, sleep }) => {
  const me = await client();
  const file = await me.open("a", { access: "rw", disposition: "create" });
  ${first}
  for (let left = ${MANY}; left > 0; left--) await file.flush();
  ${last}
});`,
    );
    return await smbench(["run", path]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("late under load, a failure has the line of who awaits it", async () => {
  const { code, err } = await ranAfterMany("", 'await me.open("missing");');
  assertEquals(code, 1);
  assertMatch(err, /user0001, iteration 0: late\.ts:10:\d+: Cannot complete CREATE "missing"/);
});

Deno.test("late under load, a failure that nobody awaits has its line where others were not awaited either", async () => {
  const { code, out } = await ranAfterMany(
    'const other = me.open("a"); await other.pending; await (await other).close();',
    'void me.open("missing"); await sleep(30);',
  );
  assertEquals(code, 1);
  assertMatch(out, /late\.ts:10:\d+: Cannot complete CREATE "missing"/);
});

Deno.test("late under load, the first failure that nobody awaits says that it has no line", async () => {
  const { code, out } = await ranAfterMany("", 'void me.open("missing"); await sleep(30);');
  assertEquals(code, 1);
  assertStringIncludes(out, 'late.ts: Cannot complete CREATE "missing"');
  assertStringIncludes(out, "nobody awaited it, and its line is not known");
});
