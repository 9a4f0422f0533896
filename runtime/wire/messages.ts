/**
 * The one table of SMB2 commands, and whole messages: header and body, single or compounded (MS-SMB2 2.2.1.2
 * NextCommand, 3.2.4.1.4).
 */
import type { Codec } from "./codec.ts";
import { COMMAND_NAMES, type CommandName, commandName } from "./command.ts";
import { WireError } from "./errors.ts";
import { decodeHeader, encodeHeader, type Header, HEADER_SIZE, isResponse } from "./header.ts";
import { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";
import { type CancelRequest, cancelRequest } from "./messages/cancel.ts";
import {
  type ChangeNotifyRequest,
  changeNotifyRequest,
  type ChangeNotifyResponse,
  changeNotifyResponse,
} from "./messages/change_notify.ts";
import {
  type CloseRequest,
  closeRequest,
  type CloseResponse,
  closeResponse,
} from "./messages/close.ts";
import {
  type CreateRequest,
  createRequest,
  type CreateResponse,
  createResponse,
} from "./messages/create.ts";
import { type EchoRequest, echoRequest, type EchoResponse, echoResponse } from "./messages/echo.ts";
import { type ErrorResponse, errorResponse } from "./messages/error.ts";
import {
  type FlushRequest,
  flushRequest,
  type FlushResponse,
  flushResponse,
} from "./messages/flush.ts";
import {
  type IoctlRequest,
  ioctlRequest,
  type IoctlResponse,
  ioctlResponse,
} from "./messages/ioctl.ts";
import { type LockRequest, lockRequest, type LockResponse, lockResponse } from "./messages/lock.ts";
import {
  type LogoffRequest,
  logoffRequest,
  type LogoffResponse,
  logoffResponse,
} from "./messages/logoff.ts";
import {
  type NegotiateRequest,
  negotiateRequest,
  type NegotiateResponse,
  negotiateResponse,
} from "./messages/negotiate.ts";
import {
  type OplockBreakRequest,
  oplockBreakRequest,
  type OplockBreakResponse,
  oplockBreakResponse,
} from "./messages/oplock_break.ts";
import {
  type QueryDirectoryRequest,
  queryDirectoryRequest,
  type QueryDirectoryResponse,
  queryDirectoryResponse,
} from "./messages/query_directory.ts";
import {
  type QueryInfoRequest,
  queryInfoRequest,
  type QueryInfoResponse,
  queryInfoResponse,
} from "./messages/query_info.ts";
import { type ReadRequest, readRequest, type ReadResponse, readResponse } from "./messages/read.ts";
import {
  type SessionSetupRequest,
  sessionSetupRequest,
  type SessionSetupResponse,
  sessionSetupResponse,
} from "./messages/session_setup.ts";
import {
  type SetInfoRequest,
  setInfoRequest,
  type SetInfoResponse,
  setInfoResponse,
} from "./messages/set_info.ts";
import {
  type TreeConnectRequest,
  treeConnectRequest,
  type TreeConnectResponse,
  treeConnectResponse,
} from "./messages/tree_connect.ts";
import {
  type TreeDisconnectRequest,
  treeDisconnectRequest,
  type TreeDisconnectResponse,
  treeDisconnectResponse,
} from "./messages/tree_disconnect.ts";
import {
  type WriteRequest,
  writeRequest,
  type WriteResponse,
  writeResponse,
} from "./messages/write.ts";

/** The body of each command's request. */
export interface RequestBodies {
  NEGOTIATE: NegotiateRequest;
  SESSION_SETUP: SessionSetupRequest;
  LOGOFF: LogoffRequest;
  TREE_CONNECT: TreeConnectRequest;
  TREE_DISCONNECT: TreeDisconnectRequest;
  CREATE: CreateRequest;
  CLOSE: CloseRequest;
  FLUSH: FlushRequest;
  READ: ReadRequest;
  WRITE: WriteRequest;
  LOCK: LockRequest;
  IOCTL: IoctlRequest;
  CANCEL: CancelRequest;
  ECHO: EchoRequest;
  QUERY_DIRECTORY: QueryDirectoryRequest;
  CHANGE_NOTIFY: ChangeNotifyRequest;
  QUERY_INFO: QueryInfoRequest;
  SET_INFO: SetInfoRequest;
  OPLOCK_BREAK: OplockBreakRequest;
}

/** The body of each command's response; CANCEL has none (MS-SMB2 2.2.30). */
export interface ResponseBodies {
  NEGOTIATE: NegotiateResponse;
  SESSION_SETUP: SessionSetupResponse;
  LOGOFF: LogoffResponse;
  TREE_CONNECT: TreeConnectResponse;
  TREE_DISCONNECT: TreeDisconnectResponse;
  CREATE: CreateResponse;
  CLOSE: CloseResponse;
  FLUSH: FlushResponse;
  READ: ReadResponse;
  WRITE: WriteResponse;
  LOCK: LockResponse;
  IOCTL: IoctlResponse;
  CANCEL: never;
  ECHO: EchoResponse;
  QUERY_DIRECTORY: QueryDirectoryResponse;
  CHANGE_NOTIFY: ChangeNotifyResponse;
  QUERY_INFO: QueryInfoResponse;
  SET_INFO: SetInfoResponse;
  OPLOCK_BREAK: OplockBreakResponse;
}

/** What a client sends. */
export type Request<C extends CommandName = CommandName> = {
  [K in C]: {
    readonly kind: "request";
    readonly command: K;
    readonly header: Header;
    readonly body: RequestBodies[K];
  };
}[C];

/** What a server sends, other than ERROR bodies. */
export type Response<C extends CommandName = CommandName> = {
  [K in C]: {
    readonly kind: "response";
    readonly command: K;
    readonly header: Header;
    readonly body: ResponseBodies[K];
  };
}[C];

/** A response whose body is an ERROR response (MS-SMB2 2.2.2): failures, and interim responses. */
export interface ErrorMessage {
  readonly kind: "error";
  readonly command: CommandName;
  readonly header: Header;
  readonly body: ErrorResponse;
}

/** A message of a command that this codec does not know; the body is kept byte for byte. */
export interface RawMessage {
  readonly kind: "raw";
  readonly header: Header;
  readonly body: Uint8Array;
}

/** Any message. */
export type Message = Request | Response | ErrorMessage | RawMessage;

/** One row of {@linkcode MESSAGES}. */
export interface CommandEntry<C extends CommandName> {
  readonly request: Codec<RequestBodies[C]>;
  readonly requestSection: string;
  /** Null where the command has no response. */
  readonly response: Codec<ResponseBodies[C]> | null;
  readonly responseSection: string | null;
}

/** Every command: its codecs and the sections of MS-SMB2 that lay the bodies out. */
export const MESSAGES: { readonly [C in CommandName]: CommandEntry<C> } = {
  NEGOTIATE: entry(negotiateRequest, "2.2.3", negotiateResponse, "2.2.4"),
  SESSION_SETUP: entry(sessionSetupRequest, "2.2.5", sessionSetupResponse, "2.2.6"),
  LOGOFF: entry(logoffRequest, "2.2.7", logoffResponse, "2.2.8"),
  TREE_CONNECT: entry(treeConnectRequest, "2.2.9", treeConnectResponse, "2.2.10"),
  TREE_DISCONNECT: entry(treeDisconnectRequest, "2.2.11", treeDisconnectResponse, "2.2.12"),
  CREATE: entry(createRequest, "2.2.13", createResponse, "2.2.14"),
  CLOSE: entry(closeRequest, "2.2.15", closeResponse, "2.2.16"),
  FLUSH: entry(flushRequest, "2.2.17", flushResponse, "2.2.18"),
  READ: entry(readRequest, "2.2.19", readResponse, "2.2.20"),
  WRITE: entry(writeRequest, "2.2.21", writeResponse, "2.2.22"),
  LOCK: entry(lockRequest, "2.2.26", lockResponse, "2.2.27"),
  IOCTL: entry(ioctlRequest, "2.2.31", ioctlResponse, "2.2.32"),
  CANCEL: entry(cancelRequest, "2.2.30", null, null),
  ECHO: entry(echoRequest, "2.2.28", echoResponse, "2.2.29"),
  QUERY_DIRECTORY: entry(queryDirectoryRequest, "2.2.33", queryDirectoryResponse, "2.2.34"),
  CHANGE_NOTIFY: entry(changeNotifyRequest, "2.2.35", changeNotifyResponse, "2.2.36"),
  QUERY_INFO: entry(queryInfoRequest, "2.2.37", queryInfoResponse, "2.2.38"),
  SET_INFO: entry(setInfoRequest, "2.2.39", setInfoResponse, "2.2.40"),
  OPLOCK_BREAK: entry(oplockBreakRequest, "2.2.24", oplockBreakResponse, "2.2.23, 2.2.25"),
};

/** The same by command code. */
const BY_CODE: readonly CommandEntry<CommandName>[] = COMMAND_NAMES.map((name) => MESSAGES[name]);

/** Structure size of an ERROR response, and of four other responses. */
const ERROR_SIZE = 9;

const STATUS_SUCCESS = 0x00000000;
const STATUS_PENDING = 0x00000103;
const STATUS_NOTIFY_CLEANUP = 0x0000010b;
const STATUS_BUFFER_OVERFLOW = 0x80000005;
const STATUS_MORE_PROCESSING_REQUIRED = 0xc0000016;

/**
 * Decodes one message, header included, bytes behind its body ignored (they are the padding of a chain).
 * Byte strings of the result are views of `bytes`.
 *
 * @throws {WireError} when the bytes are not a message, and nothing else.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeMessage, encodeMessage, makeHeader, Writer } from "../wire/mod.ts";
 * const writer = new Writer();
 * const header = makeHeader({ command: 0x0d, messageId: 7n });
 * encodeMessage(writer, { kind: "request", command: "ECHO", header, body: { reserved: 0 } });
 * const message = decodeMessage(writer.bytes());
 * assertEquals([message.kind, message.header.messageId], ["request", 7n]);
 * ```
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new Reader(bytes);
  return decodeBody(reader, decodeHeader(reader).header);
}

/**
 * Decodes the rest of a message: `reader` counts from its header, which has been read and is `header`.
 *
 * @throws {WireError} when the bytes are not a message, and nothing else.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeBody, decodeHeader, encodeMessage, makeHeader, Reader, Writer } from "../wire/mod.ts";
 * const writer = new Writer();
 * const header = makeHeader({ command: 0x0d, messageId: 7n });
 * encodeMessage(writer, { kind: "request", command: "ECHO", header, body: { reserved: 0 } });
 * const reader = new Reader(writer.bytes());
 * const message = decodeBody(reader, decodeHeader(reader).header);
 * assertEquals([message.kind, message.header.messageId], ["request", 7n]);
 * ```
 */
export function decodeBody(reader: Reader, header: Header): Message {
  const command = COMMAND_NAMES[header.command];
  if (command === undefined) return { kind: "raw", header, body: reader.rest() };
  const row = BY_CODE[header.command]!;
  if (!isResponse(header)) {
    return { kind: "request", command, header, body: row.request.decode(reader) } as Request;
  }
  const size = reader.peekU16(HEADER_SIZE);
  if (carriesError(command, header.status, size)) {
    return { kind: "error", command, header, body: errorResponse.decode(reader) };
  }
  if (row.response === null || !row.response.structureSizes.includes(size)) {
    throw new WireError(
      `Cannot decode ${command} response: StructureSize ${size} is neither its own nor that of an ERROR response`,
      { field: "StructureSize", offset: HEADER_SIZE, had: reader.remaining },
    );
  }
  return { kind: "response", command, header, body: row.response.decode(reader) } as Response;
}

/**
 * Writes one message at the writer's end. `nextCommand` is the distance to the next message of a chain.
 *
 * @throws {WireError} when a value does not fit its field.
 */
export function encodeMessage(writer: Writer, message: Message, nextCommand = 0): void {
  const before = writer.beginStructure();
  encodeHeader(writer, message.header, nextCommand);
  if (message.kind === "raw") writer.raw(message.body);
  else bodyCodec(message).encode(writer, message.body);
  writer.origin = before;
}

/** The codec of a message's body. */
export function bodyCodec(message: Exclude<Message, RawMessage>): Codec<unknown> {
  if (message.kind === "error") return errorResponse as Codec<unknown>;
  const row = MESSAGES[message.command];
  const codec = message.kind === "request" ? row.request : row.response;
  if (codec === null) {
    throw new WireError(`Cannot encode ${message.command} response: the command has none`, {
      field: "Command",
      offset: 12,
    });
  }
  return codec as Codec<unknown>;
}

/** A message with an unknown or known command whose code is given by the header alone. */
export function messageName(message: Message): string {
  return commandName(message.header.command);
}

/**
 * Whether a response's body is an ERROR response. Five responses share its StructureSize, so status decides between
 * them: errors, apart from those of MS-SMB2 3.3.4.4 that carry the command's own body, and interim responses
 * (3.3.4.2). NOTIFY_CLEANUP comes as ERROR from Windows and Samba though its severity is success.
 */
function carriesError(command: CommandName, status: number, size: number): boolean {
  if (size !== ERROR_SIZE || status === STATUS_SUCCESS) return false;
  const own = MESSAGES[command].response?.structureSizes.includes(ERROR_SIZE) ?? false;
  if (!own) return true;
  switch (status) {
    case STATUS_PENDING:
    case STATUS_NOTIFY_CLEANUP:
      return true;
    case STATUS_MORE_PROCESSING_REQUIRED:
      return command !== "SESSION_SETUP";
    case STATUS_BUFFER_OVERFLOW:
      return command !== "QUERY_INFO";
    default:
      // NOTIFY_ENUM_DIR and the other informational codes have a severity below warning.
      return status >= 0x80000000;
  }
}

function entry<C extends CommandName>(
  request: Codec<RequestBodies[C]>,
  requestSection: string,
  response: Codec<ResponseBodies[C]> | null,
  responseSection: string | null,
): CommandEntry<C> {
  return { request, requestSection, response, responseSection };
}
