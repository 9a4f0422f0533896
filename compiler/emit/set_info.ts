/** SET_INFO bodies that the scripting API can say in words: rename, delete, truncate. */
import type { SetInfoOperation } from "../plan.ts";
import { type Code, slot } from "./code.ts";

/** A call in words. */
export interface ReadableSetInfo {
  readonly method: "rename" | "delete" | "truncate";
  /** New name of a rename, relative to the share. */
  readonly path?: string;
  readonly args: readonly Code[];
  readonly options: Record<string, Code | undefined>;
}

const FILE_RENAME = 10;
const FILE_DISPOSITION = 13;
const FILE_END_OF_FILE = 20;

/** Bytes of FILE_RENAME_INFORMATION_TYPE_2 before the name (MS-FSCC 2.4.42.2). */
const RENAME_FIXED_SIZE = 20;

/** The words, when the bytes are exactly those that the words send; else null. */
export function readableSetInfo(operation: SetInfoOperation): ReadableSetInfo | null {
  if (operation.infoType !== 1 || operation.additional !== 0) return null;
  const input = Uint8Array.fromHex(operation.input);
  switch (operation.class) {
    case FILE_RENAME:
      return rename(input);
    case FILE_DISPOSITION:
      return operation.input === "01" ? { method: "delete", args: [], options: {} } : null;
    case FILE_END_OF_FILE:
      return truncate(input);
    default:
      return null;
  }
}

function truncate(input: Uint8Array): ReadableSetInfo | null {
  if (input.byteLength !== 8) return null;
  const size = new DataView(input.buffer).getBigUint64(0, true);
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  return { method: "truncate", args: [slot("number", "size", String(size))], options: {} };
}

function rename(input: Uint8Array): ReadableSetInfo | null {
  if (input.byteLength < RENAME_FIXED_SIZE) return null;
  const view = new DataView(input.buffer);
  const replace = input[0]!;
  const length = view.getUint32(16, true);
  const reserved = input.subarray(1, 16).some((byte) => byte !== 0);
  if (replace > 1 || reserved || RENAME_FIXED_SIZE + length !== input.byteLength) return null;
  const path = new TextDecoder("utf-16le", { ignoreBOM: true }).decode(
    input.subarray(RENAME_FIXED_SIZE),
  );
  if (path.includes("\ufffd") || /\/|^\\|\\$/.test(path)) return null;
  return {
    method: "rename",
    path,
    args: [],
    options: { replace: replace === 1 ? "true" : undefined },
  };
}
