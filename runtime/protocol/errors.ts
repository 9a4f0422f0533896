/** Errors by blame: the rules of the protocol, and statuses. Malformed bytes are `WireError`. */
import type { CommandName } from "../wire/mod.ts";
import { statusName } from "../wire/mod.ts";
import type { Reply } from "./reply.ts";

/**
 * A rule of SMB2 was broken: by the peer (`remote`), or by the caller, who asked for something that the state does
 * not allow (`local`).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ProtocolError } from "./mod.ts";
 * const error = new ProtocolError("Cannot accept response: message id 7 is unknown", { side: "remote" });
 * assertEquals([error.side, error.name], ["remote", "ProtocolError"]);
 * ```
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  /** Who broke the rule. */
  readonly side: "local" | "remote";

  constructor(message: string, options: { side: "local" | "remote"; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.side = options.side;
  }
}

/** A response whose status the caller did not ask for. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly command: CommandName;
  /** NTSTATUS. */
  readonly status: number;
  /** Its name without `STATUS_`; hexadecimal for a number without a name. */
  readonly statusName: string;
  /** What the request was about: a file name, a share, a user; empty where there is none. */
  readonly path: string;
  /** The whole answer. */
  readonly reply: Reply;

  constructor(reply: Reply, path = "") {
    const name = statusName(reply.status);
    super(`Cannot ${reply.command}${path === "" ? "" : ` ${JSON.stringify(path)}`}: ${name}`);
    this.command = reply.command;
    this.status = reply.status;
    this.statusName = name;
    this.path = path;
    this.reply = reply;
  }
}
