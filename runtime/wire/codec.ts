/** What every message body's codec offers. */
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/**
 * The two directions of one message body. The writer's origin and the reader's origin are the first byte of the
 * message's SMB2 header; both stand behind the header.
 */
export interface Codec<T> {
  /** What the StructureSize field may hold; the first is the usual one. */
  readonly structureSizes: readonly number[];
  /** Writes the body, StructureSize included. */
  encode(writer: Writer, body: T): void;
  /** Reads the body, StructureSize included; byte strings are views. Raises only `WireError`. */
  decode(reader: Reader): T;
  /**
   * Writes all but the last field and returns that one, so that a gather write needs no copy of it. Offsets and lengths
   * count it in. Only commands that carry file data have this.
   */
  encodeDetached?(writer: Writer, body: T): Uint8Array;
}
