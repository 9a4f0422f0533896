/** What a request costs and how many credits it asks for (MS-SMB2 3.1.5.2, 3.2.4.1.2, 3.2.4.1.5). */
import type { CommandName, RequestBodies } from "../wire/mod.ts";

/** Bytes that one credit pays for. */
const CREDIT_UNIT = 65536;

type PayloadOf = { readonly [C in CommandName]?: (body: RequestBodies[C]) => number };

/** The larger of what the request carries and of what it lets the response carry (3.1.5.2). */
const PAYLOADS: PayloadOf = {
  READ: (body) => body.length,
  WRITE: (body) => body.data.byteLength,
  IOCTL: (body) =>
    Math.max(
      body.input.byteLength + body.output.byteLength,
      body.maxInputResponse + body.maxOutputResponse,
    ),
  QUERY_DIRECTORY: (body) => body.outputBufferLength,
  CHANGE_NOTIFY: (body) => body.outputBufferLength,
  QUERY_INFO: (body) => Math.max(body.input.byteLength, body.outputBufferLength),
  SET_INFO: (body) => body.input.byteLength,
};

/**
 * CreditCharge of a request on a connection that supports multi-credit requests; 1 for every command without payload.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { creditCharge } from "./mod.ts";
 * assertEquals(creditCharge("ECHO", { reserved: 0 }), 1);
 * ```
 */
export function creditCharge<C extends CommandName>(command: C, body: RequestBodies[C]): number {
  const payload = PAYLOADS[command];
  if (payload === undefined) return 1;
  const size = (payload as (body: RequestBodies[C]) => number)(body);
  return 1 + Math.floor(Math.max(0, size - 1) / CREDIT_UNIT);
}

/** Decides CreditRequest: what the request costs, and what is missing to `target` credits in hand. */
export function creditRequest(
  state: { charge: number; available: number; target: number },
): number {
  const missing = Math.max(0, state.target - state.available);
  return Math.min(0xffff, Math.max(1, state.charge) + missing);
}
