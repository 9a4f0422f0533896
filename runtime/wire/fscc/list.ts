/** Lists whose entries begin with NextEntryOffset: directory entries, streams, EAs, notifications, quotas (MS-FSCC 2.4, 2.7). */
import { WireError } from "../errors.ts";
import { Reader } from "../reader.ts";
import { Writer } from "../writer.ts";

/** What a list that must fit a buffer became. */
export interface EncodedList {
  readonly bytes: Uint8Array;
  /** How many entries, from the first, are in `bytes`; 0 when not even one fits. */
  readonly used: number;
}

/**
 * Reads entries until NextEntryOffset is 0. No bytes are no entries. `decodeEntry` gets a reader that stands behind
 * NextEntryOffset and ends where the next entry begins. Offsets that go back or overlap are refused; alignment is not
 * looked at, since older servers pad to 4 where the spec now says 8.
 */
export function decodeList<T>(bytes: Uint8Array, decodeEntry: (entry: Reader) => T): T[] {
  const entries: T[] = [];
  let start = 0;
  while (start < bytes.byteLength) {
    const next = new Reader(bytes, { start }).u32("NextEntryOffset");
    if (next !== 0 && next < 8) {
      throw new WireError(`Cannot decode list: NextEntryOffset is ${next}, less than an entry`, {
        field: "NextEntryOffset",
        offset: start,
      });
    }
    const end = next === 0 ? bytes.byteLength : start + next;
    if (end > bytes.byteLength) {
      throw new WireError(
        `Cannot decode list: NextEntryOffset ${next} at offset ${start} ends behind ${bytes.byteLength} bytes`,
        { field: "NextEntryOffset", offset: start, needed: end, had: bytes.byteLength },
      );
    }
    entries.push(decodeEntry(new Reader(bytes, { start: start + 4, end })));
    if (next === 0) break;
    start = end;
  }
  return entries;
}

/**
 * Writes as many entries as fit `maxLength`, each at a multiple of `alignment`, without padding behind the last.
 * `encodeEntry` writes what stands behind NextEntryOffset.
 */
export function encodeList<T>(
  entries: Iterable<T>,
  options: {
    alignment: 4 | 8;
    maxLength?: number;
    single?: boolean;
    encodeEntry: (writer: Writer, entry: T) => void;
  },
): EncodedList {
  const maxLength = options.maxLength ?? Infinity;
  const writer = new Writer(1024);
  let used = 0;
  let length = 0;
  let last: { slot: ReturnType<Writer["reserve"]>; start: number } | null = null;
  for (const entry of entries) {
    writer.align(options.alignment);
    const start = writer.length;
    const slot = writer.reserve(4);
    options.encodeEntry(writer, entry);
    if (writer.length > maxLength) break;
    if (last !== null) writer.patch(last.slot, start - last.start);
    last = { slot, start };
    length = writer.length;
    used += 1;
    if (options.single) break;
  }
  return { bytes: writer.bytes().slice(0, length), used };
}
