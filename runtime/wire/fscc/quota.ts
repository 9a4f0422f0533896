/** Quota entries (MS-FSCC 2.4.41), in QUERY_INFO and SET_INFO of type QUOTA. */
import { Reader } from "../reader.ts";
import { decodeList, encodeList } from "./list.ts";
import { decodeSid, sidBytes } from "./security.ts";

/** The quota of one user. */
export interface QuotaEntry {
  /** FILETIME. */
  readonly changeTime: bigint;
  readonly quotaUsed: bigint;
  /** -1 = none. */
  readonly quotaThreshold: bigint;
  readonly quotaLimit: bigint;
  /** SID text. */
  readonly sid: string;
}

/** Reads quota entries. */
export function decodeQuota(bytes: Uint8Array): QuotaEntry[] {
  return decodeList(bytes, (reader) => {
    const sidLength = reader.u32("SidLength");
    return {
      changeTime: reader.i64("ChangeTime"),
      quotaUsed: reader.i64("QuotaUsed"),
      quotaThreshold: reader.i64("QuotaThreshold"),
      quotaLimit: reader.i64("QuotaLimit"),
      sid: decodeSid(new Reader(reader.bytes(sidLength, "Sid"))),
    };
  });
}

/** Writes quota entries, each at a multiple of 8. */
export function encodeQuota(entries: readonly QuotaEntry[]): Uint8Array {
  return encodeList(entries, {
    alignment: 8,
    encodeEntry(writer, entry) {
      const sid = sidBytes(entry.sid);
      writer.u32(sid.byteLength);
      writer.i64(entry.changeTime);
      writer.i64(entry.quotaUsed);
      writer.i64(entry.quotaThreshold);
      writer.i64(entry.quotaLimit);
      writer.raw(sid);
    },
  }).bytes;
}
