/** An exchange: a request with its answers, as the capture has them. What the stages behind pairing work on. */
import type { CommandName, FileId, Header, Message, ResponseBodies } from "../runtime/wire/mod.ts";
import type { CaptureNote, Stamp } from "./capture/mod.ts";
import type { Payload } from "./payload.ts";

/** One message as the capture has it. */
export interface CapturedMessage {
  readonly header: Header;
  /**
   * Null when the body is not wholly in the capture, or cannot be decoded. Of a WRITE request or READ response that is
   * cut inside its data it is there all the same, as these fields do not need the data.
   */
  readonly message: Message | null;
  /** Bytes of the message that the capture has; less than `length` when some are missing. */
  readonly known: number;
  readonly length: number;
  /** The packet with which the message was complete. */
  readonly completed: Stamp;
  /** The packet that carried its first byte. */
  readonly first: Stamp;
  readonly encrypted: boolean;
  readonly compressed: boolean;
  /** What READ and WRITE carried; the message itself holds no data. */
  readonly payload: Payload | null;
  /** What a message lacks that is cut, where that can be told: `the end of its path`. */
  readonly lacks?: string;
}

/** A response that said "pending". */
export interface Interim {
  readonly completed: Stamp;
  readonly asyncId: bigint;
}

/** The place of a request in its compound. */
export interface ChainPlace {
  /** Same for all requests of one compound. */
  readonly id: number;
  readonly index: number;
  readonly related: boolean;
  /** The request before it in the compound. */
  readonly previous: Exchange | null;
}

/** A request with its answers, a break notification, or a unit that could not be read. */
export interface Exchange {
  readonly kind: "exchange" | "break" | "encrypted" | "smb1";
  /** Place in the order of request frames (of response frames where there is no request). */
  readonly index: number;
  /** TCP conversation, numbered from 0 by first packet. */
  readonly stream: number;
  readonly client: string;
  readonly server: string;
  readonly command: string;
  readonly request: CapturedMessage | null;
  interim: Interim | null;
  response: CapturedMessage | null;
  readonly chain: ChainPlace | null;
  /** Whether the response came within a compounded response. */
  responseChained: boolean;
  /** Another request with this message id was still unanswered. */
  readonly repeatedMessageId: boolean;
  /** Of a CANCEL: the unanswered request with its message id. */
  readonly unanswered: Exchange | null;
  /** Answered, or not to be answered any more. */
  settled: boolean;
  /** Null before the replay state has seen it. */
  facts: Facts | null;
  /** Dialect strings of an SMB1 NEGOTIATE (`kind` smb1). */
  readonly smb1Dialects?: readonly string[];
  /** Session and size of an encrypted unit that could not be read (`kind` encrypted). */
  readonly opaque?: { sessionId: bigint; size: number };
}

/** A CREATE that made an open, as later exchanges need it. */
export interface Opened {
  /** Of the CREATE's exchange. */
  readonly index: number;
  readonly server: string;
  readonly fileId: FileId;
  readonly sessionId: bigint | null;
  readonly treeId: number | null;
  readonly tree: string | null;
  readonly path: string | null;
  /** In hexadecimal; null without a lease. */
  leaseKey: string | null;
  /** Of the client that holds the lease. */
  clientGuid: string | null;
}

/** What is known about an exchange beyond its own bytes. */
export interface Facts {
  /** Null where the header is cut. */
  sessionId: bigint | null;
  /** Null where the header is cut, or asynchronous. */
  treeId: number | null;
  /** `\\server\share`; null when its TREE_CONNECT is not in the capture. */
  tree: string | null;
  fileId: FileId | null;
  /** The file id came from the request before in a related compound. */
  fileIdInherited: boolean;
  path: string | null;
  /** The CREATE that returned the file id. */
  create: Opened | null;
  /** File id that a durable reconnect asks for. */
  reconnectFileId: FileId | null;
  /** The request that a CANCEL withdraws. */
  cancels: Exchange | null;
  /** The break that an acknowledgement answers. */
  acknowledges: Exchange | null;
  /** Paths that the client held open under a broken lease. */
  leasePaths: readonly string[];
}

/** Where exchanges go: `opened` in the order of their index, `settled` when complete. */
export interface ExchangeSink {
  opened(exchange: Exchange): void;
  /** An interim response arrived. */
  pending(exchange: Exchange): void;
  settled(exchange: Exchange): void;
  /** Nothing more comes of a connection. */
  ended?(stream: number): void;
}

/** Turns a unit that is not plain SMB2 (0xFD encrypted, 0xFC compressed) into one that is, or null. */
export interface Unwrapper {
  unwrap(unit: Uint8Array, stream: number, frame?: number): Unwrapped | null;
  /** Each NEGOTIATE and SESSION_SETUP, in order, with its bytes: later keys depend on them. */
  observe(bytes: Uint8Array, message: CapturedMessage, stream: number): void;
  /** Nothing more comes of a connection. */
  ended?(stream: number): void;
  /** What could not be made plain, once everything was seen. */
  notes?(): readonly CaptureNote[];
  /** Who a login is of whose messages hide it, such as one with a Kerberos ticket that could be opened. */
  userOf?(stream: number, sessionId: bigint): CapturedUser | null;
}

/** An account. */
export interface CapturedUser {
  readonly user: string;
  readonly domain: string;
}

/** A unit made plain. */
export interface Unwrapped {
  readonly bytes: Uint8Array;
  readonly encrypted: boolean;
  readonly compressed: boolean;
}

/** The body of the final response, when it is a success body of that command. */
export function answerBody<C extends CommandName>(
  exchange: Exchange,
  command: C,
): ResponseBodies[C] | null {
  const message = exchange.response?.message;
  if (message?.kind !== "response" || message.command !== command) return null;
  return message.body as ResponseBodies[C];
}
