/**
 * One exchange -> one line of `smbench inspect --operations`: a flat JSON object whose field names are those of the
 * capture oracles, so that a program can compare both. 64-bit ids are hexadecimal text, times are epoch seconds as text.
 * The text is put together here: JSON.stringify of an object with forty fields takes several times as long.
 */
import { Command, fileIdText, type Header, HeaderFlags, sameFileId } from "../runtime/wire/mod.ts";
import type { CapturedMessage, Exchange, Facts } from "./exchange.ts";
import { requestParameters, responseParameters } from "./row_parameters.ts";
import {
  commandField,
  creditFields,
  fileIdJson,
  grantedField,
  hex32,
  hex64,
  quoted,
  secondsText,
  statusFields,
} from "./row_text.ts";

/** Bytes of a header up to the end of MessageId: a header cut before it has none. */
const MESSAGE_ID_END = 32;

/** What the lines of one conversation have in common. */
interface StreamText {
  readonly client: string;
  readonly ends: string;
  sessionId: bigint | null;
  treeId: number | null;
  tree: string | null;
  /** SessionId, TreeId and path of the tree connect. */
  ids: string;
}

/** Makes lines; one for all lines of a capture, as it remembers what they have in common. */
export class LineMaker {
  readonly #streams = new Map<number, StreamText>();

  /** The line, with its line feed; `exchange` should be settled. */
  line(exchange: Exchange, facts: Facts): string {
    switch (exchange.kind) {
      case "encrypted":
        return encryptedLine(exchange);
      case "smb1":
        return this.#smb1Line(exchange);
      default:
        return this.#exchangeLine(exchange, facts);
    }
  }

  /** Nothing more comes of a conversation. */
  ended(stream: number): void {
    this.#streams.delete(stream);
  }

  #exchangeLine(exchange: Exchange, facts: Facts): string {
    const { request, response } = exchange;
    const captured = request ?? response;
    const command = exchange.kind === "break" ? breakCommand(exchange) : exchange.command;
    const stream = this.#streamText(exchange);
    if (
      facts.tree !== stream.tree || facts.treeId !== stream.treeId ||
      facts.sessionId !== stream.sessionId
    ) {
      learnIds(stream, facts);
    }
    const messageId = captured === null || captured.known < MESSAGE_ID_END
      ? "null"
      : String(Number(captured.header.messageId));
    const head = `${places(exchange, command)}${stream.ends}${firstTime(request)}`;
    const asked = request === null ? NO_REQUEST[exchange.kind] : requestFields(exchange, request);
    return `${head}${stream.ids},"message_id":${messageId}${wrapping(captured)}${
      fileFields(facts)
    }${response === null ? NO_STATUS : statusFields(response.header.status)}${asked},"req":${
      request === null ? "{}" : requestParameters(request)
    },"resp":${response === null ? "{}" : responseParameters(response, exchange)}${
      answerFields(exchange)
    }${factFields(exchange, facts, command)}`;
  }

  #smb1Line(exchange: Exchange): string {
    const { request, response } = exchange;
    const dialects = JSON.stringify(exchange.smb1Dialects ?? []);
    const asked = `${places(exchange, "SMB1_NEGOTIATE")}${this.#streamText(exchange).ends}${
      firstTime(request)
    },"message_id":0,"req":{"dialects":${dialects}}`;
    if (response === null) return `${asked},"resp":{}}\n`;
    if (response.message === null) return `${asked},"resp":{},"status":"SMB1"}\n`;
    return `${asked},"resp":${
      responseParameters(response, exchange)
    },"smb2_reply":true,"session_id":${hex64(response.header.sessionId)}${
      statusFields(response.header.status)
    }${answerFields(exchange)}}\n`;
  }

  #streamText({ stream, client, server }: Exchange): StreamText {
    let text = this.#streams.get(stream);
    // Either side of a conversation may be the client.
    if (text?.client !== client) {
      const ends = `,"client":"${client}","server":"${server}","stream":${stream}`;
      text = { client, ends, sessionId: null, treeId: null, tree: null, ids: NO_IDS };
      this.#streams.set(stream, text);
    }
    return text;
  }
}

const NO_IDS = ',"session_id":null,"tree_id":null,"tree":null';

function learnIds(stream: StreamText, { sessionId, treeId, tree }: Facts): void {
  stream.sessionId = sessionId;
  stream.treeId = treeId;
  stream.tree = tree;
  stream.ids = `,"session_id":${sessionId === null ? null : hex64(sessionId)},"tree_id":${
    treeId === null ? null : hex32(treeId)
  },"tree":${tree === null ? null : quoted(tree)}`;
}

/** Number, command, frames and times. */
function places({ index, request, response }: Exchange, command: string): string {
  return `{"i":${index}${commandField(command)}${
    request === null ? "null" : String(request.completed.frame)
  },"frame_resp":${response === null ? "null" : String(response.completed.frame)},"t_req":${
    request === null ? "null" : secondsText(request.completed)
  },"t_resp":${response === null ? "null" : secondsText(response.completed)}`;
}

function firstTime(request: CapturedMessage | null): string {
  if (request === null || request.first.frame === request.completed.frame) return "";
  return `,"t_req_first":${secondsText(request.first)}`;
}

