/**
 * Captures loopback traffic with tcpdump, and asks tshark what it makes of a capture.
 *
 * @module
 */

import { createSocket, type Socket } from "node:dgram";
import { concatenate, pcapFrames } from "./pcap.ts";
import { requireTool, run } from "./tools.ts";

/** A capture under way. */
export interface Capture extends AsyncDisposable {
  /** Ends the capture once everything sent so far is in it, and returns the file's bytes. */
  stop(): Promise<Uint8Array<ArrayBuffer>>;
}

/** What tshark printed for one frame: each field asked for, with every value it has in that frame. */
export interface DissectedFrame {
  readonly number: number;
  /** The values of a field in the order in which they occur; empty where it does not occur. */
  values(field: string): readonly string[];
}

/** How tshark is to read a capture. */
export interface DissectOptions {
  /** The server's port. Anything but 445 is announced to tshark as NetBIOS session traffic. */
  readonly port?: number;
  /** A display filter; every frame unless given. */
  readonly filter?: string;
  /** tshark preferences, for example `smb2.verify_signatures`. */
  readonly preferences?: Readonly<Record<string, string>>;
}

/** A remark of tshark's about a frame. */
export interface ExpertInfo {
  readonly frame: number;
  readonly severity: Severity;
  readonly message: string;
}

/** How grave a remark is, least first. */
export type Severity = "comment" | "chat" | "note" | "warn" | "error";

/** The numbers of epan/proto.h (PI_SEVERITY_MASK). */
const SEVERITIES: readonly (readonly [number, Severity])[] = [
  [0x0010_0000, "comment"],
  [0x0020_0000, "chat"],
  [0x0040_0000, "note"],
  [0x0060_0000, "warn"],
  [0x0080_0000, "error"],
];

const DRAINED_WITHIN_MS = 60_000;
const ETHERTYPE_OFFSET = 16 + 12;
const IP_PROTOCOL_OFFSET = 16 + 14 + 9;
const IP_UDP = 17;

/**
 * Starts to capture the TCP traffic of a port on the loopback interface, and returns when tcpdump listens.
 *
 * @throws {Error} tcpdump may not capture here: it needs root or CAP_NET_RAW.
 */
