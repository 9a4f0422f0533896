/**
 * Looks at the target before a run, with the run's own client: whether it is there and lets the user in. It also
 * leaves the client's code warm, so that the first operations of a replay are not late.
 */
import {
  type Authenticator,
  type Backend,
  type BackendConnection,
  StatusError,
  type Transport,
  TransportError,
  UnsupportedError,
} from "../client/mod.ts";
import type { PreflightFailure } from "./messages.ts";

/** How long the target may take for it all, in milliseconds. */
const LIMIT_MS = 15_000;

/** What the transport's reasons mean to somebody who named a target. */
const REASONS: Readonly<Record<string, string>> = {
  refused: "the connection was refused, nothing listens there",
  unreachable: "there is no way to it",
  "timed out": "it does not answer",
  closed: "it closed the connection",
  reset: "it broke the connection",
  aborted: "it does not answer",
};

/**
 * Connects, negotiates, logs in, connects to the share, and leaves.
 *
 * @returns Where it failed, and why; null when all went well.
 */
export async function preflight(target: {
  readonly backend: Backend;
  readonly server: string;
  readonly share: string;
  readonly connect: (signal: AbortSignal) => Promise<Transport>;
  readonly authenticator: Authenticator;
}): Promise<PreflightFailure | null> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  let stage: PreflightFailure["stage"] = "connect";
  let connection: BackendConnection | null = null;
  const giveUp = () => connection?.close();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    connection = target.backend.connect(await target.connect(signal));
    stage = "negotiate";
    await connection.negotiate();
    stage = "login";
    const session = await connection.session(target.authenticator);
    stage = "share";
    await session.tree(`\\\\${target.server}\\${target.share}`);
    if (target.backend.leftOut("LOGOFF") === null) await session.logoff({ accept: "any" });
    return null;
  } catch (error) {
    return {
      stage,
      lost: error instanceof TransportError,
      unsupported: error instanceof UnsupportedError,
      reason: reasonOf(error, signal.aborted),
    };
  } finally {
    signal.removeEventListener("abort", giveUp);
    connection?.close();
  }
}

function reasonOf(error: unknown, timedOut: boolean): string {
  if (timedOut) return "it does not answer";
  if (error instanceof StatusError) return `the server answered ${error.statusName}`;
  if (error instanceof TransportError) return REASONS[error.reason] ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
