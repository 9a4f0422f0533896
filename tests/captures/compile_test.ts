/** Every shared capture compiles: into a script that is formatted and type-checks, without an unexplained loss. */
import { assert, assertEquals } from "@std/assert";
import { compile } from "../../compiler/mod.ts";
import { sharedTest } from "../harness/interop.ts";
import { LOSSES } from "./losses.ts";
import { ScriptFolder } from "./scripts.ts";
import { capturePath, keysOf, sharedCaptures } from "./shared_captures.ts";

sharedTest(
  "every shared capture compiles into a clean script, and every loss is known",
  ["captures/captures.json"],
  async (t) => {
    using scripts = new ScriptFolder();
    const captures = sharedCaptures();
    for (const capture of captures) {
      await t.step(capture.file, async () => {
        const options = { version: "0.0.0", keys: keysOf(capture) };
        const { script, plan, notes, exchanges } = await compile(capturePath(capture), options);
        scripts.add(capture.file, script);
        const lost = notes.filter(({ loss }) => loss);
        const counts = Object.fromEntries(lost.map(({ reason, count }) => [reason, count]));
        assertEquals(counts, LOSSES[capture.file] ?? {});
        assert(plan.operations.length > 0 || exchanges === 0 || lost.length > 0);
        assertEquals(JSON.parse(JSON.stringify(plan)), plan, "the plan is plain JSON");
      });
    }
    const files = new Set(captures.map(({ file }) => file));
    assertEquals(Object.keys(LOSSES).filter((file) => !files.has(file)), []);
    await t.step("deno fmt", async () => assertEquals(await scripts.fmt(), ""));
    await t.step("deno check", async () => assertEquals(await scripts.check(), ""));
  },
);
