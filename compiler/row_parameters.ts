/** Bodies of requests and responses -> the `req` and `resp` of a line of `inspect --operations`. */
import { describeToken } from "../runtime/security/mod.ts";
import {
  type CreateRequestContext,
  type CreateResponseContext,
  decodeDirectory,
  decodeNotify,
  fileIdText,
  type Message,
  type NegotiateContext,
  NegotiateContextType,
  type RequestBodies,
  type ResponseBodies,
  WireError,
} from "../runtime/wire/mod.ts";
import type { CapturedMessage, Exchange } from "./exchange.ts";
import { type LineBytes, piece } from "./line_bytes.ts";
import {
  classText,
  ctlCodeText,
  directoryClassText,
  flagsText,
  hexText,
  leaseText,
  octets32,
  oplockText,
  putQuoted,
} from "./row_text.ts";

const DISPOSITIONS = ["SUPERSEDE", "OPEN", "CREATE", "OPEN_IF", "OVERWRITE", "OVERWRITE_IF"];
const ACTIONS = ["SUPERSEDED", "OPENED", "CREATED", "OVERWRITTEN"];

const NOTHING = piece("{}");
const OPEN = piece("{");
const CLOSE = piece("}");
const COMMA = piece(",");
const OFFSET = piece('{"offset":');
const LENGTH = piece(',"length":');
const ONLY_LENGTH = piece('{"length":');
const MIN_COUNT = piece(',"min_count":');
const FLAGS = piece(',"flags":');
const MAX_IN = piece(',"max_in":');
const MAX_OUT = piece(',"max_out":');
const INDEX = piece(',"index":');
const PATTERN = piece(',"pattern":');
const OUT_LEN = piece(',"out_len":');
const IN_LEN = piece(',"in_len":');
const ADDITIONAL = piece(',"additional":');
const MAX_LEN = piece(',"max_len":');
const COUNT = piece('{"count":');
const FIRST_FLAGS = piece('{"flags":');
const EOF = piece(',"eof":');
const ENTRIES = piece(',"entries":');

/** What a request asked, by command. */
export function putRequestParameters(line: LineBytes, captured: CapturedMessage): void {
  const { message } = captured;
  if (message?.kind !== "request") {
    line.put(NOTHING);
    return;
  }
  switch (message.command) {
    case "NEGOTIATE":
      putNegotiateRequest(line, message.body);
      break;
    case "SESSION_SETUP":
      line.text(sessionSetup(message.body));
      break;
    case "TREE_CONNECT":
      line.text(
        `{"path":${JSON.stringify(message.body.path)},"flags":${hexText(message.body.flags, 4)}}`,
      );
      break;
    case "CREATE":
      putCreateRequest(line, message.body);
      break;
    case "CLOSE":
      line.put(flagsText(message.body.flags));
      break;
    case "READ": {
      const { offset, length, minimumCount, flags } = message.body;
      line.put(OFFSET).number(Number(offset)).put(LENGTH).number(length);
      line.put(MIN_COUNT).number(minimumCount).put(FLAGS).hex(flags, 2).put(CLOSE);
      break;
    }
    case "WRITE":
      line.put(OFFSET).number(Number(message.body.offset));
      line.put(LENGTH).number(captured.payload?.length ?? 0);
      line.put(FLAGS).hex(message.body.flags, 8);
      putPayload(line, captured);
      line.put(CLOSE);
      break;
    case "LOCK":
      putLockRequest(line, message.body);
      break;
    case "IOCTL": {
      const { flags, maxInputResponse, maxOutputResponse } = message.body;
      line.put(OPEN);
      putIoctl(line, message.body);
      line.put(FLAGS).hex(flags, 8).put(MAX_IN).number(maxInputResponse);
      line.put(MAX_OUT).number(maxOutputResponse).put(CLOSE);
      break;
    }
    case "QUERY_DIRECTORY": {
      const { fileInformationClass, flags, fileIndex, pattern, outputBufferLength } = message.body;
      line.put(OPEN).put(directoryClassText(fileInformationClass)).put(FLAGS).hex(flags, 2);
      line.put(INDEX).hex(fileIndex, 8).put(PATTERN);
      putQuoted(line, pattern);
      line.put(OUT_LEN).number(outputBufferLength).put(CLOSE);
      break;
    }
    case "CHANGE_NOTIFY": {
      const { flags, completionFilter, outputBufferLength } = message.body;
      line.text(
        `{"flags":${hexText(flags, 4)},"watch_tree":${(flags & 1) !== 0},"filter":${
          hexText(completionFilter, 8)
        },"out_len":${outputBufferLength}}`,
      );
      break;
    }
    case "QUERY_INFO": {
      const { additionalInformation, outputBufferLength, input } = message.body;
      line.put(OPEN).put(information(message.body)).put(ADDITIONAL).hex(additionalInformation, 8);
      line.put(MAX_LEN).number(outputBufferLength).put(IN_LEN).number(input.byteLength).put(CLOSE);
      break;
    }
    case "SET_INFO": {
      const { additionalInformation, input } = message.body;
      line.put(OPEN).put(information(message.body)).put(ADDITIONAL).hex(additionalInformation, 8);
      line.put(LENGTH).number(input.byteLength).put(CLOSE);
      break;
    }
    case "OPLOCK_BREAK":
      putBreak(line, message.body);
      break;
    default:
      line.put(NOTHING);
  }
}

