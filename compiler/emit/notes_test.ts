import { assertEquals } from "@std/assert";
import type { PlanOperation } from "../plan.ts";
import { compoundNote, durationText, noteOf, noteText, summaryText } from "./notes.ts";

/** An operation with an outcome. */
function operation(fields: Record<string, unknown>): PlanOperation {
  return {
    id: 1,
    client: "a",
    at: 1,
    answeredAt: 1.00166,
    frames: { request: 43, response: 44 },
    status: 0,
    after: [],
    kind: "flush",
    tree: "t1",
    file: "f1",
    ...fields,
  } as unknown as PlanOperation;
}

const GRANTED = { oplock: 0xff, lease: 7, action: 2, size: "0" };

Deno.test("a comment tells the frame of the answer, the status, what was granted, and the time it took", () => {
  const told = (fields: Record<string, unknown>) => noteText(noteOf(operation(fields)));
  assertEquals(told({}), "#44 SUCCESS, 1.66 ms");
  assertEquals(
    told({ kind: "create", granted: GRANTED }),
    "#44 SUCCESS, created, lease RWH, 1.66 ms",
  );
  assertEquals(
    told({ kind: "create", granted: { ...GRANTED, lease: null, oplock: 9, action: 1 } }),
    "#44 SUCCESS, opened, oplock batch, 1.66 ms",
  );
  assertEquals(
    told({
      kind: "read",
      returned: { length: 512 },
      frames: { request: 1, interim: 2, response: 9 },
    }),
    "#9 SUCCESS, pending #2, 512 bytes, 1.66 ms",
  );
  assertEquals(told({ status: null, answeredAt: null }), "no answer in the capture");
  assertEquals(told({ kind: "connect", implied: true }), "before the capture began");
  assertEquals(told({ kind: "disconnect" }), "the connection ended");
  assertEquals([0.00012, 0.1234, 12.34].map(durationText), ["0.12 ms", "123 ms", "12.3 s"]);
});

Deno.test("a compound's equal answers are told once", () => {
  const [open, close] = [operation({ kind: "create", granted: GRANTED }), operation({})];
  assertEquals(
    noteText(compoundNote([open, close, close])),
    "#44 SUCCESS, created, lease RWH, 3 answers, 1.66 ms",
  );
  const closed = operation({ status: 0xc0000128, frames: { request: 43, response: 46 } });
  assertEquals(
    noteText(compoundNote([operation({ status: 0xc0000034 }), closed])),
    "#44 OBJECT_NAME_NOT_FOUND | #46 FILE_CLOSED, 1.66 ms",
  );
});

Deno.test("many outcomes are told as their range, and by what they have in common", () => {
  const read = (frame: number, bytes: number, seconds: number, more = {}) =>
    noteOf(operation({
      kind: "read",
      frames: { request: frame, response: frame + 1, ...more },
      returned: { length: bytes },
      answeredAt: 1 + seconds,
    }));
  assertEquals(
    summaryText([read(215, 4096, 0.0002), read(217, 4096, 0.0015), read(219, 4096, 0.0004)]),
    "#215..#220 SUCCESS, 4096 bytes, 0.20 to 1.50 ms",
  );
  assertEquals(
    summaryText([read(215, 100, 0.0002, { interim: 216 }), read(217, 4096, 0.25)]),
    "#215..#218 SUCCESS, 100 to 4096 bytes, 0.20 to 250 ms",
  );
  assertEquals(
    summaryText([noteOf(operation({})), noteOf(operation({ status: 0xc0000034 }))]),
    "#43..#44, 1.66 ms",
  );
  assertEquals(summaryText([noteOf(operation({}))]), "#44 SUCCESS, 1.66 ms");
  assertEquals(summaryText([]), "");
});
