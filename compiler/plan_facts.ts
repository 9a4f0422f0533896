/** What answers tell about files beyond their status: sizes, attributes, streams, listed names. */
import {
  type CloseResponse,
  decodeDirectory,
  decodeInformation,
  FileAttribute,
  InfoType,
  isDirectoryClass,
  WireError,
} from "../runtime/wire/mod.ts";
import type { PlanDirectoryEntry, PlanFacts } from "./plan.ts";

/** SMB2_CLOSE_FLAG_POSTQUERY_ATTRIB (MS-SMB2 2.2.16). */
const POSTQUERY_ATTRIB = 0x0001;

/** Type of a stream that holds data (MS-FSCC 2.1.4). */
const DATA_STREAM = /^:(.+):\$DATA$/i;

/** What a QUERY_INFO answer tells; undefined where the class has nothing of use, or cannot be read. */
export function factsOfInfo(
  infoType: number,
  informationClass: number,
  output: Uint8Array,
): PlanFacts | undefined {
  if (infoType !== InfoType.FILE) return undefined;
  try {
    return factsOf(decodeInformation(infoType, informationClass, output));
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function factsOf(value: ReturnType<typeof decodeInformation>): PlanFacts | undefined {
  switch (value.kind) {
    case "FileBasicInformation":
      return { attributes: value.fileAttributes, modified: String(value.lastWriteTime) };
    case "FileStandardInformation":
      return {
        size: String(value.endOfFile),
        allocation: String(value.allocationSize),
        directory: value.directory,
      };
    case "FileNetworkOpenInformation":
      return {
        size: String(value.endOfFile),
        allocation: String(value.allocationSize),
        attributes: value.fileAttributes,
        modified: String(value.lastWriteTime),
      };
    case "FileAttributeTagInformation":
      return { attributes: value.fileAttributes };
    case "FileAllInformation":
      return {
        size: String(value.standard.endOfFile),
        allocation: String(value.standard.allocationSize),
        directory: value.standard.directory,
        attributes: value.basic.fileAttributes,
        modified: String(value.basic.lastWriteTime),
      };
    case "FileStreamInformation": {
      const streams = value.streams.flatMap(({ name, size }) => {
        const named = DATA_STREAM.exec(name)?.[1];
        return named === undefined ? [] : [{ name: named, size: String(size) }];
      });
      return streams.length === 0 ? undefined : { streams };
    }
    case "FileFullEaInformation":
      return value.attributes.length === 0 ? undefined : {
        eas: value.attributes.map(({ name, value: { byteLength } }) => ({
          name,
          length: byteLength,
        })),
      };
    default:
      return undefined;
  }
}

/** The path that a QUERY_INFO answer tells; undefined where it tells none. */
export function nameOfInfo(
  infoType: number,
  informationClass: number,
  output: Uint8Array,
): string | undefined {
  if (infoType !== InfoType.FILE) return undefined;
  try {
    const value = decodeInformation(infoType, informationClass, output);
    switch (value.kind) {
      case "FileNameInformation":
      case "FileNormalizedNameInformation":
      case "FileAllInformation":
        return value.name === "" ? undefined : value.name.replace(/^\\/, "");
      default:
        return undefined;
    }
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** What a CLOSE answer tells, where it was asked for. */
export function factsOfClose(body: CloseResponse | null): PlanFacts | undefined {
  if (body === null || (body.flags & POSTQUERY_ATTRIB) === 0) return undefined;
  return {
    size: String(body.endOfFile),
    allocation: String(body.allocationSize),
    attributes: body.fileAttributes,
    directory: (body.fileAttributes & FileAttribute.DIRECTORY) !== 0,
    modified: String(body.lastWriteTime),
  };
}

/** The entries of a QUERY_DIRECTORY answer; undefined where it has none, or they cannot be read. */
export function entriesOf(
  informationClass: number,
  output: Uint8Array,
): readonly PlanDirectoryEntry[] | undefined {
  if (!isDirectoryClass(informationClass)) return undefined;
  try {
    const entries = decodeDirectory(informationClass, output).filter(({ name }) =>
      name !== "." && name !== ".."
    );
    return entries.length === 0 ? undefined : entries.map((entry) => ({
      name: entry.name,
      ...(entry.endOfFile === undefined ? {} : { size: String(entry.endOfFile) }),
      ...(entry.fileAttributes === undefined ? {} : { attributes: entry.fileAttributes }),
    }));
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
