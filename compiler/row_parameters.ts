/** Bodies of requests and responses -> the `req` and `resp` of a line of `inspect --operations`, as JSON text. */
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
import { describeToken } from "../runtime/security/mod.ts";
import type { CapturedMessage, Exchange } from "./exchange.ts";
import {
  classText,
  ctlCodeText,
  directoryClassText,
  fileIdJson,
  flagsText,
  guidText,
  hex16,
  hex32,
  hex64,
  hex8,
  leaseText,
  octets32,
  oplockText,
  quoted,
} from "./row_text.ts";

const DISPOSITIONS = ["SUPERSEDE", "OPEN", "CREATE", "OPEN_IF", "OVERWRITE", "OVERWRITE_IF"];
const ACTIONS = ["SUPERSEDED", "OPENED", "CREATED", "OVERWRITTEN"];

/** What a request asked, by command. */
export function requestParameters(captured: CapturedMessage): string {
  const { message } = captured;
  if (message?.kind !== "request") return "{}";
  switch (message.command) {
    case "NEGOTIATE":
      return negotiateRequest(message.body);
    case "SESSION_SETUP":
      return sessionSetup(message.body);
    case "TREE_CONNECT":
      return `{"path":${quoted(message.body.path)},"flags":${hex16(message.body.flags)}}`;
    case "CREATE":
      return createRequest(message.body);
    case "CLOSE":
      return flagsText(message.body.flags);
    case "READ": {
      const { offset, length, minimumCount, flags } = message.body;
      return `{"offset":${Number(offset)},"length":${length},"min_count":${minimumCount},"flags":${
        hex8(flags)
      }}`;
    }
    case "WRITE":
      return `{"offset":${Number(message.body.offset)},"length":${
        captured.payload?.length ?? 0
      },"flags":${hex32(message.body.flags)}${payloadField(captured)}}`;
    case "LOCK":
      return lockRequest(message.body);
    case "IOCTL": {
      const { flags, maxInputResponse, maxOutputResponse } = message.body;
      return `{${ioctl(message.body)},"flags":${
        hex32(flags)
      },"max_in":${maxInputResponse},"max_out":${maxOutputResponse}}`;
    }
    case "QUERY_DIRECTORY": {
      const { fileInformationClass, flags, fileIndex, pattern, outputBufferLength } = message.body;
      return `{${directoryClassText(fileInformationClass)},"flags":${hex8(flags)},"index":${
        hex32(fileIndex)
      },"pattern":${quoted(pattern)},"out_len":${outputBufferLength}}`;
    }
    case "CHANGE_NOTIFY": {
      const { flags, completionFilter, outputBufferLength } = message.body;
      return `{"flags":${hex16(flags)},"watch_tree":${(flags & 1) !== 0},"filter":${
        hex32(completionFilter)
      },"out_len":${outputBufferLength}}`;
    }
    case "QUERY_INFO": {
      const { additionalInformation, outputBufferLength, input } = message.body;
      return `{${information(message.body)},"additional":${
        hex32(additionalInformation)
      },"max_len":${outputBufferLength},"in_len":${input.byteLength}}`;
    }
    case "SET_INFO": {
      const { additionalInformation, input } = message.body;
      return `{${information(message.body)},"additional":${
        hex32(additionalInformation)
      },"length":${input.byteLength}}`;
    }
    case "OPLOCK_BREAK":
      return breakParameters(message.body);
    default:
      return "{}";
  }
}

