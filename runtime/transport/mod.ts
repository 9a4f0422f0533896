/**
 * Byte pipes: TCP, and a pair in memory. Knows nothing of SMB. A `Transport` that wraps another one is a decorator, as
 * `FaultTransport` is, which stalls, delays, cuts and swallows; trace and capture fit in there as well without the layers
 * above noticing.
 *
 * @module
 */
export {
  type FaultControls,
  type FaultDirection,
  type FaultOptions,
  FaultTransport,
} from "./fault.ts";
export { TransportError, type TransportReason } from "./errors.ts";
export type { Transport } from "./transport.ts";
export { connectTcp, type Listener, listenTcp, type TcpOptions } from "./tcp.ts";
export { type PairOptions, transportPair } from "./pair.ts";
