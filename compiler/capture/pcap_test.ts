/** Classic files as `npm:pcap-parser` reads them, and as they are read here. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import pcapParser from "pcap-parser";
import { sharedPath, sharedTest } from "../../tests/harness/interop.ts";
import { NoteBook } from "./notes.ts";
import { pcapMagic, PcapReader, readPcapHeader } from "./pcap.ts";

/** Frame, time, lengths and bytes of a packet. */
type Row = [frame: number, seconds: number, nanoseconds: number, length: number, bytes: string];

function ownPackets(file: Uint8Array): Row[] {
  const rows: Row[] = [];
  const header = readPcapHeader(file);
  assert(header !== undefined);
  const reader = new PcapReader(header, {
    notes: new NoteBook(),
    framesBefore: 0,
    sink: ({ frame, seconds, nanoseconds, originalLength, bytes, start, end }) =>
      rows.push([frame, seconds, nanoseconds, originalLength, bytes.subarray(start, end).toHex()]),
  });
  reader.feed(file);
  return rows;
}

async function packagePackets(file: Uint8Array): Promise<Row[]> {
  const rows: Row[] = [];
  const parser = pcapParser.parse(Readable.from([Buffer.from(file)]));
  parser.on("packet", ({ header, data }) => {
    const { timestampSeconds, timestampMicroseconds, originalLength } = header;
    const nanoseconds = timestampMicroseconds * 1000;
    rows.push([
      rows.length + 1,
      timestampSeconds,
      nanoseconds,
      originalLength,
      data.toString("hex"),
    ]);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  parser.on("end", resolve);
  await promise;
  return rows;
}

sharedTest(
  "the packets of the shared microsecond captures are those that pcap-parser finds",
  ["captures/captures.json"],
  async () => {
    const list: { file: string }[] = JSON.parse(
      await Deno.readTextFile(sharedPath("captures/captures.json") ?? ""),
    );
    let packets = 0;
    for (const { file } of list.filter(({ file }) => file.endsWith(".pcap"))) {
      const bytes = await Deno.readFile(`${sharedPath("captures")}/${file}`);
      if (pcapMagic(bytes)?.variant !== "microseconds") continue;
      const own = ownPackets(bytes);
      assertEquals(own, await packagePackets(bytes), file);
      packets += own.length;
    }
    assert(packets > 10_000, `${packets} packets`);
  },
);
