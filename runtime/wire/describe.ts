/** One line of text for any message: for logs, traces and failure messages. Never raises, never longer than a bound. */
import type { CommandName } from "./command.ts";
import type { CreateRequestContext, CreateResponseContext } from "./create_contexts.ts";
import { type FileId, fileIdText, RELATED_FILE_ID, sameFileId } from "./file_id.ts";
import { informationClassName, InfoType } from "./flags.ts";
import { ctlCodeName } from "./fsctl.ts";
import { type Header, HeaderFlags, isResponse } from "./header.ts";
import { type Message, messageName, type RequestBodies, type ResponseBodies } from "./messages.ts";
import type { NegotiateContext } from "./negotiate_contexts.ts";
import { statusName } from "./status.ts";

/** Longest line that {@linkcode describe} returns, in UTF-16 code units. */
export const MAX_DESCRIPTION_LENGTH = 320;

/** Longest quoted text within a line; a longer one is cut in the middle. */
const MAX_TEXT_LENGTH = 120;

/** Entries of a list that are written out. */
const MAX_LIST_LENGTH = 12;

/** Control and format characters, U+2028, U+2029 and lone surrogates: what could forge or break a line. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const DISPOSITIONS = ["supersede", "open", "create", "openIf", "overwrite", "overwriteIf"];
const ACTIONS = ["superseded", "opened", "created", "overwritten"];
const SHARE_TYPES: Readonly<Record<number, string>> = { 1: "disk", 2: "pipe", 3: "print" };
const OPLOCK_LEVELS: Readonly<Record<number, string>> = {
  0x00: "none",
  0x01: "levelII",
  0x08: "exclusive",
  0x09: "batch",
  0xff: "lease",
};

/**
 * One line for a message: direction, command, message id, status of a response, then the facts that matter for the
 * command. Text from the wire is quoted and its control characters escaped; the line has at most
 * {@linkcode MAX_DESCRIPTION_LENGTH} characters.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { describe, makeHeader } from "../wire/mod.ts";
 * const header = makeHeader({ command: 0x03, messageId: 3n });
 * assertEquals(
 *   describe({
 *     kind: "request",
 *     command: "TREE_CONNECT",
 *     header,
 *     body: { flags: 0, path: "\\\\server\\share" },
 *   }),
 *   'TREE_CONNECT request mid=3 "\\\\server\\share"',
 * );
 * ```
 */
export function describe(message: Message): string {
  const words = [messageName(message), isResponse(message.header) ? "response" : "request"];
  words.push(...headerWords(message.header));
  switch (message.kind) {
    case "request":
      words.push(describeBody(REQUESTS, message.command, message.body));
      break;
    case "response":
      words.push(describeBody(RESPONSES, message.command, message.body));
      break;
    case "error":
      if (message.body.errorData.byteLength > 0) {
        words.push(`errorData=${message.body.errorData.byteLength}`);
      }
      break;
    case "raw":
      words.push(`bytes=${message.body.byteLength}`);
      break;
  }
  return shorten(words.filter((word) => word !== "").join(" "), MAX_DESCRIPTION_LENGTH)
    .toWellFormed();
}

type Describer<B> = (body: B) => string;

