/**
 * One exchange -> one line of `smbench inspect --operations`: a flat JSON object whose field names are those of the
 * capture oracles, so that a program can compare both. 64-bit ids are hexadecimal text, times are epoch seconds as text.
 */
import { Command, fileIdText, type Header, HeaderFlags } from "../runtime/wire/mod.ts";
import type { CapturedMessage, Exchange, Facts } from "./exchange.ts";
import { LineBytes, piece } from "./line_bytes.ts";
import { putRequestParameters, putResponseParameters } from "./row_parameters.ts";
import {
  commandField,
  creditFields,
  grantedField,
  putQuoted,
  putSeconds,
  statusFields,
} from "./row_text.ts";

/** Bytes of a header up to the end of MessageId: a header cut before it has none. */
const MESSAGE_ID_END = 32;

/** Conversations whose pieces are remembered. */
const STREAMS_KEPT = 2048;

/** What the lines of one conversation have in common. */
interface StreamPieces {
  readonly client: string;
  readonly ends: Uint8Array;
  sessionId: bigint | null;
  treeId: number | null;
  tree: string | null;
  /** SessionId, TreeId and path of the tree connect, up to where the MessageId goes. */
  ids: Uint8Array;
}

/** Makes lines; one for all lines of a capture, as it remembers what they have in common. */
export class LineMaker {
  readonly #streams = new Map<number, StreamPieces>();
  readonly #scratch = new LineBytes();

  /** Puts the line, with its line feed; `exchange` should be settled. */
  put(line: LineBytes, exchange: Exchange, facts: Facts): void {
    switch (exchange.kind) {
      case "encrypted":
        return putEncrypted(line, exchange);
      case "smb1":
        return this.#smb1(line, exchange);
      default:
        return this.#exchange(line, exchange, facts);
    }
  }

  /** Nothing more comes of a conversation. */
  ended(stream: number): void {
    this.#streams.delete(stream);
  }

  #exchange(line: LineBytes, exchange: Exchange, facts: Facts): void {
    const { request, response } = exchange;
    const captured = request ?? response;
    const command = exchange.kind === "break" ? breakCommand(exchange) : exchange.command;
    const stream = this.#piecesOf(exchange);
    if (
      facts.tree !== stream.tree || facts.treeId !== stream.treeId ||
      facts.sessionId !== stream.sessionId
    ) {
      this.#learnIds(stream, facts);
    }
    putPlaces(line, exchange, command);
    line.put(stream.ends);
    putFirstTime(line, request);
    line.put(stream.ids);
    if (captured === null || captured.known < MESSAGE_ID_END) line.put(NULL);
    else line.number(Number(captured.header.messageId));
    if (captured !== null) putWrapping(line, captured);
    putFile(line, facts);
    line.put(response === null ? NO_STATUS : statusFields(response.header.status));
    if (request === null) line.put(NO_REQUEST[exchange.kind]);
    else putRequestFields(line, exchange, request);
    line.put(REQUEST);
    if (request === null) line.put(NOTHING);
    else putRequestParameters(line, request);
    line.put(RESPONSE);
    if (response === null) line.put(NOTHING);
    else putResponseParameters(line, response, exchange);
    putAnswerFields(line, exchange);
    putFacts(line, { exchange, facts, command });
  }

  #smb1(line: LineBytes, exchange: Exchange): void {
    const { request, response } = exchange;
    putPlaces(line, exchange, "SMB1_NEGOTIATE");
    line.put(this.#piecesOf(exchange).ends);
    putFirstTime(line, request);
    const dialects = JSON.stringify(exchange.smb1Dialects ?? []);
    line.text(`,"message_id":0,"req":{"dialects":${dialects}}`).put(RESPONSE);
    if (response === null) {
      line.put(NOTHING);
    } else if (response.message === null) {
      line.put(NOTHING).put(SMB1_STATUS);
    } else {
      putResponseParameters(line, response, exchange);
      line.put(SMB2_REPLY).hex64(response.header.sessionId);
      line.put(statusFields(response.header.status));
      putAnswerFields(line, exchange);
    }
    line.put(END);
  }

  #piecesOf({ stream, client, server }: Exchange): StreamPieces {
    let pieces = this.#streams.get(stream);
    // Either side of a conversation may be the client.
    if (pieces?.client !== client) {
      const ends = piece(`,"client":"${client}","server":"${server}","stream":${stream}`);
      pieces = { client, ends, sessionId: null, treeId: null, tree: null, ids: NO_IDS };
      // They can be made again; of a great many conversations most are silent.
      if (this.#streams.size >= STREAMS_KEPT) this.#streams.clear();
      this.#streams.set(stream, pieces);
    }
    return pieces;
  }

  #learnIds(stream: StreamPieces, { sessionId, treeId, tree }: Facts): void {
    stream.sessionId = sessionId;
    stream.treeId = treeId;
    stream.tree = tree;
    const ids = this.#scratch;
    ids.cut(0);
    ids.put(SESSION_ID);
    if (sessionId === null) ids.put(NULL);
    else ids.hex64(sessionId);
    ids.put(TREE_ID);
    if (treeId === null) ids.put(NULL);
    else ids.hex(treeId, 8);
    ids.put(TREE);
    if (tree === null) ids.put(NULL);
    else ids.quoted(tree);
    stream.ids = ids.put(MESSAGE_ID).view().slice();
  }
}

