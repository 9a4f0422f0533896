/**
 * Pieces of the lines of `inspect --operations`: numbers, ids, names and times as JSON. Most values of a capture come again
 * and again, so that their bytes are remembered: within bounds, as a hostile capture may have a new one in each message.
 */
import { ctlCodeName, informationClassName, LeaseState, statusName } from "../runtime/wire/mod.ts";
import type { Stamp } from "./capture/mod.ts";
import { LineBytes, piece } from "./line_bytes.ts";

/** Pieces that one table remembers before it starts anew. */
const PIECES_KEPT = 4096;

/** The bytes of what `make` makes, which are remembered. */
function remembered<K>(make: (key: K) => string): (key: K) => Uint8Array {
  const pieces = new Map<K, Uint8Array>();
  let lastKey: K | undefined;
  let last: Uint8Array | undefined;
  return (key) => {
    if (last !== undefined && key === lastKey) return last;
    let bytes = pieces.get(key);
    if (bytes === undefined) {
      bytes = piece(make(key));
      if (pieces.size >= PIECES_KEPT) pieces.clear();
      pieces.set(key, bytes);
    }
    lastKey = key;
    last = bytes;
    return bytes;
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
  return `,"status":"${text}","status_hex":${hexText(status, 8)}`;
});

/** Credits that a request costs (the upper 16 bits) and asks for, as two fields. */
export const creditFields = remembered((charge: number) =>
  `,"credit_charge":${charge >>> 16},"credits_requested":${charge & 0xffff}`
);

/** Credits that a response grants, as a field. */
export const grantedField = remembered((credits: number) => `,"credits_granted":${credits}`);

/** A parameter of its own, the flags. */
export const flagsText = remembered((flags: number) => `{"flags":${hexText(flags, 4)}}`);

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

/** The four bytes as they are on the wire. */
export const octets32 = remembered((value: number) =>
  `"${
    [0, 8, 16, 24].map((shift) => ((value >>> shift) & 0xff).toString(16).padStart(2, "0"))
      .join(":")
  }"`
);

/** A number of so many hexadecimal digits. */
export function hexText(value: number, digits: number): string {
  return `"0x${value.toString(16).padStart(digits, "0")}"`;
}

let lastText = "";
let lastQuoted = piece('""');
const quoting = new LineBytes();

/** Puts a text in quotes: that of a CREATE is what it asks for, what it opens, and what is done next. */
export function putQuoted(line: LineBytes, text: string): void {
  if (text !== lastText) {
    quoting.cut(0);
    lastQuoted = quoting.quoted(text).view();
    lastText = text;
  }
  line.put(lastQuoted);
}

const SECOND = 1_000_000_000;
const END_OF_TIME = piece('"');
let lastSeconds = 0;
let lastSecondsText = piece('"0.');

/** Epoch seconds with nanoseconds. */
export function putSeconds(line: LineBytes, { seconds, nanoseconds }: Stamp): void {
  if (seconds !== lastSeconds) {
    lastSeconds = seconds;
    lastSecondsText = piece(`"${seconds}.`);
  }
  line.put(lastSecondsText);
  // A damaged packet header may state more than a second.
  if (nanoseconds < SECOND) line.fraction(nanoseconds);
  else line.number(nanoseconds).put(END_OF_TIME);
}
