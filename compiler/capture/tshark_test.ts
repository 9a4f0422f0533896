/**
 * Segments and stream numbers compared with tshark's, packet by packet. Development tests: skipped where tshark or the shared captures are missing.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Reassembler } from "../reassembly.ts";
import { packet, pcapFile, seeded } from "./_build.ts";
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
  name: "shared captures (skipped without tshark and ../shared): every segment is as tshark has it",
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
