/** DFS referrals (MS-DFSC 2.2.2 - 2.2.5). */
import { WireError } from "./errors.ts";
import { Reader } from "./reader.ts";
import type { Slot, Writer } from "./writer.ts";

/** REQ_GET_DFS_REFERRAL (MS-DFSC 2.2.2). */
export interface DfsReferralRequest {
  readonly kind: "dfsReferralRequest";
  /** Highest version of entries that the client understands. */
  readonly maxReferralLevel: number;
  readonly requestFileName: string;
}

/** One entry (MS-DFSC 2.2.5). */
export type DfsReferralEntry =
  & {
    readonly version: number;
    readonly serverType: number;
    /** 0x2 = NameListReferral, 0x4 = TargetSetBoundary. */
    readonly entryFlags: number;
  }
  & (
    | { readonly form: "share"; readonly shareName: string }
    | {
      readonly form: "target";
      /** Only in version 2. */
      readonly proximity?: number;
      /** Seconds. */
      readonly timeToLive: number;
      readonly dfsPath: string;
      readonly dfsAlternatePath: string;
      readonly networkAddress: string;
    }
    | {
      readonly form: "names";
      readonly timeToLive: number;
      readonly specialName: string;
      readonly expandedNames: readonly string[];
    }
  );

/** RESP_GET_DFS_REFERRAL (MS-DFSC 2.2.4). */
export interface DfsReferralResponse {
  readonly kind: "dfsReferralResponse";
  /** Bytes of the requested path that the referral stands for. */
  readonly pathConsumed: number;
  /** 1 = referral servers, 2 = storage servers, 4 = target failback. */
  readonly headerFlags: number;
  readonly entries: readonly DfsReferralEntry[];
}

const NAME_LIST_REFERRAL = 0x0002;

/** Length of an entry without its strings. */
const ENTRY_SIZE = { share: 8, target2: 22, target3: 34, names: 34 } as const;

/** Writes the request with the zero character that ends its name. */
export function encodeDfsReferralRequest(writer: Writer, value: DfsReferralRequest): void {
  writer.u16(value.maxReferralLevel);
  writer.text(value.requestFileName);
  writer.u16(0);
}

/** Reads the request. */
export function decodeDfsReferralRequest(reader: Reader): DfsReferralRequest {
  const maxReferralLevel = reader.u16("MaxReferralLevel");
  return {
    kind: "dfsReferralRequest",
    maxReferralLevel,
    requestFileName: zeroTerminated(reader, "RequestFileName"),
  };
}

/** Writes the entries, then their strings in the order of the entries. */
export function encodeDfsReferralResponse(writer: Writer, value: DfsReferralResponse): void {
  writer.u16(value.pathConsumed);
  writer.u16(value.entries.length);
  writer.u32(value.headerFlags);
  const strings: { start: number; slot: Slot; texts: readonly string[] }[] = [];
  for (const entry of value.entries) {
    const start = writer.length;
    const later = (...texts: string[]) => {
      strings.push({ start, slot: writer.reserve(2), texts });
    };
    writer.u16(entry.version);
    const size = writer.reserve(2);
    writer.u16(entry.serverType);
    writer.u16(entry.entryFlags);
    switch (entry.form) {
      case "share":
        writer.text(entry.shareName);
        writer.u16(0);
        break;
      case "target":
        if (entry.version === 2) writer.u32(entry.proximity ?? 0);
        writer.u32(entry.timeToLive);
        later(entry.dfsPath);
        later(entry.dfsAlternatePath);
        later(entry.networkAddress);
        if (entry.version !== 2) writer.zero(16);
        break;
      case "names":
        writer.u32(entry.timeToLive);
        later(entry.specialName);
        writer.u16(entry.expandedNames.length);
        later(...entry.expandedNames);
        writer.zero(16);
        break;
    }
    writer.patch(size, writer.length - start);
  }
  for (const { start, slot, texts } of strings) {
    writer.patch(slot, writer.length - start);
    for (const text of texts) {
      writer.text(text);
      writer.u16(0);
    }
  }
}

