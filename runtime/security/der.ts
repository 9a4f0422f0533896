/**
 * The part of DER (X.690) that SPNEGO and Kerberos tokens use: one-byte tags and definite lengths of at most four
 * bytes, written in their shortest form. Nesting is bounded by the callers, who name every level they enter.
 *
 * @module
 */
import { type Reader, WireError, Writer } from "../wire/mod.ts";

/** Tags of X.690 section 8 that occur. */
export const DerTag = {
  OCTET_STRING: 0x04,
  OBJECT_IDENTIFIER: 0x06,
  ENUMERATED: 0x0a,
  GENERAL_STRING: 0x1b,
  SEQUENCE: 0x30,
  /** InitialContextToken of GSS-API (RFC 2743 section 3.1). */
  APPLICATION_0: 0x60,
} as const;

/** The context-specific constructed tag `[number]`. */
export function contextTag(number: number): number {
  return 0xa0 | number;
}

/** The application-specific constructed tag `[APPLICATION number]`. */
export function applicationTag(number: number): number {
  return 0x60 | number;
}

/** One element: its tag and a reader of its contents alone. */
export interface DerElement {
  readonly tag: number;
  readonly content: Reader;
}

/** The next element. */
export function readElement(reader: Reader, field: string): DerElement {
  const offset = reader.offset;
  const tag = reader.u8(field);
  if ((tag & 0x1f) === 0x1f) throw malformed(field, { offset, reason: "the tag is longer" });
  let length = reader.u8(field);
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4) {
      throw malformed(field, { offset, reason: `the length takes ${count} bytes` });
    }
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + reader.u8(field);
    if (length < 0x80 || length < 256 ** (count - 1)) {
      throw malformed(field, { offset, reason: "the length is not in its shortest form" });
    }
  }
  return { tag, content: reader.sub(length, field) };
}

/** The contents of the next element, which must have this tag. */
export function expectElement(reader: Reader, tag: number, field: string): Reader {
  const offset = reader.offset;
  const element = readElement(reader, field);
  if (element.tag !== tag) {
    const found = element.tag.toString(16);
    throw malformed(field, { offset, reason: `the tag is 0x${found}, not 0x${tag.toString(16)}` });
  }
  return element.content;
}

/** An object identifier in dotted form. */
export function readOid(reader: Reader, field: string): string {
  const offset = reader.offset;
  const content = expectElement(reader, DerTag.OBJECT_IDENTIFIER, field);
  const arcs: number[] = [];
  let arc = 0;
  let open = true;
  while (content.remaining > 0) {
    const byte = content.u8(field);
    if (arc >= 2 ** 42) throw malformed(field, { offset, reason: "an arc is too large" });
    arc = arc * 128 + (byte & 0x7f);
    open = byte >= 0x80;
    if (open) continue;
    if (arcs.length === 0) {
      const root = Math.min(2, Math.floor(arc / 40));
      arcs.push(root, arc - root * 40);
    } else arcs.push(arc);
    arc = 0;
  }
  if (open) throw malformed(field, { offset, reason: "an arc has no end" });
  return arcs.join(".");
}

/** An octet string, as a view. */
export function readOctets(reader: Reader, field: string): Uint8Array {
  return expectElement(reader, DerTag.OCTET_STRING, field).rest();
}

/** An element around parts that are already encoded. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const writer = new Writer(length + 6);
  writer.u8(tag);
  if (length < 0x80) {
    writer.u8(length);
  } else {
    let count = 1;
    while (length >= 256 ** count) count++;
    writer.u8(0x80 | count);
    for (let i = count - 1; i >= 0; i--) writer.u8(Math.floor(length / 256 ** i) & 0xff);
  }
  for (const part of parts) writer.raw(part);
  return writer.bytes();
}

/** The encoding of an object identifier in dotted form. */
export function oidElement(oid: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = oid.split(".").map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift((left % 128) | 0x80);
    }
    bytes.push(...groups);
  }
  return element(DerTag.OBJECT_IDENTIFIER, Uint8Array.from(bytes));
}

function malformed(
  field: string,
  detail: { readonly offset: number; readonly reason: string },
): WireError {
  const { offset, reason } = detail;
  return new WireError(`Cannot decode ${field}: ${reason}`, { field, offset });
}
