/** What all requests of the package have in common: what is refused of their options, and which answers are failures. */
import { type CommandName, HeaderFlags, isSuccess, Status } from "../../wire/mod.ts";
import { type Reply, StatusError, type SuccessReply } from "../../protocol/mod.ts";
import { UnsupportedError } from "../backend.ts";
import type { RequestOptions } from "../options.ts";
import {
  leftOutByMarsaud,
  type OperationDescription,
  unsupportedByMarsaud,
} from "./unsupported.ts";

/** Options of requests; scripts ask to hear of interim responses. */
export interface Tuning extends RequestOptions {
  readonly onInterim?: () => void;
}

/** Who listens while a request is under way. */
export function ears({ signal, onInterim, owner }: Tuning) {
  return owner === undefined
    ? { signal, onInterim }
    : { signal: owner.signal, onInterim: () => owner.interim() };
}

/** @throws {UnsupportedError} When the package cannot carry the operation out. */
export function refuseUnsupported(operation: OperationDescription): void {
  const reason = unsupportedByMarsaud(operation) ?? leftOutByMarsaud(operation.command);
  if (reason !== null) throw new UnsupportedError({ command: operation.command, reason });
}

/** The same, with what the options say about the request beside its body. */
export function refuseTuning(operation: OperationDescription, options: RequestOptions): void {
  const { command } = operation;
  const { override, rawBody, sign, timeout, flags = 0, channelSequence = 0 } = options;
  if (override !== undefined || rawBody !== undefined) {
    throw new UnsupportedError({ command, reason: "its headers and bodies are its own" });
  }
  if (timeout !== undefined) {
    throw new UnsupportedError({ command, reason: "it has no timeouts" });
  }
  refuseUnsupported({
    ...operation,
    channelSequence,
    flags: flags | (sign === true ? HeaderFlags.SIGNED : 0),
  });
}

/** The refusal of an operation as a rejection. */
export function unsupported(operation: OperationDescription): Promise<never> {
  const { command } = operation;
  const reason = unsupportedByMarsaud(operation) ?? leftOutByMarsaud(command) ??
    "it has no such request";
  return Promise.reject(new UnsupportedError({ command, reason }));
}

/** @throws {StatusError} When the status is neither a success nor among those that the options accept. */
export function accepted<C extends CommandName>(
  reply: Reply<C>,
  { accept }: RequestOptions,
  path: string,
): Reply<C> {
  const fine = reply.body !== null &&
    (isSuccess(reply.status) || reply.status === Status.BUFFER_OVERFLOW);
  if (fine || accept === "any" || accept?.includes(reply.status) === true) return reply;
  throw new StatusError(reply as unknown as Reply, path);
}

/** The same, for requests that have no use without success. */
export function succeeded<C extends CommandName>(
  reply: Reply<C>,
  options: RequestOptions,
  path: string,
): SuccessReply<C> {
  return accepted(reply, options, path) as SuccessReply<C>;
}
