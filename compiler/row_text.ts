/**
 * JSON texts of numbers, ids, names and times in the lines of `inspect --operations`. Most values of a capture come again
 * and again, so that their texts are remembered: within bounds, as a hostile capture may have a new one in each message.
 */
import {
  ctlCodeName,
  type FileId,
  fileIdText,
  informationClassName,
  LeaseState,
  Reader,
  statusName,
} from "../runtime/wire/mod.ts";
import type { Stamp } from "./capture/mod.ts";

/** Texts that one table remembers before it starts anew. */
const TEXTS_KEPT = 4096;

/** `make`, which remembers what it made. */
function remembered<K>(make: (key: K) => string): (key: K) => string {
  const texts = new Map<K, string>();
  return (key) => {
    let text = texts.get(key);
    if (text === undefined) {
      text = make(key);
      if (texts.size >= TEXTS_KEPT) texts.clear();
      texts.set(key, text);
    }
    return text;
  };
}

const OPLOCK_LEVELS = new Map([[0x00, "NONE"], [0x01, "LEVEL_II"], [0x08, "EXCLUSIVE"], [
  0x09,
  "BATCH",
], [0xff, "LEASE"]]);

/** Name of an oplock level; the number of an unknown one. */
export const oplockText = remembered((level: number) =>
  JSON.stringify(OPLOCK_LEVELS.get(level) ?? level)
);

/** `RHW` letters in the order read, handle, write; `0` for none. */
export const leaseText = remembered((state: number) => {
  const text = ((state & LeaseState.READ) !== 0 ? "R" : "") +
    ((state & LeaseState.HANDLE) !== 0 ? "H" : "") +
    ((state & LeaseState.WRITE) !== 0 ? "W" : "");
  return text === "" ? '"0"' : `"${text}"`;
});

/** `STATUS_` and the name of an NTSTATUS, its number where it has none; and the number: as two fields. */
export const statusFields = remembered((status: number) => {
  const name = statusName(status);
  const text = name.startsWith("0x") ? name.toLowerCase() : `STATUS_${name}`;
  return `,"status":"${text}","status_hex":${hex32(status)}`;
});

/** Credits that a request costs (the upper 16 bits) and asks for, as two fields. */
export const creditFields = remembered((charge: number) =>
  `,"credit_charge":${charge >>> 16},"credits_requested":${charge & 0xffff}`
);

/** Credits that a response grants, as a field. */
export const grantedField = remembered((credits: number) => `,"credits_granted":${credits}`);

/** A parameter of its own, the flags. */
export const flagsText = remembered((flags: number) => `{"flags":${hex16(flags)}}`);

/** Name of an FSCTL; its number when it has none. */
export const ctlCodeText = remembered((code: number) => JSON.stringify(ctlCodeName(code)));

/** The command, and the beginning of the field behind it. */
export const commandField = remembered((command: string) => `,"cmd":"${command}","frame_req":`);

const INFO_TYPES = new Map([[1, "FILE"], [2, "FS"], [3, "SEC"], [4, "QUOTA"]]);

/** Type, number and name of an information class, as three fields. */
export const classText = remembered((typeAndLevel: number) => {
  const [type, level] = [typeAndLevel >>> 8, typeAndLevel & 0xff];
  const name = informationClassName(type, level);
  return `"class":${JSON.stringify(INFO_TYPES.get(type) ?? type)},"level":${level},"level_name":${
    JSON.stringify(name)
  }`;
});

/** Number and name of an information class of directory entries, as two fields. */
export const directoryClassText = remembered((level: number) =>
  `"level":${level},"level_name":${JSON.stringify(informationClassName(1, level))}`
);

/** A byte. */
export const hex8 = remembered((value: number) => hexText(value, 2));

/** 16 bits. */
export const hex16 = remembered((value: number) => hexText(value, 4));

/** 32 bits. */
export const hex32 = remembered((value: number) => hexText(value, 8));

/** 64 bits. */
export const hex64 = remembered((value: bigint) => `"0x${value.toString(16).padStart(16, "0")}"`);

/** The four bytes as they are on the wire. */
export const octets32 = remembered((value: number) =>
  `"${
    [0, 8, 16, 24].map((shift) => ((value >>> shift) & 0xff).toString(16).padStart(2, "0"))
      .join(":")
  }"`
);

function hexText(value: number, digits: number): string {
  return `"0x${value.toString(16).padStart(digits, "0")}"`;
}

let lastText = "";
let lastQuoted = '""';

/** A text in quotes. */
export function quoted(text: string): string {
  if (text !== lastText) {
    lastText = text;
    lastQuoted = JSON.stringify(text);
  }
  return lastQuoted;
}

const SECOND = 1_000_000_000;
let lastSeconds = 0;
let lastSecondsText = '"0.';

/** Epoch seconds with nanoseconds. */
export function secondsText({ seconds, nanoseconds }: Stamp): string {
  if (seconds !== lastSeconds) {
    lastSeconds = seconds;
    lastSecondsText = `"${seconds}.`;
  }
  // The leading 1 keeps the zeros behind it; a damaged packet header may state more than a second.
  const fraction = nanoseconds < SECOND
    ? String(SECOND + nanoseconds).slice(1)
    : String(nanoseconds);
  return `${lastSecondsText}${fraction}"`;
}

let lastId: FileId = { persistent: 0n, volatile: 0n };
let lastIdText = `"${fileIdText(lastId)}"`;

/** A file id. */
export function fileIdJson(id: FileId): string {
  if (id === lastId) return lastIdText;
  if (id.volatile !== lastId.volatile || id.persistent !== lastId.persistent) {
    lastIdText = `"${fileIdText(id)}"`;
  }
  lastId = id;
  return lastIdText;
}

/** A GUID. */
export function guidText(bytes: Uint8Array): string {
  return `"${new Reader(bytes).guid("GUID")}"`;
}
