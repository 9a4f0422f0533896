/**
 * One exchange -> one line of `smbench inspect --operations`: a flat JSON object whose field names are those of the
 * capture oracles, so that a program can compare both. 64-bit ids are hexadecimal text, times are epoch seconds as text.
 */
import {
  type CreateRequestContext,
  type CreateResponseContext,
  ctlCodeName,
  decodeDirectory,
  decodeNotify,
  fileIdText,
  HeaderFlags,
  informationClassName,
  LeaseState,
  type Message,
  type NegotiateContext,
  NegotiateContextType,
  Reader,
  type RequestBodies,
  type ResponseBodies,
  statusName,
  WireError,
} from "../runtime/wire/mod.ts";
import { describeToken } from "../runtime/security/mod.ts";
import type { Stamp } from "./capture/mod.ts";
import type { CapturedMessage, Exchange, Facts } from "./exchange.ts";

/** A line: plain JSON values. */
export type OperationRow = Record<string, unknown>;

const DISPOSITIONS = ["SUPERSEDE", "OPEN", "CREATE", "OPEN_IF", "OVERWRITE", "OVERWRITE_IF"];
const ACTIONS = ["SUPERSEDED", "OPENED", "CREATED", "OVERWRITTEN"];
const OPLOCK_LEVELS = new Map([[0x00, "NONE"], [0x01, "LEVEL_II"], [0x08, "EXCLUSIVE"], [
  0x09,
  "BATCH",
], [0xff, "LEASE"]]);
const INFO_TYPES = new Map([[1, "FILE"], [2, "FS"], [3, "SEC"], [4, "QUOTA"]]);

/** Bytes of a header up to the end of MessageId: a header cut before it has none. */
const MESSAGE_ID_END = 32;

/** Makes the line; `exchange` should be settled. */
export function operationRow(exchange: Exchange, facts: Facts): OperationRow {
  switch (exchange.kind) {
    case "encrypted":
      return encryptedRow(exchange);
    case "smb1":
      return smb1Row(exchange);
    default:
      return exchangeRow(exchange, facts);
  }
}

function exchangeRow(exchange: Exchange, facts: Facts): OperationRow {
  const { request, response, interim } = exchange;
  const captured = (request ?? response ?? null) as CapturedMessage | null;
  const header = captured?.header;
  const row: OperationRow = {
    ...common(exchange, exchange.kind === "break" ? breakCommand(exchange) : exchange.command),
    session_id: facts.sessionId === null ? null : hex64(facts.sessionId),
    tree_id: facts.treeId === null ? null : hex32(facts.treeId),
    tree: facts.tree,
    message_id: captured !== null && captured.known < MESSAGE_ID_END
      ? null
      : Number(header?.messageId ?? 0n),
  };
  if (captured?.encrypted) row.encrypted = true;
  if (captured?.compressed) row.compressed = true;
  row.fid = facts.fileId === null ? null : fileIdText(facts.fileId);
  row.path = facts.path;
  row.status = null;
  row.status_hex = null;
  if (request !== null) requestFields(row, exchange, request);
  else if (exchange.kind === "exchange") row.orphan_response = true;
  row.req = request === null ? {} : requestParameters(request);
  row.resp = response === null ? {} : responseParameters(response, exchange);
  if (interim !== null) {
    row.frame_interim = interim.completed.frame;
    row.async_id = hex64(interim.asyncId);
    row.t_interim = seconds(interim.completed);
  }
  if (response !== null) responseFields(row, exchange, response);
  if (facts.fileIdInherited) row.fid_inherited = true;
  if (facts.reconnectFileId !== null) row.reconnect_fid = fileIdText(facts.reconnectFileId);
  if (exchange.command === "CANCEL") row.cancels_i = facts.cancels?.index ?? null;
  if (exchange.command === "OPLOCK_BREAK" && exchange.kind === "exchange" && request !== null) {
    row.acks_i = facts.acknowledges?.index ?? null;
  }
  if (row.cmd === "LEASE_BREAK_NOTIFY") row.lease_paths = facts.leasePaths;
  if (facts.create !== null) row.create_i = facts.create.index;
  return row;
}

