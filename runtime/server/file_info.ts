/**
 * What a file is like, in the terms that several answers share.
 *
 * @module
 */

import {
  allocationSize,
  Attributes,
  type FileNode,
  type FileOpen,
  type Stream,
} from "../store/mod.ts";
import { encodeExtendedAttributes } from "../wire/mod.ts";

/**
 * Attributes with those that follow from the kind of file (MS-FSCC 2.6).
 *
 * @param node The file or directory.
 * @returns Attribute bits, never 0.
 */
export function attributesOf(node: FileNode): number {
  const attributes = node.attributes | (node.isDirectory ? Attributes.DIRECTORY : 0);
  return attributes === 0 ? Attributes.NORMAL : attributes;
}

/**
 * Sizes of a stream; a directory has none.
 *
 * @param stream The stream.
 * @returns Bytes allocated and length in bytes.
 */
export function sizesOfStream(
  stream: Stream | undefined,
): { allocationSize: bigint; endOfFile: bigint } {
  if (stream === undefined) return { allocationSize: 0n, endOfFile: 0n };
  return {
    allocationSize: BigInt(allocationSize(stream)),
    endOfFile: BigInt(stream.content.size),
  };
}

/**
 * Sizes of what is open.
 *
 * @param file The open.
 * @returns Bytes allocated and length in bytes.
 */
export function sizesOf(file: FileOpen): { allocationSize: bigint; endOfFile: bigint } {
  return sizesOfStream(file.stream);
}

/**
 * Bytes that the extended attributes of a file take in FILE_FULL_EA_INFORMATION.
 *
 * @param node The file or directory.
 * @returns Bytes; 0 where there are none.
 */
export function eaSizeOf(node: FileNode): number {
  if (node.eas.size === 0) return 0;
  return encodeExtendedAttributes([...node.eas.values()]).length;
}
