/** Texts of numbers, ids and times in the lines of `inspect --operations`. */
import { LeaseState, Reader, statusName } from "../runtime/wire/mod.ts";
import type { Stamp } from "./capture/mod.ts";

const OPLOCK_LEVELS = new Map([[0x00, "NONE"], [0x01, "LEVEL_II"], [0x08, "EXCLUSIVE"], [
  0x09,
  "BATCH",
], [0xff, "LEASE"]]);

/** Name of an oplock level; the number of an unknown one. */
export function oplockText(level: number): string | number {
  return OPLOCK_LEVELS.get(level) ?? level;
}

/** `RHW` letters in the order read, handle, write; `0` for none. */
export function leaseText(state: number): string {
  const text = ((state & LeaseState.READ) !== 0 ? "R" : "") +
    ((state & LeaseState.HANDLE) !== 0 ? "H" : "") +
    ((state & LeaseState.WRITE) !== 0 ? "W" : "");
  return text === "" ? "0" : text;
}

/** Texts of the statuses seen: looking a name up costs more than all else of a line. */
const STATUS_TEXTS = new Map<number, string>();

/** A hostile capture may have a new status in each response. */
const STATUS_TEXTS_KEPT = 1024;

/** `STATUS_` and the name of an NTSTATUS; its number in hexadecimal when it has none. */
export function statusText(status: number): string {
  let text = STATUS_TEXTS.get(status);
  if (text === undefined) {
    const name = statusName(status);
    text = name.startsWith("0x") ? name.toLowerCase() : `STATUS_${name}`;
    if (STATUS_TEXTS.size < STATUS_TEXTS_KEPT) STATUS_TEXTS.set(status, text);
  }
  return text;
}

/** Epoch seconds with nanoseconds. */
export function seconds(stamp: Stamp): string {
  return `${stamp.seconds}.${String(stamp.nanoseconds).padStart(9, "0")}`;
}

/** A byte. */
export function hex8(value: number): string {
  return hexText(value, 2);
}

/** 16 bits. */
export function hex16(value: number): string {
  return hexText(value, 4);
}

/** 32 bits. */
export function hex32(value: number): string {
  return hexText(value, 8);
}

/** 64 bits. */
export function hex64(value: bigint): string {
  return `0x${value.toString(16).padStart(16, "0")}`;
}

/** The four bytes as they are on the wire. */
export function octets32(value: number): string {
  return [0, 8, 16, 24].map((shift) => ((value >>> shift) & 0xff).toString(16).padStart(2, "0"))
    .join(":");
}

function hexText(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** A GUID as text. */
export function guidText(bytes: Uint8Array): string {
  return new Reader(bytes).guid("GUID");
}