const REQUESTS: { readonly [C in CommandName]: Describer<RequestBodies[C]> } = {
  NEGOTIATE: (body) =>
    `dialects=${list(body.dialects.map(dialect))} capabilities=${hex(body.capabilities)}` +
    negotiateContexts(body.contexts),
  SESSION_SETUP: (body) =>
    `flags=${hex(body.flags)} security=${body.securityBuffer.byteLength}` +
    (body.previousSessionId === 0n ? "" : ` previousSession=${hex(body.previousSessionId)}`),
  LOGOFF: () => "",
  TREE_CONNECT: (body) => quote(body.path),
  TREE_DISCONNECT: () => "",
  CREATE: (body) =>
    `${quote(body.name)} access=${hex(body.desiredAccess)} share=${share(body.shareAccess)} ` +
    `disposition=${DISPOSITIONS[body.createDisposition] ?? hex(body.createDisposition)} ` +
    `options=${hex(body.createOptions)} oplock=${oplock(body.requestedOplockLevel)}` +
    createContexts(body.contexts),
  CLOSE: (body) => `${fileId(body.fileId)}${body.flags === 0 ? "" : ` flags=${hex(body.flags)}`}`,
  FLUSH: (body) => fileId(body.fileId),
  READ: (body) => `${fileId(body.fileId)} offset=${body.offset} length=${body.length}`,
  WRITE: (body) => `${fileId(body.fileId)} offset=${body.offset} length=${body.data.byteLength}`,
  LOCK: (body) =>
    `${fileId(body.fileId)} locks=${
      list(body.locks.map((lock) => `${lock.offset}+${lock.length}:${hex(lock.flags)}`))
    }`,
  IOCTL: (body) =>
    `${ctlCodeName(body.ctlCode)} ${fileId(body.fileId)} input=${body.input.byteLength} ` +
    `maxOutput=${body.maxOutputResponse}`,
  CANCEL: () => "",
  ECHO: () => "",
  QUERY_DIRECTORY: (body) =>
    `${fileId(body.fileId)} pattern=${quote(body.pattern)} ` +
    `${informationClassName(InfoType.FILE, body.fileInformationClass)} flags=${
      hex(body.flags)
    } max=${body.outputBufferLength}`,
  CHANGE_NOTIFY: (body) =>
    `${fileId(body.fileId)} filter=${hex(body.completionFilter)} flags=${hex(body.flags)} ` +
    `max=${body.outputBufferLength}`,
  QUERY_INFO: (body) =>
    `${fileId(body.fileId)} ${information(body)} max=${body.outputBufferLength}`,
  SET_INFO: (body) => `${fileId(body.fileId)} ${information(body)} length=${body.input.byteLength}`,
  OPLOCK_BREAK: oplockBreak,
};

const RESPONSES: { readonly [C in CommandName]: Describer<ResponseBodies[C]> } = {
  NEGOTIATE: (body) =>
    `dialect=${dialect(body.dialectRevision)} capabilities=${hex(body.capabilities)} ` +
    `max=${body.maxTransactSize}/${body.maxReadSize}/${body.maxWriteSize}` +
    negotiateContexts(body.contexts),
  SESSION_SETUP: (body) =>
    `flags=${hex(body.sessionFlags)} security=${body.securityBuffer.byteLength}`,
  LOGOFF: () => "",
  TREE_CONNECT: (body) =>
    `type=${SHARE_TYPES[body.shareType] ?? hex(body.shareType)} flags=${hex(body.shareFlags)} ` +
    `capabilities=${hex(body.capabilities)} access=${hex(body.maximalAccess)}`,
  TREE_DISCONNECT: () => "",
  CREATE: (body) =>
    `${fileId(body.fileId)} ${ACTIONS[body.createAction] ?? hex(body.createAction)} ` +
    `oplock=${oplock(body.oplockLevel)} size=${body.endOfFile} ` +
    `attributes=${hex(body.fileAttributes)}${createContexts(body.contexts)}`,
  CLOSE: (body) => body.flags === 0 ? "" : `size=${body.endOfFile}`,
  FLUSH: () => "",
  READ: (body) => `length=${body.data.byteLength}`,
  WRITE: (body) => `count=${body.count}`,
  LOCK: () => "",
  IOCTL: (body) => `${ctlCodeName(body.ctlCode)} output=${body.output.byteLength}`,
  CANCEL: () => "",
  ECHO: () => "",
  QUERY_DIRECTORY: (body) => `length=${body.output.byteLength}`,
  CHANGE_NOTIFY: (body) => `length=${body.output.byteLength}`,
  QUERY_INFO: (body) => `length=${body.output.byteLength}`,
  SET_INFO: () => "",
  OPLOCK_BREAK: oplockBreak,
};

function describeBody<B>(
  table: Readonly<Record<CommandName, Describer<never>>>,
  command: CommandName,
  body: B,
): string {
  return (table[command] as Describer<B>)(body);
}

