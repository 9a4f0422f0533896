/**
 * How a file is compressed, by its first bytes.
 *
 * @module
 */

import { fileUint32 } from "./bytes.ts";

/** Bytes that tell. */
export const MAGIC_BYTES = 4;

/** First bytes of a frame of Zstandard. */
export const ZSTD_MAGIC = 0xfd2fb528;

/** The compression, or undefined where there is none that is known. */
export function compressionOf(
  first: Uint8Array,
): "gzip" | "zstd" | "xz" | "bzip2" | "lz4" | "zip" | undefined {
  if (first[0] === 0x1f && first[1] === 0x8b) return "gzip";
  if (isZstd(first)) return "zstd";
  if (first[0] === 0xfd && first[1] === 0x37 && first[2] === 0x7a && first[3] === 0x58) return "xz";
  if (first[0] === 0x42 && first[1] === 0x5a && first[2] === 0x68) return "bzip2";
  if (first[0] === 0x04 && first[1] === 0x22 && first[2] === 0x4d && first[3] === 0x18) {
    return "lz4";
  }
  if (first[0] === 0x50 && first[1] === 0x4b && first[2] === 0x03 && first[3] === 0x04) {
    return "zip";
  }
  return undefined;
}

/** Also a skippable frame, which parallel tools put first. */
function isZstd(first: Uint8Array): boolean {
  if (first.length < MAGIC_BYTES) return false;
  const magic = fileUint32(first, 0, true);
  return magic === ZSTD_MAGIC || (magic & 0xfffffff0) >>> 0 === 0x184d2a50;
}
