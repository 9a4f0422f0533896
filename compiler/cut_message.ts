/**
 * A message of which the capture has only the beginning -> what that beginning tells: every field of the fixed part, what is
 * whole of a list, and of the rest as much as a request can do with. MS-SMB2 2.2 has the positions.
 */
import {
  Command,
  decodeBody,
  decodeHeader,
  HEADER_SIZE,
  HeaderFlags,
  type Message,
  Reader,
  WireError,
} from "../runtime/wire/mod.ts";

/** Where a message is. */
interface Part {
  readonly start: number;
  readonly end: number;
  /** Length that it has on the wire. */
  readonly length: number;
}

/** What is left of a message that is cut. */
export interface CutMessage {
  readonly message: Message;
  /** What it lacks: `the end of its path`. */
  readonly lacks: string | null;
  /** Length of the data that it announces; null where it carries none. */
  readonly dataLength: number | null;
}

/** What a CREATE lacks whose name is cut: what is known of the name may be nothing. */
export const LACKS_NAME = "the end of its name";

/** What a CREATE's answer lacks where it is cut before the FileId. */
export const LACKS_FILE_ID = "its file id";

/** A number in the body: where it is, and its bytes. */
type Field = readonly [at: number, size: 2 | 4];

/** Something of variable length behind the fixed part. */
interface Variable {
  readonly name: string;
  /** Counts from the header. */
  readonly offset: Field;
  readonly length: Field;
  /**
   * What becomes of it where it is cut: `clipped` to what is there (of text, to whole characters), filled up with zeros (`padded`), left out, or, of a list
   * of create contexts, kept as far as these are whole.
   */
  readonly how: "clipped" | "clipped text" | "padded" | "left out" | "contexts" | "data";
}

interface Layout {
  /** Bytes of the body without which nothing can be made of it; the others read as 0. */
  readonly needs: number;
  /** StructureSize, where the body is nothing else. */
  readonly size?: number;
  readonly variable?: readonly Variable[];
}

/** What is told by the header alone. */
const EMPTY: Layout = { needs: 0, size: 4 };

const REQUESTS: Readonly<Record<number, Layout>> = {
  [Command.NEGOTIATE]: { needs: 38 },
  [Command.SESSION_SETUP]: {
    needs: 24,
    variable: [variable("token", [12, 2], [14, 2], "clipped")],
  },
  [Command.LOGOFF]: EMPTY,
  [Command.TREE_CONNECT]: {
    needs: 8,
    variable: [variable("path", [4, 2], [6, 2], "clipped text")],
  },
  [Command.TREE_DISCONNECT]: EMPTY,
  [Command.CREATE]: {
    needs: 56,
    variable: [
      variable("name", [44, 2], [46, 2], "clipped text"),
      variable("create contexts", [48, 4], [52, 4], "contexts"),
    ],
  },
  [Command.CLOSE]: { needs: 24 },
  [Command.FLUSH]: { needs: 24 },
  [Command.READ]: {
    needs: 32,
    variable: [variable("channel information", [44, 2], [46, 2], "left out")],
  },
  [Command.WRITE]: {
    needs: 32,
    variable: [
      variable("data", [2, 2], [4, 4], "data"),
      variable("channel information", [40, 2], [42, 2], "left out"),
    ],
  },
  [Command.LOCK]: { needs: 48 },
  [Command.IOCTL]: {
    needs: 52,
    variable: [
      variable("input", [24, 4], [28, 4], "padded"),
      variable("output", [36, 4], [40, 4], "left out"),
    ],
  },
  [Command.CANCEL]: EMPTY,
  [Command.ECHO]: EMPTY,
  [Command.QUERY_DIRECTORY]: {
    needs: 32,
    variable: [variable("pattern", [24, 2], [26, 2], "clipped text")],
  },
  [Command.CHANGE_NOTIFY]: { needs: 28 },
  [Command.QUERY_INFO]: { needs: 40, variable: [variable("input", [8, 2], [12, 4], "padded")] },
  [Command.SET_INFO]: { needs: 33, variable: [variable("value", [8, 2], [4, 4], "padded")] },
  [Command.OPLOCK_BREAK]: { needs: 24 },
};

const RESPONSES: Readonly<Record<number, Layout>> = {
  [Command.NEGOTIATE]: { needs: 60, variable: [variable("token", [56, 2], [58, 2], "clipped")] },
  [Command.SESSION_SETUP]: { needs: 8, variable: [variable("token", [4, 2], [6, 2], "clipped")] },
  [Command.TREE_CONNECT]: { needs: 12 },
  [Command.CREATE]: {
    needs: 60,
    variable: [variable("create contexts", [80, 4], [84, 4], "contexts")],
  },
  [Command.READ]: { needs: 8, variable: [variable("data", [2, 2], [4, 4], "data")] },
  [Command.OPLOCK_BREAK]: { needs: 24 },
};