export async function startCapture(options: { readonly port: number }): Promise<Capture> {
  const tcpdump = requireTool("tcpdump");
  const file = await Deno.makeTempFile({ prefix: "smbench-", suffix: ".pcap" });
  const marker = await Marker.open();
  const filter = `tcp port ${options.port} or udp port ${marker.port}`;
  const child = new Deno.Command(tcpdump, {
    // Large kernel buffer (KiB): no packet may be lost under load. -Z root: keep writing to our file as root.
    args: ["-i", "lo", "-n", "-U", "-s", "0", "-B", "65536", "--immediate-mode", "-w", file]
      .concat(Deno.uid() === 0 ? ["-Z", "root"] : [], [filter]),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const messages = child.stderr.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();

  let result: Promise<Uint8Array<ArrayBuffer>> | undefined;
  const end = async () => {
    try {
      await untilDrained(file, marker);
    } finally {
      await marker.close();
      child.kill("SIGINT");
      await drain(messages);
      await child.status;
    }
    const pcap = withoutMarkers(await Deno.readFile(file));
    await Deno.remove(file);
    return pcap;
  };
  const stop = () => result ??= end();

  let said = "";
  while (!said.includes("listening on")) {
    const { done, value } = await messages.next();
    if (done === true) {
      await marker.close();
      await child.status;
      await Deno.remove(file);
      throw new Error(`Cannot capture on loopback: ${said.trim()}`);
    }
    said += value;
  }
  return {
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/** Asks tshark for fields of the frames of a capture. */
export async function dissect(
  pcap: Uint8Array | string,
  options: DissectOptions & { readonly fields: readonly string[] },
): Promise<DissectedFrame[]> {
  const fields = ["frame.number", ...options.fields];
  const output = await tshark(pcap, options, ["-T", "json", ...fields.flatMap((it) => ["-e", it])]);
  const packets = JSON.parse(output === "" ? "[]" : output) as {
    _source: { layers: Record<string, string[]> };
  }[];
  return packets.map(({ _source: { layers } }) => ({
    number: Number(layers["frame.number"]?.[0]),
    values: (field: string) => layers[field] ?? [],
  }));
}

/** tshark's remarks that are at least as grave as `atLeast` (`note` unless given). */
export async function expertInfo(
  pcap: Uint8Array | string,
  options: DissectOptions & { readonly atLeast?: Severity } = {},
): Promise<ExpertInfo[]> {
  const frames = await dissect(pcap, {
    ...options,
    filter: and("_ws.expert", options.filter),
    fields: ["_ws.expert.severity", "_ws.expert.message", "_ws.expert.group"],
  });
  const rank = (severity: Severity) => SEVERITIES.findIndex(([, name]) => name === severity);
  const least = rank(options.atLeast ?? "note");
  return frames.flatMap((frame) => {
    const messages = frame.values("_ws.expert.message");
    const groups = frame.values("_ws.expert.group");
    return frame.values("_ws.expert.severity").map((number, i) => ({
      frame: frame.number,
      severity: severityName(number),
      message: messages[i] ?? "",
      group: Number(groups[i]),
    }));
  }).filter(({ severity, group }) => rank(severity) >= least && group !== SEQUENCE_GROUP)
    .map(({ frame, severity, message }): ExpertInfo => ({ frame, severity, message }));
}

/** Group of remarks on sequence numbers and windows: how TCP fared on a busy machine, not what was sent. */
const SEQUENCE_GROUP = 0x02000000;

/** The numbers of the frames that tshark calls malformed, or that end before what they announce. */
export async function malformedFrames(
  pcap: Uint8Array | string,
  options: DissectOptions = {},
): Promise<number[]> {
  const filter = and("_ws.malformed or _ws.short", options.filter);
  const frames = await dissect(pcap, { ...options, filter, fields: [] });
  return frames.map((frame) => frame.number);
}

async function tshark(
  pcap: Uint8Array | string,
  options: DissectOptions,
  output: readonly string[],
): Promise<string> {
  const path = typeof pcap === "string"
    ? pcap
    : await Deno.makeTempFile({ prefix: "smbench-", suffix: ".pcap" });
  try {
    if (typeof pcap !== "string") await Deno.writeFile(path, pcap);
    const args = ["-n", "-r", path, ...output];
    if (options.port !== undefined && options.port !== 445) {
      args.push("-d", `tcp.port==${options.port},nbss`);
    }
    if (options.filter !== undefined) args.push("-Y", options.filter);
    for (const [name, value] of Object.entries(options.preferences ?? {})) {
      args.push("-o", `${name}:${value}`);
    }
    const { code, stdout, stderr } = await run(requireTool("tshark"), { args });
    if (code !== 0) throw new Error(`Cannot dissect ${path}: tshark says ${stderr.trim()}`);
    return stdout;
  } finally {
    if (typeof pcap !== "string") await Deno.remove(path);
  }
}

/** A datagram socket that sends to itself. Its datagrams show up in the capture, after all that was sent before. */
class Marker {
  readonly #socket: Socket;
  readonly port: number;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.port = port;
  }

  static async open(): Promise<Marker> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    return new Marker(socket, socket.address().port);
  }

  send(text: string): void {
    this.#socket.send(text, this.port, "127.0.0.1");
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}

/**
 * Waits until a datagram sent now is in the file: packets are recorded in order, so everything before it is there too.
 * It is sent again and again because the kernel may drop it.
 */
async function untilDrained(file: string, marker: Marker): Promise<void> {
  const text = crypto.randomUUID();
  const deadline = performance.now() + DRAINED_WITHIN_MS;
  while (performance.now() < deadline) {
    marker.send(text);
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (await endsWithin(file, text)) return;
  }
  throw new Error(`Cannot end the capture: tcpdump did not record everything in time`);
}

/** Whether a text occurs in the last 4 KiB of a file: the marker, unless traffic still goes on after it. */
async function endsWithin(path: string, text: string): Promise<boolean> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  await file.seek(Math.max(0, size - 4096), Deno.SeekMode.Start);
  const buffer = new Uint8Array(4096);
  const read = await file.read(buffer) ?? 0;
  return new TextDecoder("latin1").decode(buffer.subarray(0, read)).includes(text);
}

/** The capture without the datagrams that only served to know when it is complete. */
function withoutMarkers(pcap: Uint8Array): Uint8Array<ArrayBuffer> {
  const kept = [pcap.subarray(0, 24)];
  for (const { start, end } of pcapFrames(pcap)) {
    const isIpv4 = pcap[start + ETHERTYPE_OFFSET] === 0x08 &&
      pcap[start + ETHERTYPE_OFFSET + 1] === 0x00;
    if (isIpv4 && pcap[start + IP_PROTOCOL_OFFSET] === IP_UDP) continue;
    kept.push(pcap.subarray(start, end));
  }
  return concatenate(kept);
}

async function drain(messages: AsyncIterator<string>): Promise<void> {
  while ((await messages.next()).done !== true);
}

function and(first: string, second: string | undefined): string {
  return second === undefined ? first : `(${first}) and (${second})`;
}

function severityName(number: string): Severity {
  const value = Number(number);
  const entry = SEVERITIES.find(([severity]) => severity === value);
  if (entry === undefined) {
    throw new RangeError(`Cannot name the severity ${number}: it is unknown`);
  }
  return entry[1];
}