const NULL = piece("null");
const NOTHING = piece("{}");
const END = piece("}\n");
const NO_IDS = piece(',"session_id":null,"tree_id":null,"tree":null,"message_id":');
const SESSION_ID = piece(',"session_id":');
const TREE_ID = piece(',"tree_id":');
const TREE = piece(',"tree":');
const MESSAGE_ID = piece(',"message_id":');
const FILE_ID = piece(',"fid":');
const PATH = piece(',"path":');
const REQUEST = piece(',"req":');
const RESPONSE = piece(',"resp":');
const SMB1_STATUS = piece(',"status":"SMB1"');
const SMB2_REPLY = piece(',"smb2_reply":true,"session_id":');
const NO_STATUS = piece(',"status":null,"status_hex":null');

/** In place of what a request says. */
const NO_REQUEST: Readonly<Record<Exchange["kind"], Uint8Array>> = {
  exchange: piece(',"orphan_response":true'),
  break: piece(""),
  encrypted: piece(""),
  smb1: piece(""),
};

const NUMBER = piece('{"i":');
const FRAME_RESPONSE = piece(',"frame_resp":');
const TIME_REQUEST = piece(',"t_req":');
const TIME_RESPONSE = piece(',"t_resp":');
const FIRST_TIME = piece(',"t_req_first":');

/** Number, command, frames and times. */
function putPlaces(
  line: LineBytes,
  { index, request, response }: Exchange,
  command: string,
): void {
  line.put(NUMBER).number(index).put(commandField(command));
  if (request === null) line.put(NULL);
  else line.number(request.completed.frame);
  line.put(FRAME_RESPONSE);
  if (response === null) line.put(NULL);
  else line.number(response.completed.frame);
  line.put(TIME_REQUEST);
  if (request === null) line.put(NULL);
  else putSeconds(line, request.completed);
  line.put(TIME_RESPONSE);
  if (response === null) line.put(NULL);
  else putSeconds(line, response.completed);
}

function putFirstTime(line: LineBytes, request: CapturedMessage | null): void {
  if (request === null || request.first.frame === request.completed.frame) return;
  line.put(FIRST_TIME);
  putSeconds(line, request.first);
}

const ENCRYPTED = piece(',"encrypted":true');
const COMPRESSED = piece(',"compressed":true');

function putWrapping(line: LineBytes, { encrypted, compressed }: CapturedMessage): void {
  if (encrypted) line.put(ENCRYPTED);
  if (compressed) line.put(COMPRESSED);
}

function putFile(line: LineBytes, { fileId, path }: Facts): void {
  line.put(FILE_ID);
  if (fileId === null) line.put(NULL);
  else line.fileId(fileId);
  line.put(PATH);
  if (path === null) line.put(NULL);
  else putQuoted(line, path);
}

/** Flags that most requests do not have. */
const RARE_FLAGS = HeaderFlags.SIGNED | HeaderFlags.ASYNC_COMMAND | HeaderFlags.DFS_OPERATIONS |
  HeaderFlags.REPLAY_OPERATION;

const SIGNED = piece(',"signed":true');
const DFS = piece(',"dfs":true');
const REPLAY = piece(',"replay":true');
const CHANNEL_SEQUENCE = piece(',"channel_sequence":');
const REPEATED_ID = piece(',"dup_message_id":true');
const PARTIAL = piece(',"partial":true');

