/** FILE_NOTIFY_INFORMATION, the answers of CHANGE_NOTIFY (MS-FSCC 2.7.1). */
import { decodeList, type EncodedList, encodeList } from "./list.ts";

/** One change. */
export interface NotifyEntry {
  /** A number of {@linkcode NotifyAction}. */
  readonly action: number;
  /** Relative to the watched directory. */
  readonly name: string;
}

/** The changes of a CHANGE_NOTIFY response; an empty response (NOTIFY_ENUM_DIR) has none. */
export function decodeNotify(bytes: Uint8Array): NotifyEntry[] {
  return decodeList(bytes, (reader) => {
    const action = reader.u32("Action");
    return { action, name: reader.text(reader.u32("FileNameLength"), "FileName") };
  });
}

/**
 * As many changes as fit, each at a multiple of 4. A server whose changes do not all fit sends none and answers
 * NOTIFY_ENUM_DIR instead (MS-SMB2 3.3.5.19): compare `used` with the number of entries.
 */
export function encodeNotify(
  entries: readonly NotifyEntry[],
  options: { maxLength?: number } = {},
): EncodedList {
  return encodeList(entries, {
    alignment: 4,
    ...options,
    encodeEntry(writer, entry) {
      writer.u32(entry.action);
      writer.u32(entry.name.length * 2);
      writer.text(entry.name);
    },
  });
}