function common(exchange: Exchange, command: string): OperationRow {
  const { request, response } = exchange;
  const row: OperationRow = {
    i: exchange.index,
    cmd: command,
    frame_req: request?.completed.frame ?? null,
    frame_resp: response?.completed.frame ?? null,
    t_req: request === null ? null : seconds(request.completed),
    t_resp: response === null ? null : seconds(response.completed),
    client: exchange.client,
    server: exchange.server,
    stream: exchange.stream,
  };
  if (request !== null && request.first.frame !== request.completed.frame) {
    row.t_req_first = seconds(request.first);
  }
  return row;
}

function requestFields(row: OperationRow, exchange: Exchange, request: CapturedMessage): void {
  const { header } = request;
  if ((header.flags & HeaderFlags.SIGNED) !== 0) row.signed = true;
  if (header.asyncId !== undefined) row.async_id = hex64(header.asyncId);
  if ((header.flags & HeaderFlags.DFS_OPERATIONS) !== 0) row.dfs = true;
  if ((header.flags & HeaderFlags.REPLAY_OPERATION) !== 0) row.replay = true;
  row.credit_charge = header.creditCharge;
  row.credits_requested = header.credits;
  const channelSequence = header.status & 0xffff;
  if (channelSequence !== 0) row.channel_sequence = channelSequence;
  if (exchange.chain !== null) {
    row.compound = exchange.chain.index;
    row.related = exchange.chain.related;
  }
  if (exchange.repeatedMessageId) row.dup_message_id = true;
  if (exchange.command === "CANCEL") {
    row.target = header.asyncId !== undefined ? "async_id" : "message_id";
  }
  if (request.known < request.length) row.partial = true;
}

function responseFields(row: OperationRow, exchange: Exchange, response: CapturedMessage): void {
  const { header } = response;
  row.status = statusText(header.status);
  row.status_hex = hex32(header.status);
  if (exchange.kind === "break") return;
  row.credits_granted = header.credits;
  if ((header.flags & HeaderFlags.SIGNED) !== 0) row.resp_signed = true;
  if (header.asyncId !== undefined) row.async_id = hex64(header.asyncId);
  if (exchange.responseChained) row.resp_compound = true;
}

function encryptedRow(exchange: Exchange): OperationRow {
  const { client, server, ...row } = common(exchange, "ENCRYPTED");
  return {
    ...row,
    src: client,
    dst: server,
    session_id: hex64(exchange.opaque?.sessionId ?? 0n),
    msg_size: exchange.opaque?.size ?? 0,
  };
}

function smb1Row(exchange: Exchange): OperationRow {
  const row: OperationRow = {
    ...common(exchange, "SMB1_NEGOTIATE"),
    message_id: 0,
    req: { dialects: exchange.smb1Dialects ?? [] },
    resp: {},
  };
  const { response } = exchange;
  if (response === null) return row;
  if (response.message === null) {
    row.status = "SMB1";
    return row;
  }
  row.resp = responseParameters(response, exchange);
  row.smb2_reply = true;
  row.session_id = hex64(response.header.sessionId);
  responseFields(row, exchange, response);
  return row;
}

function breakCommand(exchange: Exchange): string {
  const message = exchange.response?.message;
  const lease = message?.kind === "response" && message.command === "OPLOCK_BREAK" &&
    message.body.kind === "leaseNotification";
  return lease ? "LEASE_BREAK_NOTIFY" : "OPLOCK_BREAK_NOTIFY";
}

