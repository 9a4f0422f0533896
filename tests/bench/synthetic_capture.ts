/**
 * Writes captures of any size for benchmarks: one made-up conversation, repeated by client after client. By itself:
 * `deno run --allow-all tests/bench/synthetic_capture.ts metadata|data FILE [--size MB]`, 20 MB unless told.
 */
import { parseArgs } from "@std/cli";
import { Buffer } from "node:buffer";
import {
  closeAnswer,
  closeBody,
  Conversation,
  createAnswer,
  createBody,
  fileId,
  queryInfoBody,
  readBody,
  writeAnswer,
  writeBody,
} from "../captures/conversation.ts";

/** What the conversation consists of. */
export type Load = "metadata" | "data";

/** Stands for the folder of the client's own in the made-up conversation. */
const FOLDER = "user0000";

/** Operations of one client. */
const ROUNDS: Record<Load, number> = { metadata: 1000, data: 16 };

/** Bytes of a pcap file header, and of the header of a packet in it. */
const FILE_HEADER = 24;
const PACKET_HEADER = 16;
/** Position of the addresses and ports in an Ethernet frame with IPv4 and TCP. */
const SOURCE_ADDRESS = 14 + 12;
const TARGET_ADDRESS = 14 + 16;
const PORTS = 14 + 20;

/** Writes a capture of at least `bytes` bytes. */
export function writeSyntheticCapture(path: string, load: Load, bytes: number): void {
  const template = conversation(load);
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  writeAll(file, template.subarray(0, FILE_HEADER));
  const packets = template.subarray(FILE_HEADER);
  const folders = placesOf(packets, FOLDER);
  let written = FILE_HEADER;
  for (let client = 0; written < bytes; client++) {
    asClient(packets, client);
    const folder = utf16(`user${String(client).padStart(4, "0")}`);
    for (const at of folders) packets.set(folder, at);
    writeAll(file, packets);
    written += packets.byteLength;
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength;) at += file.writeSync(bytes.subarray(at));
}

/** Where a text stands in the packets. */
function placesOf(packets: Uint8Array, text: string): number[] {
  const wanted = Buffer.from(utf16(text));
  const buffer = Buffer.from(packets.buffer, packets.byteOffset, packets.byteLength);
  const places: number[] = [];
  for (let at = buffer.indexOf(wanted); at !== -1; at = buffer.indexOf(wanted, at + 1)) {
    places.push(at);
  }
  return places;
}

function utf16(text: string): Uint8Array {
  return new Uint8Array([...text].flatMap((letter) => [letter.charCodeAt(0), 0]));
}

/** The same packets between another client and the server, after the last ones. */
function asClient(packets: Uint8Array, client: number): void {
  const view = new DataView(packets.buffer, packets.byteOffset, packets.byteLength);
  const seconds = secondsOf(view);
  for (let at = 0; at < packets.byteLength;) {
    const length = view.getUint32(at + 8, true);
    view.setUint32(at, view.getUint32(at, true) + seconds, true);
    const frame = at + PACKET_HEADER;
    const toServer = view.getUint16(frame + PORTS + 2) === 445;
    const address = frame + (toServer ? SOURCE_ADDRESS : TARGET_ADDRESS);
    view.setUint16(address + 2, client + 1);
    at = frame + length;
  }
}

/** Whole seconds that the packets take, and one more. */
function secondsOf(view: DataView): number {
  let last = 0;
  for (let at = 0; at < view.byteLength; at += PACKET_HEADER + view.getUint32(at + 8, true)) {
    last = view.getUint32(at, true);
  }
  return last - view.getUint32(0, true) + 1;
}

function conversation(load: Load): Uint8Array<ArrayBuffer> {
  const talk = new Conversation().open();
  for (let round = 0; round < ROUNDS[load]; round++) {
    if (load === "metadata") lookAt(talk, round);
    else copy(talk, round);
    talk.wire.wait(0.0001);
  }
  return talk.wire.pcap();
}

/** What an explorer does with each file: open, ask, close. */
function lookAt(talk: Conversation, round: number): void {
  const id = fileId(round + 1);
  const path = round % 10 === 0
    ? `projects\\2026\\reports\\file${round}.docx`
    : `home\\${FOLDER}\\documents\\quarter${round % 7}\\file${round}.docx`;
  talk.exchange("CREATE", createBody(path, { createDisposition: 1 }), createAnswer(id));
  talk.exchange("QUERY_INFO", queryInfoBody(id), { output: new Uint8Array(24) });
  talk.exchange("CLOSE", closeBody(id), closeAnswer());
}

/** A file written and read back in units of 64 KiB. */
function copy(talk: Conversation, round: number): void {
  const id = fileId(round + 1);
  const data = new Uint8Array(65_536).fill(round);
  talk.exchange("CREATE", createBody(`home\\${FOLDER}\\big${round}.bin`), createAnswer(id));
  for (let unit = 0; unit < 8; unit++) {
    const offset = BigInt(unit * data.byteLength);
    talk.exchange("WRITE", writeBody(id, offset, data), writeAnswer(data.byteLength));
  }
  for (let unit = 0; unit < 8; unit++) {
    const body = readBody(id, BigInt(unit * data.byteLength), data.byteLength);
    talk.exchange("READ", body, { data, dataRemaining: 0, flags: 0 });
  }
  talk.exchange("CLOSE", closeBody(id), closeAnswer());
}

if (import.meta.main) {
  const { _: [load, path], size } = parseArgs(Deno.args, { string: ["size", "_"] });
  if ((load !== "metadata" && load !== "data") || typeof path !== "string") {
    // deno-lint-ignore no-console
    console.error(
      "Cannot write a capture: usage is synthetic_capture.ts metadata|data FILE [--size MB]",
    );
    Deno.exit(2);
  }
  writeSyntheticCapture(path, load, Number(size ?? "20") * 1e6);
}