/** What a response answered, by command. */
export function putResponseParameters(
  line: LineBytes,
  captured: CapturedMessage,
  exchange: Exchange,
): void {
  const { message } = captured;
  if (message?.kind !== "response") {
    line.put(NOTHING);
    return;
  }
  const asked = exchange.request?.message ?? null;
  switch (message.command) {
    case "NEGOTIATE":
      line.text(negotiateResponse(message.body));
      break;
    case "SESSION_SETUP":
      line.text(`{"session_flags":${hexText(message.body.sessionFlags, 4)}}`);
      break;
    case "TREE_CONNECT": {
      const { shareType, shareFlags, capabilities, maximalAccess } = message.body;
      line.text(
        `{"share_type":${hexText(shareType, 2)},"share_flags":${
          hexText(shareFlags, 8)
        },"share_caps":${hexText(capabilities, 8)},"max_access":${hexText(maximalAccess, 8)}}`,
      );
      break;
    }
    case "CREATE":
      putCreateResponse(line, message.body);
      break;
    case "CLOSE":
      line.put(FIRST_FLAGS).hex(message.body.flags, 4);
      line.put(EOF).number(Number(message.body.endOfFile)).put(CLOSE);
      break;
    case "READ":
      line.put(ONLY_LENGTH).number(captured.payload?.length ?? 0);
      putPayload(line, captured);
      line.put(CLOSE);
      break;
    case "WRITE":
      line.put(COUNT).number(message.body.count).put(CLOSE);
      break;
    case "IOCTL":
      line.put(OPEN);
      putIoctl(line, message.body);
      line.put(CLOSE);
      break;
    case "QUERY_DIRECTORY":
      putDirectory(line, message.body, asked);
      break;
    case "CHANGE_NOTIFY":
      line.text(notifyReply(message.body));
      break;
    case "QUERY_INFO":
      if (asked?.kind === "request" && asked.command === "QUERY_INFO") {
        line.put(OPEN).put(information(asked.body)).put(LENGTH);
      } else {
        line.put(ONLY_LENGTH);
      }
      line.number(message.body.output.byteLength).put(CLOSE);
      break;
    case "SET_INFO":
      if (asked?.kind === "request" && asked.command === "SET_INFO") {
        line.put(OPEN).put(information(asked.body)).put(CLOSE);
      } else {
        line.put(NOTHING);
      }
      break;
    case "OPLOCK_BREAK":
      putBreak(line, message.body);
      break;
    default:
      line.put(NOTHING);
  }
}

const DIALECTS = piece('{"dialects":');
const SECURITY_MODE = piece(',"sec_mode":');
const CAPABILITIES = piece(',"capabilities":');
const CLIENT_GUID = piece(',"client_guid":');
const CIPHERS = piece(',"ciphers":');