function requestParameters(captured: CapturedMessage): OperationRow {
  const { message } = captured;
  if (message?.kind !== "request") return {};
  switch (message.command) {
    case "NEGOTIATE":
      return negotiateRequest(message.body);
    case "SESSION_SETUP":
      return sessionSetup(message.body);
    case "TREE_CONNECT":
      return { path: message.body.path, flags: hex16(message.body.flags) };
    case "CREATE":
      return createRequest(message.body);
    case "CLOSE":
      return { flags: hex16(message.body.flags) };
    case "READ":
      return {
        offset: Number(message.body.offset),
        length: message.body.length,
        min_count: message.body.minimumCount,
        flags: hex8(message.body.flags),
      };
    case "WRITE":
      return {
        offset: Number(message.body.offset),
        length: captured.payload?.length ?? 0,
        flags: hex32(message.body.flags),
        ...payloadField(captured),
      };
    case "LOCK":
      return {
        count: message.body.locks.length,
        sequence_raw: octets32(message.body.lockSequence),
        locks: message.body.locks.map((lock) => ({
          offset: Number(lock.offset),
          length: Number(lock.length),
          flags: hex32(lock.flags),
        })),
      };
    case "IOCTL":
      return {
        ...ioctl(message.body),
        flags: hex32(message.body.flags),
        max_in: message.body.maxInputResponse,
        max_out: message.body.maxOutputResponse,
      };
    case "QUERY_DIRECTORY":
      return {
        level: message.body.fileInformationClass,
        level_name: informationClassName(1, message.body.fileInformationClass),
        flags: hex8(message.body.flags),
        index: hex32(message.body.fileIndex),
        pattern: message.body.pattern,
        out_len: message.body.outputBufferLength,
      };
    case "CHANGE_NOTIFY":
      return {
        flags: hex16(message.body.flags),
        watch_tree: (message.body.flags & 1) !== 0,
        filter: hex32(message.body.completionFilter),
        out_len: message.body.outputBufferLength,
      };
    case "QUERY_INFO":
      return {
        ...information(message.body),
        additional: hex32(message.body.additionalInformation),
        max_len: message.body.outputBufferLength,
        in_len: message.body.input.byteLength,
      };
    case "SET_INFO":
      return {
        ...information(message.body),
        additional: hex32(message.body.additionalInformation),
        length: message.body.input.byteLength,
      };
    case "OPLOCK_BREAK":
      return breakParameters(message.body);
    default:
      return {};
  }
}

function responseParameters(captured: CapturedMessage, exchange: Exchange): OperationRow {
  const { message } = captured;
  if (message?.kind !== "response") return {};
  const asked = exchange.request?.message ?? null;
  switch (message.command) {
    case "NEGOTIATE":
      return negotiateResponse(message.body);
    case "SESSION_SETUP":
      return { session_flags: hex16(message.body.sessionFlags) };
    case "TREE_CONNECT":
      return {
        share_type: hex8(message.body.shareType),
        share_flags: hex32(message.body.shareFlags),
        share_caps: hex32(message.body.capabilities),
        max_access: hex32(message.body.maximalAccess),
      };
    case "CREATE":
      return {
        fid: fileIdText(message.body.fileId),
        oplock: oplockText(message.body.oplockLevel),
        action: ACTIONS[message.body.createAction] ?? message.body.createAction,
        eof: Number(message.body.endOfFile),
        attributes: hex32(message.body.fileAttributes),
        contexts: message.body.contexts.map(contextRow),
      };
    case "CLOSE":
      return { flags: hex16(message.body.flags), eof: Number(message.body.endOfFile) };
    case "READ":
      return { length: captured.payload?.length ?? 0, ...payloadField(captured) };
    case "WRITE":
      return { count: message.body.count };
    case "IOCTL":
      return ioctl(message.body);
    case "QUERY_DIRECTORY":
      return directoryReply(message.body, asked);
    case "CHANGE_NOTIFY":
      return notifyReply(message.body);
    case "QUERY_INFO":
      return {
        ...(asked?.kind === "request" && asked.command === "QUERY_INFO"
          ? information(asked.body)
          : {}),
        length: message.body.output.byteLength,
      };
    case "SET_INFO":
      return asked?.kind === "request" && asked.command === "SET_INFO"
        ? information(asked.body)
        : {};
    case "OPLOCK_BREAK":
      return breakParameters(message.body);
    default:
      return {};
  }
}

