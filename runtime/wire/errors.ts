/** Where and why bytes could not be decoded (or a value could not be encoded). */
export interface WireErrorDetail {
  /** The field that was being read, as MS-SMB2 names it. */
  readonly field: string;
  /** Byte offset of the field, counted from the first byte of the SMB2 header (or of the structure where there is no header). */
  readonly offset: number;
  /** Bytes that were needed. */
  readonly needed?: number;
  /** Bytes that were there. */
  readonly had?: number;
}

/**
 * Malformed bytes: the only error that decoding may raise, whatever a peer or a capture contains.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { Reader, WireError } from "../wire/mod.ts";
 * assertThrows(() => new Reader(new Uint8Array(3)).u32("TreeId"), WireError, "TreeId");
 * ```
 */
export class WireError extends Error implements WireErrorDetail {
  override readonly name = "WireError";
  readonly field: string;
  readonly offset: number;
  readonly needed?: number;
  readonly had?: number;

  constructor(message: string, detail: WireErrorDetail) {
    super(message);
    this.field = detail.field;
    this.offset = detail.offset;
    if (detail.needed !== undefined) this.needed = detail.needed;
    if (detail.had !== undefined) this.had = detail.had;
  }
}
