/** Folded and unfolded scripts of every shared capture send the same requests, at the same times, after the same answers. */
import { assert, assertEquals } from "@std/assert";
import { compile } from "../../compiler/mod.ts";
import { sharedTest } from "../harness/interop.ts";
import { recordingsOfText } from "../harness/script_recorder.ts";
import { capturePath, keysOf, sharedCaptures } from "./shared_captures.ts";

sharedTest(
  "what is folded sends what is written out",
  ["captures/captures.json"],
  async (t) => {
    for (const capture of sharedCaptures()) {
      await t.step(capture.file, async () => {
        const options = { version: "0.0.0", keys: keysOf(capture) };
        const path = capturePath(capture);
        const flat = await compile(path, { ...options, fold: "none" });
        if (flat.plan.operations.length === 0) return;
        const expected = await recordingsOfText(flat.script, flat.modules);
        for (const fold of ["loops", "all"] as const) {
          const { script, modules } = await compile(path, { ...options, fold, dataFolder: "data" });
          const found = await recordingsOfText(script, modules);
          assertEquals(found, expected, fold);
          assert(script.length <= flat.script.length * 1.1 + 500, "and is not longer");
        }
      });
    }
  },
);
