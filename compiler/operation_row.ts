/**
 * One exchange -> one line of `smbench inspect --operations`: a flat JSON object whose field names are those of the
 * capture oracles, so that a program can compare both. 64-bit ids are hexadecimal text, times are epoch seconds as text.
 */
import { fileIdText, HeaderFlags } from "../runtime/wire/mod.ts";
import type { CapturedMessage, Exchange, Facts } from "./exchange.ts";
import { requestParameters, responseParameters } from "./row_parameters.ts";
import { hex32, hex64, seconds, statusText } from "./row_text.ts";

/** A line: plain JSON values. */
export type OperationRow = Record<string, unknown>;

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