function putNegotiateRequest(line: LineBytes, body: RequestBodies["NEGOTIATE"]): void {
  const types: number[] = [];
  const ciphers: number[] = [];
  for (const context of body.contexts ?? []) {
    types.push(negotiateContextType(context));
    if (context.kind === "encryption") ciphers.push(...context.ciphers);
  }
  line.put(DIALECTS);
  putList(line, body.dialects, putHex16);
  line.put(SECURITY_MODE).hex(body.securityMode, 2);
  line.put(CAPABILITIES).hex(body.capabilities, 8);
  line.put(CLIENT_GUID).quoted(body.clientGuid).put(CONTEXTS);
  putList(line, types, putHex16);
  line.put(CIPHERS);
  putList(line, ciphers, putHex16);
  line.put(CLOSE);
}

function putHex16(line: LineBytes, value: number): void {
  line.hex(value, 4);
}

function negotiateResponse(body: ResponseBodies["NEGOTIATE"]): string {
  const contexts = body.contexts ?? [];
  const cipher = contexts.flatMap((c) => c.kind === "encryption" ? c.ciphers : [])[0];
  const signing = contexts.flatMap((c) => c.kind === "signing" ? c.algorithms : [])[0];
  const compression = contexts.flatMap((c) => c.kind === "compression" ? c.algorithms : []);
  return `{"dialect":${hexText(body.dialectRevision, 4)},"sec_mode":${
    hexText(body.securityMode, 2)
  },"capabilities":${
    hexText(body.capabilities, 8)
  },"max_trans":${body.maxTransactSize},"max_read":${body.maxReadSize},"max_write":${body.maxWriteSize},"cipher":${
    cipher === undefined ? null : hexText(cipher, 4)
  },"signing":${signing === undefined ? null : hexText(signing, 4)},"compression":${
    hexList(compression)
  }}`;
}

function negotiateContextType(context: NegotiateContext): number {
  switch (context.kind) {
    case "preauthIntegrity":
      return NegotiateContextType.PREAUTH_INTEGRITY_CAPABILITIES;
    case "encryption":
      return NegotiateContextType.ENCRYPTION_CAPABILITIES;
    case "compression":
      return NegotiateContextType.COMPRESSION_CAPABILITIES;
    case "netname":
      return NegotiateContextType.NETNAME_NEGOTIATE_CONTEXT_ID;
    case "transport":
      return NegotiateContextType.TRANSPORT_CAPABILITIES;
    case "rdmaTransform":
      return NegotiateContextType.RDMA_TRANSFORM_CAPABILITIES;
    case "signing":
      return NegotiateContextType.SIGNING_CAPABILITIES;
    case "raw":
      return context.type;
  }
}

