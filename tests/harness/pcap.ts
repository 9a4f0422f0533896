/**
 * Writes captures for tests: messages become a classic pcap of Ethernet, IPv4 and TCP with handshake, sequence numbers and
 * checksums (and no end: tshark remarks on every FIN), so that tshark (and the compiler) can be shown any message on any port.
 *
 * Why not only real captures: off port 445 tshark reads the 17-bit NetBIOS length and loses messages over 128 KiB.
 *
 * @module
 */

/** One SMB message, or chain of compounded messages, to be written. */
export interface PcapMessage {
  /** Seconds since the start of the capture. */
  readonly time: number;
  readonly from: "client" | "server";
  /** Which connection it belongs to; 0 unless given. Each has a client port of its own. */
  readonly connection?: number;
  /** The message without the 4-byte length that goes before it on the wire, which is added here. */
  readonly bytes: Uint8Array;
}

/** How the capture is written. */
export interface PcapOptions {
  /** The server's TCP port; 445 unless given. */
  readonly port?: number;
  /** Seconds since 1970 at time 0; a fixed date unless given, so that the bytes are reproducible. */
  readonly epoch?: number;
  /** `bytes` are the stream as it is, length prefixes included. */
  readonly framed?: boolean;
  /** The most payload in one segment; above it a message is split. */
  readonly maxSegment?: number;
}

const ETHERNET = 1;
const ETHERNET_HEADER = 14;
const IP_HEADER = 20;
const TCP_HEADER = 20;
const MAX_SEGMENT = 60_000;
const FIRST_CLIENT_PORT = 49_152;
/** 2024-01-01. */
const EPOCH = 1_704_067_200;
const SYN = 0x02;
const PSH = 0x08;
const ACK = 0x10;

/** The bytes of a capture file that carries the messages in the order given. */
export function writePcap(messages: readonly PcapMessage[], options: PcapOptions = {}): Uint8Array {
  const port = options.port ?? 445;
  const epoch = options.epoch ?? EPOCH;
  const maxSegment = options.maxSegment ?? MAX_SEGMENT;
  const records: Uint8Array[] = [globalHeader()];
  const connections = new Map<number, Connection>();
  for (const message of messages) {
    const id = message.connection ?? 0;
    let connection = connections.get(id);
    if (connection === undefined) {
      connection = new Connection(FIRST_CLIENT_PORT + id, port);
      connections.set(id, connection);
      const start = epoch + message.time;
      records.push(record(start, connection.segment("client", SYN)));
      records.push(record(start, connection.segment("server", SYN | ACK)));
      records.push(record(start, connection.segment("client", ACK)));
    }
    const stream = options.framed === true ? message.bytes : framed(message.bytes);
    for (let at = 0; at < stream.length; at += maxSegment) {
      const payload = stream.subarray(at, at + maxSegment);
      records.push(
        record(epoch + message.time, connection.segment(message.from, PSH | ACK, payload)),
      );
    }
  }
  return concatenate(records);
}

/** Puts the Direct TCP length (MS-SMB2 2.1) before a message. */
export function framed(message: Uint8Array): Uint8Array {
  if (message.length > 0xffffff) {
    throw new RangeError(
      `Cannot frame a message of ${message.length} bytes: the length has 24 bits`,
    );
  }
  const stream = new Uint8Array(4 + message.length);
  new DataView(stream.buffer).setUint32(0, message.length);
  stream.set(message, 4);
  return stream;
}

/** The frames of a classic little-endian microsecond pcap, as tcpdump writes it here. */
export function* pcapFrames(pcap: Uint8Array): Generator<{ start: number; end: number }> {
  const view = new DataView(pcap.buffer, pcap.byteOffset, pcap.byteLength);
  let at = 24;
  while (at + 16 <= pcap.length) {
    const end = at + 16 + view.getUint32(at + 8, true);
    if (end > pcap.length) return;
    yield { start: at, end };
    at = end;
  }
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

type Side = "client" | "server";

/** One TCP connection: what each side has sent so far decides sequence and acknowledgement numbers. */
class Connection {
  readonly #ports: Readonly<Record<Side, number>>;
  readonly #next: Record<Side, number> = { client: 1_000, server: 5_000 };

  constructor(clientPort: number, serverPort: number) {
    this.#ports = { client: clientPort, server: serverPort };
  }

  segment(from: Side, flags: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
    const to: Side = from === "client" ? "server" : "client";
    const frame = new Uint8Array(ETHERNET_HEADER + IP_HEADER + TCP_HEADER + payload.length);
    const view = new DataView(frame.buffer);
    frame.set([2, 0, 0, 0, 0, to === "client" ? 1 : 2], 0);
    frame.set([2, 0, 0, 0, 0, from === "client" ? 1 : 2], 6);
    view.setUint16(12, 0x0800);

    const ip = ETHERNET_HEADER;
    view.setUint8(ip, 0x45);
    view.setUint16(ip + 2, IP_HEADER + TCP_HEADER + payload.length);
    view.setUint8(ip + 8, 64);
    view.setUint8(ip + 9, 6);
    frame.set([10, 0, 0, from === "client" ? 1 : 2], ip + 12);
    frame.set([10, 0, 0, to === "client" ? 1 : 2], ip + 16);
    view.setUint16(ip + 10, checksum(frame.subarray(ip, ip + IP_HEADER)));

    const tcp = ip + IP_HEADER;
    view.setUint16(tcp, this.#ports[from]);
    view.setUint16(tcp + 2, this.#ports[to]);
    view.setUint32(tcp + 4, this.#next[from]);
    view.setUint32(tcp + 8, (flags & ACK) !== 0 ? this.#next[to] : 0);
    view.setUint8(tcp + 12, (TCP_HEADER / 4) << 4);
    view.setUint8(tcp + 13, flags);
    view.setUint16(tcp + 14, 0xffff);
    frame.set(payload, tcp + TCP_HEADER);
    const pseudo = new Uint8Array(12);
    pseudo.set(frame.subarray(ip + 12, ip + 20), 0);
    pseudo[9] = 6;
    new DataView(pseudo.buffer).setUint16(10, TCP_HEADER + payload.length);
    view.setUint16(tcp + 16, checksum(concatenate([pseudo, frame.subarray(tcp)])));

    const counted = (flags & SYN) !== 0 ? 1 : 0;
    this.#next[from] = (this.#next[from] + payload.length + counted) >>> 0;
    return frame;
  }
}

function globalHeader(): Uint8Array {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 262_144, true);
  view.setUint32(20, ETHERNET, true);
  return header;
}

function record(time: number, frame: Uint8Array): Uint8Array {
  const header = new Uint8Array(16);
  const view = new DataView(header.buffer);
  const microseconds = Math.round(time * 1e6);
  view.setUint32(0, Math.floor(microseconds / 1e6), true);
  view.setUint32(4, microseconds % 1e6, true);
  view.setUint32(8, frame.length, true);
  view.setUint32(12, frame.length, true);
  return concatenate([header, frame]);
}

/** The ones' complement sum of RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
