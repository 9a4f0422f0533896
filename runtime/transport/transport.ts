/** The byte pipe below SMB. */
import type { TransportError } from "./errors.ts";

/**
 * A reliable, ordered, two-way byte pipe. A decorator (trace, fault, delay, capture) wraps one and is one.
 *
 * `read` is called by one reader at a time; `write` may be called again before the last one has settled: bytes leave
 * in call order.
 */
export interface Transport {
  /** The peer, for messages: `127.0.0.1:445`. */
  readonly remote: string;
  /**
   * Reads at least one byte into `into`.
   *
   * @returns The count of bytes, or null once the peer has closed its side.
   * @throws {TransportError} When the connection broke.
   */
  read(into: Uint8Array): Promise<number | null>;
  /**
   * Writes the chunks as if they were one. They must not change until the promise settles.
   *
   * @throws {TransportError} When the connection broke or was closed.
   */
  write(chunks: readonly Uint8Array[]): Promise<void>;
  /** Closes both directions at once; a pending `read` settles with null. Idempotent. */
  close(): void;
  /**
   * Ends what is written, behind what was written before; what the peer still sends can be read, up to its own end. Closes
   * both directions where it is absent.
   */
  endWrites?(): void;
  /** Settles once: null after `close` or the peer's orderly end, the error otherwise. Never rejects. */
  readonly closed: Promise<TransportError | null>;
}
