/**
 * Structures of fixed fields as data: the order of the keys is the order on the wire, so that one table lies beside the
 * spec's and serves both directions.
 */
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/**
 * A field: an integer of that width (`i64` where the spec says signed, times among them), a BOOLEAN of one byte, a GUID,
 * or a number of bytes.
 */
export type Field = "u8" | "u16" | "u32" | "u64" | "i32" | "i64" | "bool" | "guid" | number;

/** Names and fields in wire order. */
export type Layout = Readonly<Record<string, Field>>;

/** The value of a field. */
export type FieldValue<F extends Field> = F extends "u64" | "i64" ? bigint
  : F extends "bool" ? boolean
  : F extends "guid" ? string
  : F extends number ? Uint8Array
  : number;

/** The value of a layout. */
export type Fields<L extends Layout> = { readonly [K in keyof L]: FieldValue<L[K]> };

/** Reads the fields in order. A BOOLEAN is true for any value but 0 (MS-FSCC 2.1.8). */
export function decodeFields<L extends Layout>(reader: Reader, layout: L): Fields<L> {
  const value: Record<string, unknown> = {};
  for (const [name, field] of fieldsOf(layout)) value[name] = decodeField(reader, name, field);
  return value as Fields<L>;
}

/** Writes the fields in order. */
export function encodeFields<L extends Layout>(
  writer: Writer,
  layout: L,
  value: Fields<L>,
): void {
  for (const [name, field] of fieldsOf(layout)) encodeField(writer, field, value[name]);
}

const knownFields = new WeakMap<Layout, readonly (readonly [string, Field])[]>();

/** Names and fields; layouts are few, and each is read many times. */
function fieldsOf(layout: Layout): readonly (readonly [string, Field])[] {
  let fields = knownFields.get(layout);
  if (fields === undefined) knownFields.set(layout, fields = Object.entries(layout));
  return fields;
}

const knownBooleans = new WeakMap<Layout, readonly number[]>();

/** Where the BOOLEANs of a layout are. */
export function booleanPlaces(layout: Layout): readonly number[] {
  let places = knownBooleans.get(layout);
  if (places !== undefined) return places;
  let at = 0;
  const found: number[] = [];
  for (const [, field] of fieldsOf(layout)) {
    if (field === "bool") found.push(at);
    at += fieldSize(field);
  }
  knownBooleans.set(layout, places = found);
  return places;
}

/** Bytes that a layout takes. */
export function layoutSize(layout: Layout): number {
  let size = 0;
  for (const field of Object.values(layout)) size += fieldSize(field);
  return size;
}

function decodeField(reader: Reader, name: string, field: Field): unknown {
  switch (field) {
    case "u8":
      return reader.u8(name);
    case "u16":
      return reader.u16(name);
    case "u32":
      return reader.u32(name);
    case "u64":
      return reader.u64(name);
    case "i32":
      return reader.i32(name);
    case "i64":
      return reader.i64(name);
    case "bool":
      return reader.u8(name) !== 0;
    case "guid":
      return reader.guid(name);
    default:
      return reader.bytes(field, name);
  }
}

function encodeField(writer: Writer, field: Field, value: unknown): void {
  switch (field) {
    case "u8":
      return writer.u8(value as number);
    case "u16":
      return writer.u16(value as number);
    case "u32":
      return writer.u32(value as number);
    case "u64":
      return writer.u64(value as bigint);
    case "i32":
      return writer.i32(value as number);
    case "i64":
      return writer.i64(value as bigint);
    case "bool":
      return writer.u8(value ? 1 : 0);
    case "guid":
      return writer.guid(value as string);
    default:
      return encodeBytes(writer, field, value as Uint8Array);
  }
}

function encodeBytes(writer: Writer, length: number, value: Uint8Array): void {
  if (value.byteLength > length) {
    writer.raw(value.subarray(0, length));
  } else {
    writer.raw(value);
    writer.zero(length - value.byteLength);
  }
}

function fieldSize(field: Field): number {
  switch (field) {
    case "u8":
    case "bool":
      return 1;
    case "u16":
      return 2;
    case "u32":
    case "i32":
      return 4;
    case "u64":
    case "i64":
      return 8;
    case "guid":
      return 16;
    default:
      return field;
  }
}
