/**
 * Keytab files: the keys of services, as `ktutil`, `samba-tool domain exportkeytab` and `ktpass` write them
 * (format 0x0502 of MIT Kerberos; all numbers big-endian).
 *
 * @module
 */
import type { KerberosKey } from "./kerberos_crypto.ts";

/** One key of a keytab. */
export interface KeytabEntry extends KerberosKey {
  /** Such as `cifs/server@REALM`. */
  readonly principal: string;
  readonly version: number;
}

/** More keys than any service has. */
const MAX_ENTRIES = 10_000;

/**
 * Reads a keytab.
 *
 * @returns Its keys; null when the bytes are none, or end within one.
 */
export function decodeKeytab(bytes: Uint8Array): KeytabEntry[] | null {
  if (bytes[0] !== 5 || bytes[1] !== 2) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: KeytabEntry[] = [];
  try {
    for (let at = 2; at + 4 <= bytes.length;) {
      const size = view.getInt32(at);
      at += 4;
      // A negative size is a hole that a deleted key left; zero is the end of a file that was made larger.
      if (size === 0) break;
      if (size > 0) {
        if (at + size > bytes.length || entries.length >= MAX_ENTRIES) return null;
        entries.push(decodeEntry(bytes.subarray(at, at + size)));
      }
      at += Math.abs(size);
    }
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return entries;
}

function decodeEntry(bytes: Uint8Array): KeytabEntry {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 2;
  const counted = (): Uint8Array => {
    const length = view.getUint16(at);
    const start = at + 2;
    at = start + length;
    if (at > bytes.length) throw new RangeError("Cannot read keytab: a name or key is cut");
    return bytes.subarray(start, at);
  };
  const text = () => new TextDecoder().decode(counted());
  const realm = text();
  const parts = Array.from({ length: view.getUint16(0) }, text);
  // Type of the name, and when the key was made.
  at += 8;
  let version = view.getUint8(at++);
  const type = view.getUint16(at);
  at += 2;
  const value = counted().slice();
  if (at + 4 <= bytes.length && view.getUint32(at) !== 0) version = view.getUint32(at);
  return { principal: `${parts.join("/")}@${realm}`, version, type, value };
}