/** What a response answered, by command. */
export function responseParameters(captured: CapturedMessage, exchange: Exchange): string {
  const { message } = captured;
  if (message?.kind !== "response") return "{}";
  const asked = exchange.request?.message ?? null;
  switch (message.command) {
    case "NEGOTIATE":
      return negotiateResponse(message.body);
    case "SESSION_SETUP":
      return `{"session_flags":${hex16(message.body.sessionFlags)}}`;
    case "TREE_CONNECT":
      return `{"share_type":${hex8(message.body.shareType)},"share_flags":${
        hex32(message.body.shareFlags)
      },"share_caps":${hex32(message.body.capabilities)},"max_access":${
        hex32(message.body.maximalAccess)
      }}`;
    case "CREATE":
      return createResponse(message.body);
    case "CLOSE":
      return `{"flags":${hex16(message.body.flags)},"eof":${Number(message.body.endOfFile)}}`;
    case "READ":
      return `{"length":${captured.payload?.length ?? 0}${payloadField(captured)}}`;
    case "WRITE":
      return `{"count":${message.body.count}}`;
    case "IOCTL":
      return `{${ioctl(message.body)}}`;
    case "QUERY_DIRECTORY":
      return directoryReply(message.body, asked);
    case "CHANGE_NOTIFY":
      return notifyReply(message.body);
    case "QUERY_INFO": {
      const known = asked?.kind === "request" && asked.command === "QUERY_INFO"
        ? `${information(asked.body)},`
        : "";
      return `{${known}"length":${message.body.output.byteLength}}`;
    }
    case "SET_INFO":
      return asked?.kind === "request" && asked.command === "SET_INFO"
        ? `{${information(asked.body)}}`
        : "{}";
    case "OPLOCK_BREAK":
      return breakParameters(message.body);
    default:
      return "{}";
  }
}

function negotiateRequest(body: RequestBodies["NEGOTIATE"]): string {
  const contexts = body.contexts ?? [];
  const ciphers = contexts.flatMap((c) => c.kind === "encryption" ? c.ciphers : []);
  return `{"dialects":${list(body.dialects, hex16)},"sec_mode":${
    hex8(body.securityMode)
  },"capabilities":${hex32(body.capabilities)},"client_guid":${
    quoted(body.clientGuid)
  },"contexts":${list(contexts.map(negotiateContextType), hex16)},"ciphers":${
    list(ciphers, hex16)
  }}`;
}

