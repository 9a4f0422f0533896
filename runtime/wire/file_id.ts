/** SMB2_FILEID (MS-SMB2 2.2.14.1). */
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** The two halves of a file id: `persistent` outlives a connection, `volatile` does not. */
export interface FileId {
  readonly persistent: bigint;
  readonly volatile: bigint;
}

/** All ones: in a related compound, the file of the request before (MS-SMB2 3.2.4.1.4). */
export const RELATED_FILE_ID: FileId = {
  persistent: 0xffffffffffffffffn,
  volatile: 0xffffffffffffffffn,
};

/** Writes the 16 bytes. */
export function encodeFileId(writer: Writer, id: FileId): void {
  writer.u64(id.persistent);
  writer.u64(id.volatile);
}

/** Reads the 16 bytes. */
export function decodeFileId(reader: Reader): FileId {
  return { persistent: reader.u64("FileId.Persistent"), volatile: reader.u64("FileId.Volatile") };
}

/** Whether both halves are equal. */
export function sameFileId(a: FileId, b: FileId): boolean {
  return a.volatile === b.volatile && a.persistent === b.persistent;
}

/** `persistent:volatile`, 16 hexadecimal digits each: a map key, and the form of logs. */
export function fileIdText(id: FileId): string {
  return `${id.persistent.toString(16).padStart(16, "0")}:${
    id.volatile.toString(16).padStart(16, "0")
  }`;
}
