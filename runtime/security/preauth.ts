/**
 * The preauthentication integrity hash of dialect 3.1.1 (MS-SMB2 sections 3.1.4.4.1 and 3.2.5.2): a chain of SHA-512
 * over every NEGOTIATE and SESSION_SETUP message, which later keys depend on.
 *
 * A connection hashes NEGOTIATE request and response; a session continues from the connection's value with each of
 * its SESSION_SETUP messages except the final successful response. After an SMB1 multi-protocol NEGOTIATE the chain
 * begins with the SMB2 NEGOTIATE request that follows; the SMB1 request and its 0x02FF response are no part of it.
 *
 * @module
 */
import { sha512 } from "./hash.ts";

/**
 * One value of the hash chain. Immutable, so a session may continue from its connection's value without changing it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PreauthHash } from "./mod.ts";
 *
 * const connection = PreauthHash.initial().extend(new Uint8Array([0xfe]));
 * const session = connection.extend(new Uint8Array([0xfd]));
 * assertEquals(session.bytes.length, 64);
 * assertEquals(connection.equals(session), false);
 * ```
 */
export class PreauthHash {
  readonly #value: Uint8Array;

  private constructor(value: Uint8Array) {
    this.#value = value;
  }

  /** The start of every chain: 64 zero bytes. */
  static initial(): PreauthHash {
    return new PreauthHash(new Uint8Array(64));
  }

  /**
   * The chain continued by one message.
   *
   * @param message The whole message from its SMB2 header on, as on the wire, without transport framing.
   * @returns The next value; this one is unchanged.
   */
  extend(message: Uint8Array): PreauthHash {
    return new PreauthHash(sha512(this.#value, message));
  }

  /** A copy of the 64 bytes: the KDF context of dialect 3.1.1. */
  get bytes(): Uint8Array {
    return this.#value.slice();
  }

  /** Whether both chains have seen the same messages. */
  equals(other: PreauthHash): boolean {
    return this.#value.every((byte, i) => byte === other.#value[i]);
  }
}
