import { assertEquals } from "@std/assert";
import type { BreakOperation } from "../plan.ts";
import { breakPolicies, breakSummary } from "./breaks.ts";
import { oneLine } from "./code.ts";

function broken(fields: Partial<BreakOperation>): BreakOperation {
  return {
    id: 1,
    kind: "break",
    client: "a",
    at: 1,
    answeredAt: 1,
    frames: { request: 7 },
    status: 0,
    after: [],
    breakKind: "lease",
    file: "f1",
    from: 7,
    to: 1,
    ackRequired: true,
    acknowledgedAfter: 0.001,
    acknowledgedTo: 1,
    acknowledgeStatus: 0,
    ...fields,
  };
}

function policy(...breaks: Partial<BreakOperation>[]): string | undefined {
  const code = breakPolicies(breaks.map((fields) => broken(fields))).get("f1");
  return code === undefined ? undefined : oneLine(code);
}

Deno.test("an acknowledgement at once needs no policy", () => {
  assertEquals(policy({}), undefined);
  assertEquals(policy({ ackRequired: false, acknowledgedAfter: null }), undefined);
  assertEquals(policy({ file: null, acknowledgedAfter: null }), undefined);
});

Deno.test("delays, other states and silence are policies; the first break that has one counts", () => {
  assertEquals(policy({ acknowledgedAfter: 0.25 }), "{ delay: 0.25 }");
  assertEquals(policy({ acknowledgedTo: 0 }), '{ to: "" }');
  assertEquals(policy({ breakKind: "oplock", acknowledgedTo: 0 }), '{ to: "none" }');
  assertEquals(policy({ acknowledgedAfter: null }), '"withhold"');
  assertEquals(policy({}, { acknowledgedAfter: 1 }, { acknowledgedAfter: null }), "{ delay: 1 }");
});

Deno.test("a break is summed up in one line", () => {
  assertEquals(breakSummary(broken({})), "lease break #7, RWH to R, acknowledged after 1.0 ms");
  assertEquals(
    breakSummary(broken({ breakKind: "oplock", from: 9, to: 0, acknowledgedAfter: null })),
    "oplock break #7, batch to none, not acknowledged",
  );
  assertEquals(
    breakSummary(broken({ from: null, to: 0, ackRequired: false, acknowledgedAfter: null })),
    "lease break #7, none, no acknowledgement asked for",
  );
});
