/**
 * A place in a captured packet that the layers move inwards. One object serves all packets, so that decoding allocates
 * nothing until a segment is found.
 *
 * @module
 */

/** The part of a packet that is left for the next layer. */
export interface Cursor {
  bytes: Uint8Array;
  /** First byte of the layer. */
  offset: number;
  /** One past the last captured byte of the layer. */
  end: number;
  /** Bytes of the layer that were on the wire after `end` and are not in the file. */
  missing: number;
}

/** What to make of a packet besides decoding on: a reason that becomes a note. */
export interface Refusal {
  readonly reason: string;
  /** Whether SMB traffic may be lost with the packet. */
  readonly loss: boolean;
}