function headerWords(header: Header): string[] {
  const words = [`mid=${header.messageId === 0xffffffffffffffffn ? "none" : header.messageId}`];
  if (header.asyncId !== undefined) words.push(`async=${header.asyncId}`);
  if ((header.flags & HeaderFlags.RELATED_OPERATIONS) !== 0) words.push("related");
  if ((header.flags & HeaderFlags.REPLAY_OPERATION) !== 0) words.push("replay");
  if (isResponse(header)) words.push(statusName(header.status));
  return words;
}

function oplockBreak(body: RequestBodies["OPLOCK_BREAK"] | ResponseBodies["OPLOCK_BREAK"]): string {
  switch (body.kind) {
    case "oplock":
      return `${fileId(body.fileId)} oplock=${oplock(body.oplockLevel)}`;
    case "lease":
      return `key=${bytes(body.leaseKey)} lease=${leaseState(body.leaseState)}`;
    case "leaseNotification":
      return `key=${bytes(body.leaseKey)} lease=${leaseState(body.currentLeaseState)}->` +
        `${leaseState(body.newLeaseState)} epoch=${body.newEpoch}` +
        ((body.flags & 1) === 0 ? "" : " ackRequired");
  }
}

function information(body: {
  readonly infoType: number;
  readonly fileInfoClass: number;
  readonly additionalInformation: number;
}): string {
  const more = body.additionalInformation === 0
    ? ""
    : ` additional=${hex(body.additionalInformation)}`;
  return `${informationClassName(body.infoType, body.fileInfoClass)}${more}`;
}

function createContexts(
  contexts: readonly (CreateRequestContext | CreateResponseContext)[],
): string {
  if (contexts.length === 0) return "";
  return ` contexts=${list(contexts.map(createContext))}`;
}

function createContext(context: CreateRequestContext | CreateResponseContext): string {
  switch (context.kind) {
    case "RqLs":
      return `RqLs${context.version}:${leaseState(context.leaseState)}:${bytes(context.leaseKey)}`;
    case "raw":
      return `raw:${bytes(context.name.subarray(0, 16))}`;
    default:
      return context.kind;
  }
}

function negotiateContexts(contexts: readonly NegotiateContext[] | undefined): string {
  if (contexts === undefined) return "";
  return ` contexts=${
    list(contexts.map((context) => context.kind === "raw" ? hex(context.type) : context.kind))
  }`;
}

function dialect(revision: number): string {
  switch (revision) {
    case 0x0202:
      return "2.0.2";
    case 0x0210:
      return "2.1";
    case 0x0300:
      return "3.0";
    case 0x0302:
      return "3.0.2";
    case 0x0311:
      return "3.1.1";
    case 0x02ff:
      return "2.???";
    default:
      return hex(revision);
  }
}

function leaseState(state: number): string {
  if (state === 0) return "none";
  if (state > 7) return hex(state);
  return `${(state & 1) === 0 ? "" : "R"}${(state & 4) === 0 ? "" : "W"}${
    (state & 2) === 0 ? "" : "H"
  }`;
}

function oplock(level: number): string {
  return OPLOCK_LEVELS[level] ?? hex(level);
}

function share(access: number): string {
  if (access === 0) return "none";
  if (access > 7) return hex(access);
  return `${(access & 1) === 0 ? "" : "r"}${(access & 2) === 0 ? "" : "w"}${
    (access & 4) === 0 ? "" : "d"
  }`;
}

function fileId(id: FileId): string {
  return sameFileId(id, RELATED_FILE_ID) ? "file=previous" : `file=${fileIdText(id)}`;
}

function list(entries: readonly string[]): string {
  const shown = entries.slice(0, MAX_LIST_LENGTH);
  if (shown.length < entries.length) shown.push(`${entries.length - shown.length} more`);
  return `[${shown.join(" ")}]`;
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

function bytes(value: Uint8Array): string {
  let text = "";
  for (const byte of value) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Quotes text from the wire; the backslashes of a path stay single. */
function quote(text: string): string {
  const safe = shorten(text, MAX_TEXT_LENGTH).replace(UNSAFE, escape).replaceAll('"', '\\"');
  return `"${safe}"`;
}

function escape(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Cuts in the middle, so that both the beginning and the last part of a path show. */
function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  const half = Math.floor((length - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(text.length - half)}`;
}
