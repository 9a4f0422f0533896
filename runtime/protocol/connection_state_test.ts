import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  CONNECTION_TRANSITIONS,
  type ConnectionPhase,
  type ConnectionStep,
  describeTransitions,
  nextPhase,
} from "./connection_state.ts";
import { ProtocolError } from "./errors.ts";

Deno.test("failed and closed absorb every end and allow nothing else", () => {
  for (const phase of ["failed", "closed"] as const) {
    assertEquals(nextPhase(phase, "failed"), phase);
    assertEquals(nextPhase(phase, "closed"), phase);
    assertThrows(() => nextPhase(phase, "negotiateSent"), ProtocolError);
  }
});

Deno.test("every phase can end, and every phase but the first can be reached", () => {
  const reached = new Set<string>(["idle"]);
  for (const [phase, steps] of Object.entries(CONNECTION_TRANSITIONS)) {
    assert("failed" in steps && "closed" in steps, `${phase} cannot end`);
    for (const next of Object.values(steps)) reached.add(next);
  }
  assertEquals([...reached].toSorted(), Object.keys(CONNECTION_TRANSITIONS).toSorted());
});

Deno.test("a multi-protocol start leads through two negotiations", () => {
  const steps: ConnectionStep[] = [
    "smb1NegotiateSent",
    "wildcardAnswered",
    "negotiateSent",
    "negotiated",
  ];
  assertEquals(steps.reduce<ConnectionPhase>(nextPhase, "idle"), "ready");
});

Deno.test("the table prints one transition a line", () => {
  const lines = describeTransitions().split("\n");
  assert(lines.includes("negotiating -negotiated-> ready"));
  assertEquals(new Set(lines).size, lines.length);
});
