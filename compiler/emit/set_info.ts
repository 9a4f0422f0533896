/** SET_INFO bodies that the scripting API can say in words: rename, link, delete, truncate, times and attributes. */
import { filetimeText } from "../../runtime/wire/mod.ts";
import type { SetInfoOperation } from "../plan.ts";
import { type Code, object, quoted, slot } from "./code.ts";
import { attributesCode } from "./options.ts";

/** A call in words. */
export interface ReadableSetInfo {
  readonly method: "rename" | "link" | "delete" | "truncate" | "setBasic";
  /** New name of a rename or link, relative to the share. */
  readonly path?: string;
  readonly args: readonly Code[];
  readonly options: Record<string, Code | undefined>;
}

const FILE_BASIC = 4;
const FILE_RENAME = 10;
const FILE_LINK = 11;
const FILE_DISPOSITION = 13;
const FILE_END_OF_FILE = 20;

/** Bytes of FILE_RENAME_INFORMATION_TYPE_2 before the name (MS-FSCC 2.4.42.2). */
const RENAME_FIXED_SIZE = 20;

/** The words, when the bytes are exactly those that the words send; else null. */
export function readableSetInfo(operation: SetInfoOperation): ReadableSetInfo | null {
  if (operation.infoType !== 1 || operation.additional !== 0) return null;
  const input = Uint8Array.fromHex(operation.input);
  switch (operation.class) {
    case FILE_BASIC:
      return basic(input);
    case FILE_RENAME:
      return named("rename", input);
    case FILE_LINK:
      return named("link", input);
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

/** FILE_BASIC_INFORMATION (MS-FSCC 2.4.7) without what lies in its last four bytes. */
const BASIC_SIZE = 40;

function basic(input: Uint8Array): ReadableSetInfo | null {
  if (input.byteLength !== BASIC_SIZE) return null;
  const view = new DataView(input.buffer);
  if (view.getUint32(36, true) !== 0) return null;
  const attributes = view.getUint32(32, true);
  const members: Record<string, Code | undefined> = {};
  for (const [index, name] of ["created", "accessed", "modified", "changed"].entries()) {
    const time = view.getBigInt64(8 * index, true);
    const code = timeCode(time, name);
    if (code === null) return null;
    members[name] = code;
  }
  members.attributes = attributes === 0 ? undefined : attributesCode(attributes);
  return { method: "setBasic", args: [object(members) ?? "{}"], options: {} };
}

/** Undefined where the time stays; null where there are no words for it. */
function timeCode(time: bigint, name: string): Code | undefined | null {
  if (time === 0n) return undefined;
  if (time === -1n || time === -2n) return String(time);
  const text = filetimeText(time).replace(/\.?0+Z$/, "Z");
  return /^\d{4}-/.test(text) ? slot("string", name, quoted(text)) : null;
}

function named(method: "rename" | "link", input: Uint8Array): ReadableSetInfo | null {
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
    method,
    path,
    args: [],
    options: { replace: replace === 1 ? "true" : undefined },
  };
}