function wrapping(captured: CapturedMessage | null): string {
  if (captured === null || (!captured.encrypted && !captured.compressed)) return "";
  return `${captured.encrypted ? ',"encrypted":true' : ""}${
    captured.compressed ? ',"compressed":true' : ""
  }`;
}

function fileFields({ fileId, path, create }: Facts): string {
  const known = create !== null && fileId !== null && create.path === path &&
    sameFileId(create.fileId, fileId);
  if (known && create.text !== null) return create.text;
  const text = `,"fid":${fileId === null ? "null" : fileIdJson(fileId)},"path":${
    path === null ? "null" : quoted(path)
  }`;
  if (known) create.text = text;
  return text;
}

const NO_STATUS = ',"status":null,"status_hex":null';

/** In place of what a request says. */
const NO_REQUEST: Readonly<Record<Exchange["kind"], string>> = {
  exchange: ',"orphan_response":true',
  break: "",
  encrypted: "",
  smb1: "",
};

/** Flags that most requests do not have. */
const RARE_FLAGS = HeaderFlags.SIGNED | HeaderFlags.ASYNC_COMMAND | HeaderFlags.DFS_OPERATIONS |
  HeaderFlags.REPLAY_OPERATION;

function requestFields(exchange: Exchange, request: CapturedMessage): string {
  const { header } = request;
  const rare = (header.flags & RARE_FLAGS) === 0 ? "" : flagFields(exchange, header);
  const channelSequence = header.status & 0xffff;
  let text = rare + creditFields(header.creditCharge * 0x10000 + header.credits);
  if (channelSequence !== 0) text += `,"channel_sequence":${channelSequence}`;
  if (exchange.chain !== null) {
    text += `,"compound":${exchange.chain.index},"related":${exchange.chain.related}`;
  }
  if (exchange.repeatedMessageId) text += ',"dup_message_id":true';
  if (header.command === Command.CANCEL) {
    text += `,"target":"${header.asyncId === undefined ? "message_id" : "async_id"}"`;
  }
  return request.known < request.length ? `${text},"partial":true` : text;
}

function flagFields(exchange: Exchange, { flags, asyncId }: Header): string {
  return ((flags & HeaderFlags.SIGNED) !== 0 ? ',"signed":true' : "") +
    (asyncId === undefined ? "" : asyncField(exchange)) +
    ((flags & HeaderFlags.DFS_OPERATIONS) !== 0 ? ',"dfs":true' : "") +
    ((flags & HeaderFlags.REPLAY_OPERATION) !== 0 ? ',"replay":true' : "");
}

/** The AsyncId as the last message of the exchange that has one tells it. */
function asyncField({ request, interim, response }: Exchange): string {
  const id = response?.header.asyncId ?? interim?.asyncId ?? request?.header.asyncId ?? 0n;
  return `,"async_id":${hex64(id)}`;
}

/** Of the interim and the final response. */
function answerFields(exchange: Exchange): string {
  const { interim, response, request } = exchange;
  let told = request?.header.asyncId !== undefined;
  let text = "";
  if (interim !== null) {
    text = `,"frame_interim":${interim.completed.frame}${
      told ? "" : asyncField(exchange)
    },"t_interim":${secondsText(interim.completed)}`;
    told = true;
  }
  if (response === null || exchange.kind === "break") return text;
  const { header } = response;
  text += grantedField(header.credits);
  if ((header.flags & HeaderFlags.SIGNED) !== 0) text += ',"resp_signed":true';
  if (header.asyncId !== undefined && !told) text += asyncField(exchange);
  if (exchange.responseChained) text += ',"resp_compound":true';
  return text;
}

function factFields(exchange: Exchange, facts: Facts, command: string): string {
  let text = facts.fileIdInherited ? ',"fid_inherited":true' : "";
  if (facts.reconnectFileId !== null) {
    text += `,"reconnect_fid":"${fileIdText(facts.reconnectFileId)}"`;
  }
  if (command === "CANCEL") text += `,"cancels_i":${facts.cancels?.index ?? null}`;
  if (command === "OPLOCK_BREAK" && exchange.request !== null) {
    text += `,"acks_i":${facts.acknowledges?.index ?? null}`;
  }
  if (command === "LEASE_BREAK_NOTIFY") {
    text += `,"lease_paths":${JSON.stringify(facts.leasePaths)}`;
  }
  return facts.create === null ? `${text}}\n` : `${text},"create_i":${facts.create.index}}\n`;
}

function encryptedLine(exchange: Exchange): string {
  const { client, server, stream, request, opaque } = exchange;
  return `${places(exchange, "ENCRYPTED")},"stream":${stream}${
    firstTime(request)
  },"src":"${client}","dst":"${server}","session_id":${hex64(opaque?.sessionId ?? 0n)},"msg_size":${
    opaque?.size ?? 0
  }}\n`;
}

function breakCommand(exchange: Exchange): string {
  const message = exchange.response?.message;
  const lease = message?.kind === "response" && message.command === "OPLOCK_BREAK" &&
    message.body.kind === "leaseNotification";
  return lease ? "LEASE_BREAK_NOTIFY" : "OPLOCK_BREAK_NOTIFY";
}
