/** Extended attributes: FILE_FULL_EA_INFORMATION and FILE_GET_EA_INFORMATION (MS-FSCC 2.4.16). */
import { WireError } from "../errors.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";
import { decodeList, encodeList } from "./list.ts";

/** One attribute with its value. */
export interface ExtendedAttribute {
  /** 0x80 = FILE_NEED_EA. */
  readonly flags: number;
  /** 8-bit characters, at most 255. */
  readonly name: string;
  readonly value: Uint8Array;
}

/** The attributes of a FileFullEaInformation buffer, of an `ExtA` create context, or of a SET_INFO request. */
export function decodeExtendedAttributes(bytes: Uint8Array): ExtendedAttribute[] {
  return decodeList(bytes, (reader) => {
    const flags = reader.u8("Flags");
    const nameLength = reader.u8("EaNameLength");
    const valueLength = reader.u16("EaValueLength");
    const name = decodeName(reader, nameLength);
    return { flags, name, value: reader.bytes(valueLength, "EaValue") };
  });
}

/** Writes attributes, each at a multiple of 4. */
export function encodeExtendedAttributes(attributes: readonly ExtendedAttribute[]): Uint8Array {
  return encodeList(attributes, {
    alignment: 4,
    encodeEntry(writer, attribute) {
      if (attribute.value.byteLength > 0xffff) {
        throw new WireError(
          `Cannot encode extended attribute: value has ${attribute.value.byteLength} bytes, more than 65535`,
          { field: "EaValueLength", offset: writer.offset },
        );
      }
      writer.u8(attribute.flags);
      writer.u8(checkedNameLength(writer, attribute.name));
      writer.u16(attribute.value.byteLength);
      encodeName(writer, attribute.name);
      writer.raw(attribute.value);
    },
  }).bytes;
}

/** The names that a query for FileFullEaInformation asks for; none asks for all. */
export function decodeExtendedAttributeNames(bytes: Uint8Array): string[] {
  return decodeList(bytes, (reader) => decodeName(reader, reader.u8("EaNameLength")));
}

/** Writes the names of a query for FileFullEaInformation. */
export function encodeExtendedAttributeNames(names: readonly string[]): Uint8Array {
  return encodeList(names, {
    alignment: 4,
    encodeEntry(writer, name) {
      writer.u8(checkedNameLength(writer, name));
      encodeName(writer, name);
    },
  }).bytes;
}

function checkedNameLength(writer: Writer, name: string): number {
  if (name.length > 255 || [...name].some((character) => character > "\u00ff")) {
    throw new WireError(
      `Cannot encode extended attribute: ${
        JSON.stringify(name)
      } is not 255 or fewer 8-bit characters`,
      { field: "EaName", offset: writer.offset },
    );
  }
  return name.length;
}

/** Writes the name and the zero byte behind it. */
function encodeName(writer: Writer, name: string): void {
  for (let i = 0; i < name.length; i++) writer.u8(name.charCodeAt(i));
  writer.u8(0);
}

function decodeName(reader: Reader, length: number): string {
  const name = String.fromCharCode(...reader.bytes(length, "EaName"));
  reader.skip(1, "EaName terminator");
  return name;
}