function variable(name: string, offset: Field, length: Field, how: Variable["how"]): Variable {
  return { name, offset, length, how };
}

/** Header bytes up to the end of SessionId: what is behind them is the signature. */
const NAMED_HEADER = 48;

/** Longest message that is filled up. */
const MAX_PADDED = 2 ** 20;

/** Lease breaks and their acknowledgements are longer than those of oplocks (MS-SMB2 2.2.23.2, 2.2.24.2). */
const OPLOCK_SIZE = 24;
const LEASE_NEEDS = 32;

/** What the beginning of a message tells; null where that is not enough. */
export function cutMessage(bytes: Uint8Array, { start, end, length }: Part): CutMessage | null {
  const known = end - start;
  if (known < NAMED_HEADER || bytes[start + 13] !== 0) return null;
  const isResponse = (bytes[start + 16]! & HeaderFlags.SERVER_TO_REDIR) !== 0;
  const command = bytes[start + 12]!;
  const layout = (isResponse ? RESPONSES : REQUESTS)[command];
  if (layout === undefined) return null;
  if (layout.size === undefined && known < HEADER_SIZE + layout.needs) return null;
  const data = layout.variable?.find(({ how }) => how === "data");
  if (data === undefined && length > MAX_PADDED) return null;
  const whole = new Uint8Array(
    Math.max(data === undefined ? length : 0, HEADER_SIZE + LARGEST_FIXED),
  );
  whole.set(bytes.subarray(start, Math.min(end, start + whole.byteLength)));
  const cut = new Cut(whole, known);
  if (layout.size !== undefined) cut.put([0, 2], layout.size);
  if (command === Command.OPLOCK_BREAK && !cut.isBreakKnown) return null;
  const isNegotiate = command === Command.NEGOTIATE;
  if (isNegotiate && isResponse) cut.put([CONTEXTS_TOLD_AT, 2], 0);
  let lacks = isNegotiate && !isResponse
    ? cut.clipNegotiate()
    : command === Command.LOCK
    ? cut.clipLocks()
    : null;
  let dataLength: number | null = null;
  for (const one of layout.variable ?? []) {
    if (one.how === "data") {
      dataLength = cut.get(one.length);
      // More than the message has room for: it is not to be believed.
      if (dataLength > length - HEADER_SIZE) return null;
      cut.put(one.length, 0);
    } else {
      const lacking = cut.trim(one);
      lacks ??= lacking;
    }
  }
  if (isResponse && command === Command.CREATE && known < FILE_ID_END) lacks = LACKS_FILE_ID;
  const message = decoded(whole);
  if (message === null) return null;
  return {
    message: lacks === null ? message : usable(message, cut),
    lacks: lacks ?? lackingContexts(message),
    dataLength,
  };
}

/** End of the FileId in a CREATE's answer (MS-SMB2 2.2.14). */
const FILE_ID_END = HEADER_SIZE + 80;

/** Longest fixed part: that of a CREATE's answer. */
const LARGEST_FIXED = 88;

