/** Every shared capture: the lines of `inspect --operations` against the oracle, all differences explained. */
import { assertEquals } from "@std/assert";
import { sharedTest } from "../harness/interop.ts";
import { EXPLAINED, unexplained } from "./explained.ts";
import { compareRows, operationRows, oracleRows } from "./oracle.ts";
import { capturePath, keysOf, oraclePath, sharedCaptures } from "./shared_captures.ts";

sharedTest(
  "the operations of every shared capture are those of its oracle",
  ["captures/captures.json"],
  async (t) => {
    const captures = sharedCaptures();
    for (const capture of captures) {
      await t.step(capture.file, async () => {
        const ours = await operationRows(capturePath(capture), keysOf(capture));
        const oracle = await oracleRows(oraclePath(capture));
        const { differences } = compareRows(ours, oracle);
        assertEquals(unexplained(capture.file, differences), []);
      });
    }
    const files = new Set(captures.map(({ file }) => file));
    assertEquals(EXPLAINED.filter(({ capture }) => !files.has(capture)), []);
  },
);
