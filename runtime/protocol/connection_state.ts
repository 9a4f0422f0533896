/**
 * The life of a connection (MS-SMB2 3.2.4.2.2, 3.2.5.2, 3.2.7.1) as one table. `failed` and `closed` absorb: nothing
 * leads out of them.
 */
import { ProtocolError } from "./errors.ts";

/** Where a connection is in its life. */
export type ConnectionPhase =
  | "idle"
  | "negotiatingSmb1"
  | "negotiating"
  | "ready"
  | "failed"
  | "closed";

/** What moves it. */
export type ConnectionStep =
  | "smb1NegotiateSent"
  | "negotiateSent"
  | "wildcardAnswered"
  | "negotiated"
  | "failed"
  | "closed";

/** Every transition; an absent entry is not allowed. */
export const CONNECTION_TRANSITIONS: {
  readonly [P in ConnectionPhase]: { readonly [S in ConnectionStep]?: ConnectionPhase };
} = {
  idle: {
    smb1NegotiateSent: "negotiatingSmb1",
    negotiateSent: "negotiating",
    failed: "failed",
    closed: "closed",
  },
  // An SMB1 NEGOTIATE is answered by 2.0.2 at once, or by 0x02FF, which asks for an SMB2 NEGOTIATE (3.2.5.2).
  negotiatingSmb1: {
    wildcardAnswered: "idle",
    negotiated: "ready",
    failed: "failed",
    closed: "closed",
  },
  negotiating: { negotiated: "ready", failed: "failed", closed: "closed" },
  ready: { failed: "failed", closed: "closed" },
  failed: { failed: "failed", closed: "failed" },
  closed: { failed: "closed", closed: "closed" },
};

/**
 * The phase after a step.
 *
 * @throws {ProtocolError} (local) when the step is not allowed; the message says which are.
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { nextPhase, ProtocolError } from "./mod.ts";
 * assertEquals(nextPhase("idle", "negotiateSent"), "negotiating");
 * assertThrows(() => nextPhase("ready", "negotiateSent"), ProtocolError, "ready");
 * ```
 */
export function nextPhase(phase: ConnectionPhase, step: ConnectionStep): ConnectionPhase {
  const next = CONNECTION_TRANSITIONS[phase][step];
  if (next === undefined) {
    const allowed = Object.keys(CONNECTION_TRANSITIONS[phase]).join(", ");
    throw new ProtocolError(
      `Cannot take step ${step}: the connection is ${phase}, which allows ${allowed}`,
      { side: "local" },
    );
  }
  return next;
}

/** The table as text, one transition a line. */
export function describeTransitions(): string {
  const lines: string[] = [];
  for (const [phase, steps] of Object.entries(CONNECTION_TRANSITIONS)) {
    for (const [step, next] of Object.entries(steps)) lines.push(`${phase} -${step}-> ${next}`);
  }
  return lines.join("\n");
}