function sessionSetup(body: RequestBodies["SESSION_SETUP"]): string {
  const token = describeToken(body.securityBuffer);
  return `{"flags":"${body.flags}","sec_mode":${
    hexText(body.securityMode, 2)
  },"previous_session":${`"0x${
    body.previousSessionId.toString(16).padStart(16, "0")
  }"`},"ntlm_type":${token.ntlmType === null ? null : hexText(token.ntlmType, 8)},"user":${
    orNull(token.user)
  },"domain":${orNull(token.domain)},"kerberos":${token.kerberos ? true : null}}`;
}

const NAME = piece('{"name":');
const DISPOSITION = piece(',"disposition":');
const ACCESS = piece(',"access":');
const SHARE = piece(',"share":');
const OPTIONS = piece(',"options":');
const ATTRIBUTES = piece(',"attributes":');
const IMPERSONATION = piece(',"impersonation":');
const OPLOCK = piece(',"oplock":');
const CONTEXTS = piece(',"contexts":');
const FILE_ID = piece('{"fid":');
const ACTION = piece(',"action":');

const DISPOSITION_NAMES = DISPOSITIONS.map((name) => piece(`"${name}"`));
const ACTION_NAMES = ACTIONS.map((name) => piece(`"${name}"`));

function putCreateRequest(line: LineBytes, body: RequestBodies["CREATE"]): void {
  line.put(NAME);
  putQuoted(line, body.name);
  line.put(DISPOSITION);
  putNamed(line, body.createDisposition, DISPOSITION_NAMES);
  line.put(ACCESS).hex(body.desiredAccess, 8).put(SHARE).hex(body.shareAccess, 8);
  line.put(OPTIONS).hex(body.createOptions, 8).put(ATTRIBUTES).hex(body.fileAttributes, 8);
  line.put(IMPERSONATION).number(body.impersonationLevel);
  line.put(OPLOCK).put(oplockText(body.requestedOplockLevel)).put(CONTEXTS);
  putList(line, body.contexts, putContext);
  line.put(CLOSE);
}

function putCreateResponse(line: LineBytes, body: ResponseBodies["CREATE"]): void {
  line.put(FILE_ID).fileId(body.fileId).put(OPLOCK).put(oplockText(body.oplockLevel)).put(ACTION);
  putNamed(line, body.createAction, ACTION_NAMES);
  line.put(EOF).number(Number(body.endOfFile)).put(ATTRIBUTES).hex(body.fileAttributes, 8);
  line.put(CONTEXTS);
  putList(line, body.contexts, putContext);
  line.put(CLOSE);
}

/** The name of a value; its number where it has none. */
function putNamed(line: LineBytes, value: number, names: readonly Uint8Array[]): void {
  const name = names[value];
  if (name === undefined) line.number(value);
  else line.put(name);
}

const LEASE = piece('{"tag":"RqLs","lease_key":');
const LEASE_STATE = piece(',"lease_state":');
const LEASE_FLAGS = piece(',"lease_flags":');
const LEASE_VERSION = piece(',"lease_version":');
const PARENT_KEY = piece(',"parent_lease_key":');
const EPOCH = piece(',"epoch":');

function putContext(line: LineBytes, context: CreateRequestContext | CreateResponseContext): void {
  switch (context.kind) {
    case "RqLs":
      line.put(LEASE).guid(context.leaseKey).put(LEASE_STATE).put(leaseText(context.leaseState));
      line.put(LEASE_FLAGS).hex(context.leaseFlags, 8);
      line.put(LEASE_VERSION).number(context.version);
      if (context.version === 2) {
        line.put(PARENT_KEY).guid(context.parentLeaseKey).put(EPOCH).number(context.epoch);
      }
      line.put(CLOSE);
      break;
    case "raw":
      line.text(
        `{"tag":${
          JSON.stringify(rawTag(context.name))
        },"data":{"bytes":"${context.data.toHex()}"}}`,
      );
      break;
    default: {
      const { kind, ...fields } = context;
      const data = JSON.stringify(plain(fields));
      line.text(data === "{}" ? `{"tag":"${kind}"}` : `{"tag":"${kind}","data":${data}}`);
    }
  }
}

/** JSON-able copy: bigint and bytes become text. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return `0x${value.toString(16).padStart(16, "0")}`;
  if (value instanceof Uint8Array) return value.toHex();
  if (value === null || typeof value !== "object") return value;
  if ("persistent" in value && "volatile" in value) {
    return fileIdText(value as { persistent: bigint; volatile: bigint });
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function rawTag(name: Uint8Array): string {
  const printable = name.every((byte) => byte >= 0x20 && byte < 0x7f);
  return printable ? String.fromCharCode(...name) : name.toHex();
}

const SEQUENCE = piece(',"sequence_raw":');
const LOCKS = piece(',"locks":');

function putLockRequest(line: LineBytes, body: RequestBodies["LOCK"]): void {
  line.put(COUNT).number(body.locks.length).put(SEQUENCE).put(octets32(body.lockSequence));
  line.put(LOCKS);
  putList(line, body.locks, putLock);
  line.put(CLOSE);
}

function putLock(line: LineBytes, lock: RequestBodies["LOCK"]["locks"][number]): void {
  line.put(OFFSET).number(Number(lock.offset)).put(LENGTH).number(Number(lock.length));
  line.put(FLAGS).hex(lock.flags, 8).put(CLOSE);
}

const CODE = piece('"code":');
const CODE_NAME = piece(',"name":');

function putIoctl(
  line: LineBytes,
  body: RequestBodies["IOCTL"] | ResponseBodies["IOCTL"],
): void {
  line.put(CODE).hex(body.ctlCode, 8).put(CODE_NAME).put(ctlCodeText(body.ctlCode));
  line.put(IN_LEN).number(body.input.byteLength).put(OUT_LEN).number(body.output.byteLength);
}

function information(body: { infoType: number; fileInfoClass: number }): Uint8Array {
  return classText(body.infoType << 8 | body.fileInfoClass);
}

function putDirectory(
  line: LineBytes,
  { output }: ResponseBodies["QUERY_DIRECTORY"],
  asked: Message | null,
): void {
  if (asked?.kind !== "request" || asked.command !== "QUERY_DIRECTORY") {
    line.put(ONLY_LENGTH).number(output.byteLength).put(CLOSE);
    return;
  }
  const level = asked.body.fileInformationClass;
  const entries = tolerant(() => decodeDirectory(level, output));
  line.put(OPEN).put(directoryClassText(level)).put(LENGTH).number(output.byteLength).put(ENTRIES);
  putList(line, entries, putEntryName);
  line.put(CLOSE);
}

function putEntryName(line: LineBytes, { name }: { readonly name: string }): void {
  line.quoted(name);
}

function notifyReply(body: ResponseBodies["CHANGE_NOTIFY"]): string {
  const changes = tolerant(() => decodeNotify(body.output));
  return `{"length":${body.output.byteLength},"changes":${
    list(changes, ({ action, name }) => `[${hexText(action, 8)},${JSON.stringify(name)}]`)
  }}`;
}

/** Entries of a damaged list are left out: the line still tells the rest. */
function tolerant<T>(decode: () => T[]): T[] {
  try {
    return decode();
  } catch (error) {
    if (error instanceof WireError) return [];
    throw error;
  }
}

const OPLOCK_BREAK = piece('{"kind":"OPLOCK","level":');
const LEASE_BREAK = piece('{"kind":"LEASE","lease_key":');
const STATE = piece(',"state":');
const CURRENT_STATE = piece(',"current_state":');
const NEW_STATE = piece(',"new_state":');

function putBreak(
  line: LineBytes,
  body: RequestBodies["OPLOCK_BREAK"] | ResponseBodies["OPLOCK_BREAK"],
): void {
  if (body.kind === "oplock") {
    line.put(OPLOCK_BREAK).put(oplockText(body.oplockLevel)).put(CLOSE);
    return;
  }
  line.put(LEASE_BREAK).guid(body.leaseKey).put(FLAGS).hex(body.flags, 8);
  if (body.kind === "lease") {
    line.put(STATE).put(leaseText(body.leaseState)).put(CLOSE);
    return;
  }
  line.put(CURRENT_STATE).put(leaseText(body.currentLeaseState));
  line.put(NEW_STATE).put(leaseText(body.newLeaseState));
  line.put(EPOCH).number(body.newEpoch).put(CLOSE);
}

/** What was read or written: its hash, where there is one. */
function putPayload(line: LineBytes, { payload }: CapturedMessage): void {
  if (payload?.sha256 === undefined || payload.length === 0) return;
  line.text(`,"data":"sha256:${payload.sha256}:${payload.length}"`);
}

const OPEN_LIST = piece("[");
const CLOSE_LIST = piece("]");

function putList<T>(
  line: LineBytes,
  items: readonly T[],
  put: (line: LineBytes, item: T) => void,
): void {
  line.put(OPEN_LIST);
  for (let index = 0; index < items.length; index++) {
    if (index > 0) line.put(COMMA);
    put(line, items[index]!);
  }
  line.put(CLOSE_LIST);
}

function list<T>(items: readonly T[], text: (item: T) => string): string {
  return `[${items.map(text).join(",")}]`;
}

function hexList(items: readonly number[]): string {
  return list(items, (item) => hexText(item, 4));
}

function orNull(text: string | null): string {
  return text === null ? "null" : JSON.stringify(text);
}