function negotiateResponse(body: ResponseBodies["NEGOTIATE"]): string {
  const contexts = body.contexts ?? [];
  const cipher = contexts.flatMap((c) => c.kind === "encryption" ? c.ciphers : [])[0];
  const signing = contexts.flatMap((c) => c.kind === "signing" ? c.algorithms : [])[0];
  const compression = contexts.flatMap((c) => c.kind === "compression" ? c.algorithms : []);
  return `{"dialect":${hex16(body.dialectRevision)},"sec_mode":${
    hex8(body.securityMode)
  },"capabilities":${
    hex32(body.capabilities)
  },"max_trans":${body.maxTransactSize},"max_read":${body.maxReadSize},"max_write":${body.maxWriteSize},"cipher":${
    cipher === undefined ? null : hex16(cipher)
  },"signing":${signing === undefined ? null : hex16(signing)},"compression":${
    list(compression, hex16)
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
  return `{"flags":"${body.flags}","sec_mode":${hex8(body.securityMode)},"previous_session":${
    hex64(body.previousSessionId)
  },"ntlm_type":${token.ntlmType === null ? null : hex32(token.ntlmType)},"user":${
    orNull(token.user)
  },"domain":${orNull(token.domain)},"kerberos":${token.kerberos ? true : null}}`;
}

function createRequest(body: RequestBodies["CREATE"]): string {
  const { createDisposition: disposition } = body;
  const name = DISPOSITIONS[disposition];
  return `{"name":${quoted(body.name)},"disposition":${
    name === undefined ? disposition : `"${name}"`
  },"access":${hex32(body.desiredAccess)},"share":${hex32(body.shareAccess)},"options":${
    hex32(body.createOptions)
  },"attributes":${
    hex32(body.fileAttributes)
  },"impersonation":${body.impersonationLevel},"oplock":${
    oplockText(body.requestedOplockLevel)
  },"contexts":${list(body.contexts, contextText)}}`;
}

function createResponse(body: ResponseBodies["CREATE"]): string {
  const { createAction: action } = body;
  const name = ACTIONS[action];
  return `{"fid":${fileIdJson(body.fileId)},"oplock":${oplockText(body.oplockLevel)},"action":${
    name === undefined ? action : `"${name}"`
  },"eof":${Number(body.endOfFile)},"attributes":${hex32(body.fileAttributes)},"contexts":${
    list(body.contexts, contextText)
  }}`;
}

function contextText(context: CreateRequestContext | CreateResponseContext): string {
  switch (context.kind) {
    case "RqLs": {
      const version2 = context.version === 2
        ? `,"parent_lease_key":${guidText(context.parentLeaseKey)},"epoch":${context.epoch}`
        : "";
      return `{"tag":"RqLs","lease_key":${guidText(context.leaseKey)},"lease_state":${
        leaseText(context.leaseState)
      },"lease_flags":${hex32(context.leaseFlags)},"lease_version":${context.version}${version2}}`;
    }
    case "raw":
      return `{"tag":${quoted(rawTag(context.name))},"data":{"bytes":"${context.data.toHex()}"}}`;
    default: {
      const { kind, ...fields } = context;
      const data = JSON.stringify(plain(fields));
      return data === "{}" ? `{"tag":"${kind}"}` : `{"tag":"${kind}","data":${data}}`;
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

function lockRequest(body: RequestBodies["LOCK"]): string {
  const locks = list(
    body.locks,
    ({ offset, length, flags }) =>
      `{"offset":${Number(offset)},"length":${Number(length)},"flags":${hex32(flags)}}`,
  );
  return `{"count":${body.locks.length},"sequence_raw":${
    octets32(body.lockSequence)
  },"locks":${locks}}`;
}

function ioctl(body: RequestBodies["IOCTL"] | ResponseBodies["IOCTL"]): string {
  return `"code":${hex32(body.ctlCode)},"name":${
    ctlCodeText(body.ctlCode)
  },"in_len":${body.input.byteLength},"out_len":${body.output.byteLength}`;
}

function information(body: { infoType: number; fileInfoClass: number }): string {
  return classText(body.infoType << 8 | body.fileInfoClass);
}

function directoryReply(body: ResponseBodies["QUERY_DIRECTORY"], asked: Message | null): string {
  const { output } = body;
  if (asked?.kind !== "request" || asked.command !== "QUERY_DIRECTORY") {
    return `{"length":${output.byteLength}}`;
  }
  const level = asked.body.fileInformationClass;
  const entries = tolerant(() => decodeDirectory(level, output));
  return `{${directoryClassText(level)},"length":${output.byteLength},"entries":${
    list(entries, ({ name }) => JSON.stringify(name))
  }}`;
}

function notifyReply(body: ResponseBodies["CHANGE_NOTIFY"]): string {
  const changes = tolerant(() => decodeNotify(body.output));
  return `{"length":${body.output.byteLength},"changes":${
    list(changes, ({ action, name }) => `[${hex32(action)},${JSON.stringify(name)}]`)
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

function breakParameters(
  body: RequestBodies["OPLOCK_BREAK"] | ResponseBodies["OPLOCK_BREAK"],
): string {
  switch (body.kind) {
    case "oplock":
      return `{"kind":"OPLOCK","level":${oplockText(body.oplockLevel)}}`;
    case "lease":
      return `{"kind":"LEASE","lease_key":${guidText(body.leaseKey)},"flags":${
        hex32(body.flags)
      },"state":${leaseText(body.leaseState)}}`;
    case "leaseNotification":
      return `{"kind":"LEASE","lease_key":${guidText(body.leaseKey)},"flags":${
        hex32(body.flags)
      },"current_state":${leaseText(body.currentLeaseState)},"new_state":${
        leaseText(body.newLeaseState)
      },"epoch":${body.newEpoch}}`;
  }
}

/** What was read or written: its hash, where there is one. */
function payloadField({ payload }: CapturedMessage): string {
  return payload?.sha256 === undefined || payload.length === 0
    ? ""
    : `,"data":"sha256:${payload.sha256}:${payload.length}"`;
}

function list<T>(items: readonly T[], text: (item: T) => string): string {
  return items.length === 0 ? "[]" : `[${items.map(text).join(",")}]`;
}

function orNull(text: string | null): string {
  return text === null ? "null" : quoted(text);
}
