/** Looks at the target before a run: whether it is there, and lets the user in. */
import {
  type Authenticator,
  Connection,
  connectTcp,
  StatusError,
  TransportError,
} from "../client/mod.ts";
import { CommandError } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";
import { type Target, targetText } from "./target.ts";

/** How long the target may take for it all. */
const PREFLIGHT_MS = 15_000;

/**
 * Connects, logs in, connects to the share, and leaves.
 *
 * @throws {CommandError} With the code that says which of them failed.
 */
export async function preflight(
  target: Target,
  options: { readonly authenticator: Authenticator; readonly signal: AbortSignal },
): Promise<void> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(PREFLIGHT_MS)]);
  const where = targetText(target);
  let connection: Connection;
  try {
    connection = Connection.connect(
      await connectTcp({ hostname: target.hostname, port: target.port, signal }),
    );
  } catch (cause) {
    throw new CommandError(
      ExitCode.UNREACHABLE,
      `Cannot reach ${where}: ${reasonOf(cause)}`,
      { cause },
    );
  }
  const giveUp = () => connection.close();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    await stage(
      `Cannot speak SMB with ${where}`,
      ExitCode.UNREACHABLE,
      () => connection.negotiate(),
    );
    const { authenticator } = options;
    const user = authenticator.user === "" ? "anonymously" : `as ${authenticator.user}`;
    const session = await stage(
      `Cannot log in to ${where} ${user}`,
      ExitCode.REFUSED,
      () => connection.session(authenticator),
    );
    await stage(
      `Cannot connect to share ${JSON.stringify(target.share)} of ${where}`,
      ExitCode.REFUSED,
      () => session.tree(`\\\\${target.hostname}\\${target.share}`),
    );
    await session.logoff({ accept: "any" });
  } finally {
    signal.removeEventListener("abort", giveUp);
    connection.close();
  }
}

async function stage<T>(what: string, code: ExitCode, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const lost = cause instanceof TransportError;
    throw new CommandError(lost ? ExitCode.UNREACHABLE : code, `${what}: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof StatusError) return `the server answered ${error.statusName}`;
  if (error instanceof TransportError) return TRANSPORT_REASONS[error.reason] ?? error.message;
  return error instanceof Error ? error.message : String(error);
}

/** What the transport's reasons mean to somebody who named a target. */
const TRANSPORT_REASONS: Readonly<Record<string, string>> = {
  refused: "the connection was refused; nothing listens there",
  unreachable: "there is no way to it",
  "timed out": "it does not answer",
  closed: "it closed the connection",
  reset: "it broke the connection",
  aborted: "it does not answer",
};