function decoded(bytes: Uint8Array): Message | null {
  try {
    const reader = new Reader(bytes, { copies: true });
    const message = decodeBody(reader, decodeHeader(reader).header);
    return message.kind === "request" || message.kind === "response" ? message : null;
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

/** The known bytes of a message, and zeros behind them. */
class Cut {
  readonly #bytes: Uint8Array;
  readonly #known: number;

  constructor(bytes: Uint8Array, known: number) {
    this.#bytes = bytes;
    this.#known = known;
  }

  get([at, size]: Field): number {
    const place = HEADER_SIZE + at;
    const low = this.#bytes[place]! | (this.#bytes[place + 1]! << 8);
    if (size === 2) return low;
    return (low | (this.#bytes[place + 2]! << 16) | (this.#bytes[place + 3]! << 24)) >>> 0;
  }

  put([at, size]: Field, value: number): void {
    for (let index = 0; index < size; index++) {
      this.#bytes[HEADER_SIZE + at + index] = value >>> (8 * index);
    }
  }

  /** How many bytes are known of what is somewhere. */
  knownOf(offset: number, length: number): number {
    return Math.min(length, Math.max(0, this.#known - offset));
  }

  /** Makes the message right without what is cut of something; what it then lacks. */
  trim({ name, offset, length, how }: Variable): string | null {
    const fieldsEnd = HEADER_SIZE + Math.max(offset[0] + offset[1], length[0] + length[1]);
    const isTold = this.#known >= fieldsEnd;
    const stated = isTold ? this.get(length) : 0;
    const from = this.get(offset);
    const known = this.knownOf(from, stated);
    if (isTold && known === stated) return null;
    if (isTold && how === "padded") return `some bytes of its ${name}`;
    if (isTold && (how === "clipped" || how === "clipped text")) {
      this.put(length, how === "clipped" ? known : known & ~1);
      return `the end of its ${name}`;
    }
    const kept = isTold && how === "contexts" ? this.#wholeContexts(from, known) : 0;
    this.put(length, kept);
    if (kept === 0) this.put(offset, 0);
    return kept === 0 ? `its ${name}` : `some of its ${name}`;
  }

  /** Bytes of the create contexts that are whole; the last of them becomes the end of the list (MS-SMB2 2.2.13.2). */
  #wholeContexts(from: number, known: number): number {
    const reader = new Reader(this.#bytes);
    let at = from;
    let last = -1;
    while (at + CONTEXT_FIXED <= from + known) {
      const next = reader.peekU32(at);
      const dataEnd = (reader.peekU32(at + 8) >>> 16) + reader.peekU32(at + 12);
      const nameEnd = (reader.peekU32(at + 4) & 0xffff) + (reader.peekU32(at + 4) >>> 16);
      if (at + Math.max(dataEnd, nameEnd, CONTEXT_FIXED) > from + known) break;
      last = at;
      if (next < CONTEXT_FIXED) break;
      at += next;
    }
    if (last === -1) return 0;
    const end = last === at ? from + known : at;
    this.#bytes.fill(0, last, last + 4);
    return Math.min(end, from + known) - from;
  }

  /** Whether all is there that a break, or its answer, is about. */
  get isBreakKnown(): boolean {
    return this.get([0, 2]) === OPLOCK_SIZE || this.#known >= HEADER_SIZE + LEASE_NEEDS;
  }

  /** Keeps the ranges that are whole (MS-SMB2 2.2.26). */
  clipLocks(): string | null {
    const stated = this.get([2, 2]);
    const whole = Math.floor((this.#known - HEADER_SIZE - LOCKS_AT) / LOCK_SIZE);
    if (whole >= stated) return null;
    this.put([2, 2], whole);
    return "some of its ranges";
  }

  /** Keeps the dialects that are there, and leaves the contexts out (MS-SMB2 2.2.3). */
  clipNegotiate(): string | null {
    const stated = this.get([2, 2]);
    const whole = Math.floor((this.#known - HEADER_SIZE - DIALECTS_AT) / 2);
    this.put([CONTEXT_COUNT_AT, 2], 0);
    if (whole >= stated) return null;
    this.put([2, 2], whole);
    return "some of its dialects";
  }
}

/** Fixed part of a create context. */
const CONTEXT_FIXED = 16;

/** Positions in bodies. */
const LOCKS_AT = 24;
const LOCK_SIZE = 24;
const DIALECTS_AT = 36;
const CONTEXT_COUNT_AT = 32;
const CONTEXTS_TOLD_AT = 6;

const SMB_3_1_1 = 0x0311;

/** What a message lacks that only its decoded body tells. */
function lackingContexts(message: Message): string | null {
  if (message.kind !== "request" && message.kind !== "response") return null;
  if (message.command !== "NEGOTIATE") return null;
  const dialects = message.kind === "request"
    ? message.body.dialects
    : [message.body.dialectRevision];
  return dialects.includes(SMB_3_1_1) ? "its negotiate contexts" : null;
}

/** FILE_RENAME_INFORMATION and FILE_LINK_INFORMATION up to the name, and where its length is (MS-FSCC 2.4.42.2). */
const RENAMES: ReadonlySet<number> = new Set([10, 11, 65, 72]);
const NAME_LENGTH_AT = 16;
const NAME_AT = 20;
const FILE_INFO = 1;

/** What is filled up as the request can do with it: a pattern finds what begins like it, no name has zeros in it. */
function usable(message: Message, cut: Cut): Message {
  if (message.kind !== "request") return message;
  if (message.command === "QUERY_DIRECTORY") {
    const { body } = message;
    return { ...message, body: { ...body, pattern: `${body.pattern}*` } };
  }
  if (message.command !== "SET_INFO") return message;
  const { infoType, fileInfoClass, input } = message.body;
  if (infoType !== FILE_INFO || !RENAMES.has(fileInfoClass)) return message;
  const known = cut.knownOf(cut.get([8, 2]), input.byteLength);
  const named = input.slice();
  if (known < NAME_AT) {
    const length = Math.max(0, input.byteLength - NAME_AT);
    for (let at = 0; at < 4; at++) named[NAME_LENGTH_AT + at] = length >>> (8 * at);
  }
  for (let at = Math.max(NAME_AT, known + (known & 1)); at + 1 < named.byteLength; at += 2) {
    named[at] = PLACEHOLDER;
  }
  return { ...message, body: { ...message.body, input: named } };
}

/** Stands for each character that is not known: `_`. */
const PLACEHOLDER = 0x5f;
