/**
 * Segments and stream numbers compared with tshark's, packet by packet. Development tests: skipped where tshark or the shared captures are missing.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Reassembler } from "../reassembly.ts";
import { Conversation } from "../../tests/captures/conversation.ts";
import {
  big,
  CARRIERS,
  concat,
  enhancedPacket,
  interfaceBlock,
  ipv6,
  little,
  packet,
  pcapFile,
  section,
  seeded,
  tcp,
} from "./_build.ts";
import { CaptureError, openCapture, type Segment, TCP_FLAG } from "./mod.ts";

const SHARED = new URL("../../../shared/captures/", import.meta.url);

const FIELDS = [
  "frame.number",
  "frame.time_epoch",
  "tcp.stream",
  "tcp.len",
  "tcp.seq_raw",
  "tcp.ack_raw",
  "ip.src",
  "ipv6.src",
  "tcp.srcport",
];

function exists(path: URL): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

function hasTshark(): boolean {
  try {
    return new Deno.Command("tshark", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

function* filesBelow(folder: URL): Generator<URL> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = new URL(encodeURIComponent(entry.name) + (entry.isDirectory ? "/" : ""), folder);
    if (entry.isDirectory) yield* filesBelow(path);
    else yield path;
  }
}

async function tsharkRows(path: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("tshark", {
    args: [
      "-r",
      path,
      "-n",
      "-Y",
      "tcp",
      "-T",
      "fields",
      ...FIELDS.flatMap((name) => ["-e", name]),
    ],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "").map((line) => {
    // Several values come from a tunnel or an error packet; the innermost is last.
    const [frame, time, stream, length, seq, ack, v4, v6, port] = line.split("\t")
      .map((value) => value.slice(value.lastIndexOf(",") + 1));
    return [frame, time, stream, length, seq, ack, v4 || v6, port].join(" ");
  });
}

/** The same rows by our own reading; also checks that the streams add up to what the segments hold. */
async function ownRows(path: string): Promise<string[]> {
  const rows: string[] = [];
  let delivered = 0;
  let carried = 0;
  const reassembler = new Reassembler((event) => {
    if (event.kind === "data") delivered += event.bytes.length;
  });
  const capture = await openCapture(path, { order: "file" });
  const take = (segment: Segment) => {
    reassembler.push(segment);
    const length = segment.payload.length + segment.cut;
    // The text in a RST is not part of the stream.
    if ((segment.flags & TCP_FLAG.RST) === 0) carried += segment.payload.length;
    const { seconds, nanoseconds } = segment.stamp;
    rows.push([
      segment.stamp.frame,
      `${seconds}.${String(nanoseconds).padStart(9, "0")}`,
      reassembler.streamNumber(segment.flow),
      length,
      segment.seq,
      segment.ack,
      segment.flow.source.address,
      segment.flow.source.port,
    ].join(" "));
  };
  for await (const _ of capture.segments(take));
  reassembler.finish();
  const { repeatedBytes, bytesAfterEnd } = reassembler.counts;
  assert(delivered <= carried && delivered + repeatedBytes + bytesAfterEnd >= carried, path);
  return rows;
}

Deno.test({
  name: `every segment of the shared captures is as tshark has it${
    !hasTshark()
      ? " (skipped: no tshark)"
      : exists(SHARED)
      ? ""
      : " (skipped: no ../shared/captures)"
  }`,
  ignore: !exists(SHARED) || !hasTshark(),
  async fn() {
    const paths = ["own/", "public/"].flatMap((set) => [...filesBelow(new URL(set, SHARED))])
      .map((url) => decodeURIComponent(url.pathname));
    assert(paths.length > 0);
    for (const path of paths) {
      try {
        assertEquals(await ownRows(path), await tsharkRows(path), path);
      } catch (error) {
        if (!(error instanceof CaptureError)) throw error;
        assertEquals(await tsharkRows(path), [], path);
      }
    }
  },
});

Deno.test({
  name: "made-up connections (skipped without tshark): stream numbers are tshark's",
  ignore: !hasTshark(),
  async fn() {
    const flags = ["S", "SA", "A", "A", "A", "FA", "RA", "R", "F"];
    const path = await Deno.makeTempFile({ suffix: ".pcap" });
    try {
      for (let seed = 0; seed < 5; seed++) {
        const random = seeded(seed);
        const packets = Array.from({ length: 500 }, () => {
          const client = `10.0.0.1:${1000 + random(3)}`;
          const [from, to] = random(2) === 0 ? [client, "10.0.0.2:445"] : ["10.0.0.2:445", client];
          const chosen = flags[random(flags.length)] ?? "A";
          const seq = (random(3) === 0 ? 200 : 100) + (chosen.includes("S") ? 0 : 1);
          const ack = random(2) === 0 ? 101 : 201;
          return packet({ from, to, seq, ack, flags: chosen, payload: "x".repeat(random(2)) });
        });
        await Deno.writeFile(path, pcapFile(packets, { linkType: 101 }));
        assertEquals(await ownRows(path), await tsharkRows(path), `seed ${seed}`);
      }
    } finally {
      await Deno.remove(path);
    }
  },
});