/** Reads a response; entries of a version above 4 are refused. */
export function decodeDfsReferralResponse(bytes: Uint8Array): DfsReferralResponse {
  const reader = new Reader(bytes);
  const pathConsumed = reader.u16("PathConsumed");
  const count = reader.u16("NumberOfReferrals");
  const headerFlags = reader.u32("ReferralHeaderFlags");
  const strings = new Strings(bytes);
  const entries: DfsReferralEntry[] = [];
  for (let i = 0; i < count; i++) entries.push(decodeEntry(reader, strings));
  return { kind: "dfsReferralResponse", pathConsumed, headerFlags, entries };
}

function decodeEntry(list: Reader, strings: Strings): DfsReferralEntry {
  const start = list.offset;
  const version = list.u16("VersionNumber");
  const size = list.u16("Size");
  const least = version === 1
    ? ENTRY_SIZE.share
    : version === 2
    ? ENTRY_SIZE.target2
    : ENTRY_SIZE.target3 - 16;
  if (version < 1 || version > 4 || size < least) {
    throw new WireError(`Cannot decode DFS referral: version ${version} with ${size} bytes`, {
      field: "VersionNumber",
      offset: start,
    });
  }
  const entry = list.sub(size - 4, "ReferralEntry");
  const serverType = entry.u16("ServerType");
  const entryFlags = entry.u16("ReferralEntryFlags");
  const shared = { version, serverType, entryFlags };
  if (version === 1) {
    return { ...shared, form: "share", shareName: zeroTerminated(entry, "ShareName") };
  }
  const proximity = version === 2 ? entry.u32("Proximity") : undefined;
  const timeToLive = entry.u32("TimeToLive");
  if (version > 2 && (entryFlags & NAME_LIST_REFERRAL) !== 0) {
    const specialName = strings.at(start + entry.u16("SpecialNameOffset"), 1);
    const count = entry.u16("NumberOfExpandedNames");
    const expandedNames = strings.at(start + entry.u16("ExpandedNameOffset"), count);
    return {
      ...shared,
      form: "names",
      timeToLive,
      specialName: specialName[0] ?? "",
      expandedNames,
    };
  }
  const [dfsPath = ""] = strings.at(start + entry.u16("DFSPathOffset"), 1);
  const [dfsAlternatePath = ""] = strings.at(start + entry.u16("DFSAlternatePathOffset"), 1);
  const [networkAddress = ""] = strings.at(start + entry.u16("NetworkAddressOffset"), 1);
  const target = {
    ...shared,
    form: "target",
    timeToLive,
    dfsPath,
    dfsAlternatePath,
    networkAddress,
  } as const;
  return proximity === undefined ? target : { ...target, proximity };
}

/**
 * Strings by offset. Entries share them (Windows writes one path for all targets), so each is read once; a hostile
 * response could point thousands of entries into one long string, hence the limit on what is read in total.
 */
class Strings {
  readonly #bytes: Uint8Array;
  readonly #known = new Map<number, string>();
  #left: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#left = bytes.byteLength * 4;
  }

  /** `count` zero-terminated strings, one behind the other. */
  at(offset: number, count: number): string[] {
    const texts: string[] = [];
    for (let start = offset; texts.length < count;) {
      const text = this.#known.get(start) ?? this.#read(start);
      texts.push(text);
      start += text.length * 2 + 2;
    }
    return texts;
  }

  #read(offset: number): string {
    if (offset > this.#bytes.byteLength) {
      throw new WireError(
        `Cannot decode DFS referral: string at offset ${offset} of ${this.#bytes.byteLength} bytes`,
        { field: "StringOffset", offset, had: this.#bytes.byteLength },
      );
    }
    const text = zeroTerminated(new Reader(this.#bytes, { start: offset }), "String");
    this.#left -= text.length * 2;
    if (this.#left < 0) {
      throw new WireError("Cannot decode DFS referral: strings overlap each other", {
        field: "StringOffset",
        offset,
      });
    }
    this.#known.set(offset, text);
    return text;
  }
}

/** UTF-16LE up to a zero character, which must be there. */
function zeroTerminated(reader: Reader, field: string): string {
  const units: string[] = [];
  for (let unit = reader.u16(field); unit !== 0; unit = reader.u16(field)) {
    units.push(String.fromCharCode(unit));
  }
  return units.join("");
}