function negotiateRequest(body: RequestBodies["NEGOTIATE"]): OperationRow {
  const contexts = body.contexts ?? [];
  return {
    dialects: body.dialects.map(hex16),
    sec_mode: hex8(body.securityMode),
    capabilities: hex32(body.capabilities),
    client_guid: body.clientGuid,
    contexts: contexts.map((context) => hex16(negotiateContextType(context))),
    ciphers: contexts.flatMap((context) => context.kind === "encryption" ? context.ciphers : [])
      .map(hex16),
  };
}

function negotiateResponse(body: ResponseBodies["NEGOTIATE"]): OperationRow {
  const contexts = body.contexts ?? [];
  const cipher = contexts.flatMap((c) => c.kind === "encryption" ? c.ciphers : [])[0];
  const signing = contexts.flatMap((c) => c.kind === "signing" ? c.algorithms : [])[0];
  return {
    dialect: hex16(body.dialectRevision),
    sec_mode: hex8(body.securityMode),
    capabilities: hex32(body.capabilities),
    max_trans: body.maxTransactSize,
    max_read: body.maxReadSize,
    max_write: body.maxWriteSize,
    cipher: cipher === undefined ? null : hex16(cipher),
    signing: signing === undefined ? null : hex16(signing),
    compression: contexts.flatMap((c) => c.kind === "compression" ? c.algorithms : []).map(hex16),
  };
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

function sessionSetup(body: RequestBodies["SESSION_SETUP"]): OperationRow {
  const token = describeToken(body.securityBuffer);
  return {
    flags: String(body.flags),
    sec_mode: hex8(body.securityMode),
    previous_session: hex64(body.previousSessionId),
    ntlm_type: token.ntlmType === null ? null : hex32(token.ntlmType),
    user: token.user,
    domain: token.domain,
    kerberos: token.kerberos ? true : null,
  };
}

function createRequest(body: RequestBodies["CREATE"]): OperationRow {
  return {
    name: body.name,
    disposition: DISPOSITIONS[body.createDisposition] ?? body.createDisposition,
    access: hex32(body.desiredAccess),
    share: hex32(body.shareAccess),
    options: hex32(body.createOptions),
    attributes: hex32(body.fileAttributes),
    impersonation: body.impersonationLevel,
    oplock: oplockText(body.requestedOplockLevel),
    contexts: body.contexts.map(contextRow),
  };
}

function contextRow(context: CreateRequestContext | CreateResponseContext): OperationRow {
  switch (context.kind) {
    case "RqLs":
      return {
        tag: "RqLs",
        lease_key: guidText(context.leaseKey),
        lease_state: leaseText(context.leaseState),
        lease_flags: hex32(context.leaseFlags),
        lease_version: context.version,
        ...(context.version === 2
          ? { parent_lease_key: guidText(context.parentLeaseKey), epoch: context.epoch }
          : {}),
      };
    case "raw":
      return { tag: rawTag(context.name), data: { bytes: context.data.toHex() } };
    default: {
      const { kind, ...fields } = context;
      const data = plain(fields) as OperationRow;
      return Object.keys(data).length === 0 ? { tag: kind } : { tag: kind, data };
    }
  }
}

/** JSON-able copy: bigint and bytes become text. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return hex64(value);
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

function ioctl(body: RequestBodies["IOCTL"] | ResponseBodies["IOCTL"]): OperationRow {
  return {
    code: hex32(body.ctlCode),
    name: ctlCodeName(body.ctlCode),
    in_len: body.input.byteLength,
    out_len: body.output.byteLength,
  };
}

function information(body: { infoType: number; fileInfoClass: number }): OperationRow {
  return {
    class: INFO_TYPES.get(body.infoType) ?? body.infoType,
    level: body.fileInfoClass,
    level_name: informationClassName(body.infoType, body.fileInfoClass),
  };
}

function directoryReply(
  body: ResponseBodies["QUERY_DIRECTORY"],
  asked: Message | null,
): OperationRow {
  const row: OperationRow = {};
  if (asked?.kind === "request" && asked.command === "QUERY_DIRECTORY") {
    const level = asked.body.fileInformationClass;
    row.level = level;
    row.level_name = informationClassName(1, level);
    row.length = body.output.byteLength;
    row.entries = tolerant(() => decodeDirectory(level, body.output).map((entry) => entry.name));
    return row;
  }
  row.length = body.output.byteLength;
  return row;
}

function notifyReply(body: ResponseBodies["CHANGE_NOTIFY"]): OperationRow {
  return {
    length: body.output.byteLength,
    changes: tolerant(() =>
      decodeNotify(body.output).map((change) => [hex32(change.action), change.name])
    ),
  };
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

function breakParameters(
  body: RequestBodies["OPLOCK_BREAK"] | ResponseBodies["OPLOCK_BREAK"],
): OperationRow {
  switch (body.kind) {
    case "oplock":
      return { kind: "OPLOCK", level: oplockText(body.oplockLevel) };
    case "lease":
      return {
        kind: "LEASE",
        lease_key: guidText(body.leaseKey),
        flags: hex32(body.flags),
        state: leaseText(body.leaseState),
      };
    case "leaseNotification":
      return {
        kind: "LEASE",
        lease_key: guidText(body.leaseKey),
        flags: hex32(body.flags),
        current_state: leaseText(body.currentLeaseState),
        new_state: leaseText(body.newLeaseState),
        epoch: body.newEpoch,
      };
  }
}

function payloadField(captured: CapturedMessage): OperationRow {
  const { payload } = captured;
  return payload?.sha256 === undefined || payload.length === 0
    ? {}
    : { data: `sha256:${payload.sha256}:${payload.length}` };
}

function oplockText(level: number): string | number {
  return OPLOCK_LEVELS.get(level) ?? level;
}

/** `RHW` letters in the order read, handle, write; `0` for none. */
function leaseText(state: number): string {
  const text = ((state & LeaseState.READ) !== 0 ? "R" : "") +
    ((state & LeaseState.HANDLE) !== 0 ? "H" : "") +
    ((state & LeaseState.WRITE) !== 0 ? "W" : "");
  return text === "" ? "0" : text;
}

/** Texts of the statuses seen: looking a name up costs more than all else of a line. */
const STATUS_TEXTS = new Map<number, string>();

/** A hostile capture may have a new status in each response. */
const STATUS_TEXTS_KEPT = 1024;

function statusText(status: number): string {
  let text = STATUS_TEXTS.get(status);
  if (text === undefined) {
    const name = statusName(status);
    text = name.startsWith("0x") ? name.toLowerCase() : `STATUS_${name}`;
    if (STATUS_TEXTS.size < STATUS_TEXTS_KEPT) STATUS_TEXTS.set(status, text);
  }
  return text;
}

function seconds(stamp: Stamp): string {
  return `${stamp.seconds}.${String(stamp.nanoseconds).padStart(9, "0")}`;
}

function hex8(value: number): string {
  return hexText(value, 2);
}

function hex16(value: number): string {
  return hexText(value, 4);
}

function hex32(value: number): string {
  return hexText(value, 8);
}

function hex64(value: bigint): string {
  return `0x${value.toString(16).padStart(16, "0")}`;
}

/** The four bytes as they are on the wire. */
function octets32(value: number): string {
  return [0, 8, 16, 24].map((shift) => ((value >>> shift) & 0xff).toString(16).padStart(2, "0"))
    .join(":");
}

function hexText(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

function guidText(bytes: Uint8Array): string {
  return new Reader(bytes).guid("GUID");
}