/** Frames of a conversation with messages over several segments. */
function conversation(client = "10.0.0.1:1000") {
  const talk = new Conversation({ client, mss: 500 }).open();
  talk.bytes("request", new Uint8Array(1300).fill(7));
  talk.segment("request", { flags: "FA" });
  return talk.wire.packets;
}

async function compareWithTshark(file: Uint8Array, atLeast = 10): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".pcapng" });
  try {
    await Deno.writeFile(path, file);
    const own = await ownRows(path);
    assert(own.length >= atLeast, `${own.length} segments`);
    assertEquals(own, await tsharkRows(path));
  } finally {
    await Deno.remove(path);
  }
}

Deno.test({
  name:
    "every link, tunnel and way to cut into fragments (skipped without tshark) is as tshark has it",
  ignore: !hasTshark(),
  async fn() {
    const interfaces: Uint8Array[] = [];
    const blocks: Uint8Array[] = [];
    for (const [number, carry] of Object.values(CARRIERS).entries()) {
      for (const [index, { bytes, time }] of conversation(`10.0.0.${number + 3}:1000`).entries()) {
        const { linkType, packets } = carry(bytes, number * 100 + index + 1);
        if (index === 0) {
          interfaces.push(interfaceBlock({ linkType, options: [[9, little(1, 9)]] }));
        }
        const options = { interfaceId: number, units: time };
        blocks.push(...packets.map((part) => enhancedPacket(part, options)));
      }
    }
    await compareWithTshark(concat(section(), ...interfaces, ...blocks));
  },
});

Deno.test({
  name: "IPv6 with extension headers and fragments (skipped without tshark) is as tshark has it",
  ignore: !hasTshark(),
  async fn() {
    const from = "[fd00:0:0:0:0:0:0:1]:1000";
    const to = "[fd00:0:0:0:0:0:0:2]:445";
    const payload = new Uint8Array(700).fill(7);
    const packets = Array.from({ length: 8 }, (_, index) => {
      const whole = tcp({ from, to, seq: 1 + index * 700, payload });
      // Destination options, filled up with PadN, before or within the fragments.
      const options = (next: number) => concat(big(1, next, 0, 1, 4), new Uint8Array(4));
      if (index % 4 === 0) return [ipv6(concat(options(6), whole), { from, to, next: 60 })];
      const inner = index % 4 === 1 ? concat(options(6), whole) : whole;
      const parts: Uint8Array[] = [];
      for (let at = 0; at < inner.length; at += 320) {
        const more = at + 320 < inner.length ? 1 : 0;
        const header = concat(
          big(1, index % 4 === 1 ? 60 : 6, 0),
          big(2, at | more),
          big(4, 1000 + index),
        );
        const part = concat(header, inner.subarray(at, at + 320));
        parts.push(
          index % 4 === 2
            ? ipv6(concat(options(44), part), { from, to, next: 60 })
            : ipv6(part, { from, to, next: 44 }),
        );
      }
      return index % 4 === 3 ? parts.toReversed() : parts;
    }).flat();
    const blocks = packets.map((bytes, index) => enhancedPacket(bytes, { units: BigInt(index) }));
    const description = interfaceBlock({ linkType: 229, options: [[9, little(1, 3)]] });
    await compareWithTshark(concat(section(), description, ...blocks), 8);
  },
});

Deno.test({
  name: "sections and interfaces of pcapng (skipped without tshark) are as tshark has them",
  ignore: !hasTshark(),
  async fn() {
    const packets = conversation();
    const half = packets.length >> 1;
    const blocks = [false, true].flatMap((bigEndian) => {
      // Nanoseconds, and a power of two.
      const resolutions = [9, 0x80 | 30];
      const part = bigEndian ? packets.slice(half) : packets.slice(0, half);
      return [
        section({ bigEndian }),
        ...resolutions.map((resolution, index) =>
          interfaceBlock({
            bigEndian,
            linkType: index === 0 ? 1 : 101,
            options: [[9, little(1, resolution)]],
          })
        ),
        ...part.map(({ bytes, time }, index) => {
          const second = index % 2 === 1;
          return enhancedPacket(second ? bytes.subarray(14) : bytes, {
            bigEndian,
            interfaceId: second ? 1 : 0,
            units: second ? (time / 1_000_000_000n) << 30n : time,
          });
        }),
      ];
    });
    await compareWithTshark(concat(...blocks));
  },
});