function putRequestFields(line: LineBytes, exchange: Exchange, request: CapturedMessage): void {
  const { header } = request;
  if ((header.flags & RARE_FLAGS) !== 0) putFlags(line, exchange, header);
  line.put(creditFields(header.creditCharge * 0x10000 + header.credits));
  const channelSequence = header.status & 0xffff;
  if (channelSequence !== 0) line.put(CHANNEL_SEQUENCE).number(channelSequence);
  if (exchange.chain !== null) {
    line.text(`,"compound":${exchange.chain.index},"related":${exchange.chain.related}`);
  }
  if (exchange.repeatedMessageId) line.put(REPEATED_ID);
  if (header.command === Command.CANCEL) {
    line.text(`,"target":"${header.asyncId === undefined ? "message_id" : "async_id"}"`);
  }
  if (request.known < request.length) line.put(PARTIAL);
}

function putFlags(line: LineBytes, exchange: Exchange, { flags, asyncId }: Header): void {
  if ((flags & HeaderFlags.SIGNED) !== 0) line.put(SIGNED);
  if (asyncId !== undefined) putAsyncId(line, exchange);
  if ((flags & HeaderFlags.DFS_OPERATIONS) !== 0) line.put(DFS);
  if ((flags & HeaderFlags.REPLAY_OPERATION) !== 0) line.put(REPLAY);
}

const ASYNC_ID = piece(',"async_id":');

/** The AsyncId as the last message of the exchange that has one tells it. */
function putAsyncId(line: LineBytes, { request, interim, response }: Exchange): void {
  const id = response?.header.asyncId ?? interim?.asyncId ?? request?.header.asyncId ?? 0n;
  line.put(ASYNC_ID).hex64(id);
}

const FRAME_INTERIM = piece(',"frame_interim":');
const TIME_INTERIM = piece(',"t_interim":');
const RESPONSE_SIGNED = piece(',"resp_signed":true');
const RESPONSE_CHAINED = piece(',"resp_compound":true');

/** Of the interim and the final response. */
function putAnswerFields(line: LineBytes, exchange: Exchange): void {
  const { interim, response, request } = exchange;
  let told = request?.header.asyncId !== undefined;
  if (interim !== null) {
    line.put(FRAME_INTERIM).number(interim.completed.frame);
    if (!told) putAsyncId(line, exchange);
    line.put(TIME_INTERIM);
    putSeconds(line, interim.completed);
    told = true;
  }
  if (response === null || exchange.kind === "break") return;
  const { header } = response;
  line.put(grantedField(header.credits));
  if ((header.flags & HeaderFlags.SIGNED) !== 0) line.put(RESPONSE_SIGNED);
  if (header.asyncId !== undefined && !told) putAsyncId(line, exchange);
  if (exchange.responseChained) line.put(RESPONSE_CHAINED);
}

const INHERITED = piece(',"fid_inherited":true');
const CREATE_INDEX = piece(',"create_i":');

function putFacts(
  line: LineBytes,
  about: { readonly exchange: Exchange; readonly facts: Facts; readonly command: string },
): void {
  const { exchange, facts, command } = about;
  if (facts.fileIdInherited) line.put(INHERITED);
  if (facts.reconnectFileId !== null) {
    line.text(`,"reconnect_fid":"${fileIdText(facts.reconnectFileId)}"`);
  }
  if (command === "CANCEL") line.text(`,"cancels_i":${facts.cancels?.index ?? null}`);
  if (command === "OPLOCK_BREAK" && exchange.request !== null) {
    line.text(`,"acks_i":${facts.acknowledges?.index ?? null}`);
  }
  if (command === "LEASE_BREAK_NOTIFY") {
    line.text(`,"lease_paths":${JSON.stringify(facts.leasePaths)}`);
  }
  if (facts.create !== null) line.put(CREATE_INDEX).number(facts.create.index);
  line.put(END);
}

function putEncrypted(line: LineBytes, exchange: Exchange): void {
  const { client, server, stream, request, opaque } = exchange;
  putPlaces(line, exchange, "ENCRYPTED");
  line.text(`,"stream":${stream}`);
  putFirstTime(line, request);
  line.text(`,"src":"${client}","dst":"${server}"`);
  line.put(SESSION_ID).hex64(opaque?.sessionId ?? 0n);
  line.text(`,"msg_size":${opaque?.size ?? 0}`).put(END);
}

function breakCommand(exchange: Exchange): string {
  const message = exchange.response?.message;
  const lease = message?.kind === "response" && message.command === "OPLOCK_BREAK" &&
    message.body.kind === "leaseNotification";
  return lease ? "LEASE_BREAK_NOTIFY" : "OPLOCK_BREAK_NOTIFY";
}
