/** Bodies of requests and responses -> the `req` and `resp` of a line of `inspect --operations`. */
import {
  type CreateRequestContext,
  type CreateResponseContext,
  ctlCodeName,
  decodeDirectory,
  decodeNotify,
  fileIdText,
  informationClassName,
  type Message,
  type NegotiateContext,
  NegotiateContextType,
  type RequestBodies,
  type ResponseBodies,
  WireError,
} from "../runtime/wire/mod.ts";
import { describeToken } from "../runtime/security/mod.ts";
import type { CapturedMessage, Exchange } from "./exchange.ts";
import {
  guidText,
  hex16,
  hex32,
  hex64,
  hex8,
  leaseText,
  octets32,
  oplockText,
} from "./row_text.ts";

/** Plain JSON values. */
export type Parameters = Record<string, unknown>;

const DISPOSITIONS = ["SUPERSEDE", "OPEN", "CREATE", "OPEN_IF", "OVERWRITE", "OVERWRITE_IF"];
const ACTIONS = ["SUPERSEDED", "OPENED", "CREATED", "OVERWRITTEN"];
const INFO_TYPES = new Map([[1, "FILE"], [2, "FS"], [3, "SEC"], [4, "QUOTA"]]);

/** What a request asked, by command. */
export function requestParameters(captured: CapturedMessage): Parameters {
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

/** What a response answered, by command. */
export function responseParameters(captured: CapturedMessage, exchange: Exchange): Parameters {
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

function negotiateRequest(body: RequestBodies["NEGOTIATE"]): Parameters {
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

function negotiateResponse(body: ResponseBodies["NEGOTIATE"]): Parameters {
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

function sessionSetup(body: RequestBodies["SESSION_SETUP"]): Parameters {
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

function createRequest(body: RequestBodies["CREATE"]): Parameters {
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

function contextRow(context: CreateRequestContext | CreateResponseContext): Parameters {
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
      const data = plain(fields) as Parameters;
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

function ioctl(body: RequestBodies["IOCTL"] | ResponseBodies["IOCTL"]): Parameters {
  return {
    code: hex32(body.ctlCode),
    name: ctlCodeName(body.ctlCode),
    in_len: body.input.byteLength,
    out_len: body.output.byteLength,
  };
}

function information(body: { infoType: number; fileInfoClass: number }): Parameters {
  return {
    class: INFO_TYPES.get(body.infoType) ?? body.infoType,
    level: body.fileInfoClass,
    level_name: informationClassName(body.infoType, body.fileInfoClass),
  };
}

function directoryReply(
  body: ResponseBodies["QUERY_DIRECTORY"],
  asked: Message | null,
): Parameters {
  const row: Parameters = {};
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

function notifyReply(body: ResponseBodies["CHANGE_NOTIFY"]): Parameters {
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
): Parameters {
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

function payloadField(captured: CapturedMessage): Parameters {
  const { payload } = captured;
  return payload?.sha256 === undefined || payload.length === 0
    ? {}
    : { data: `sha256:${payload.sha256}:${payload.length}` };
}
