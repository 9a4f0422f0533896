/** Compressed frames against others: a capture of Windows' with its oracle, and ours as tshark reads them. */
import { assert, assertEquals } from "@std/assert";
import {
  compressFrame,
  CompressionAlgorithm,
  encodeMessage,
  makeHeader,
  Writer,
} from "../../runtime/wire/mod.ts";
import { compareRows, operationRows, oracleRows } from "../captures/oracle.ts";
import { interopTest, sharedPath, sharedTest } from "../harness/interop.ts";
import { writePcap } from "../harness/pcap.ts";
import { dissect, expertInfo } from "../harness/tshark.ts";

const CAPTURE = "public/debian-wireshark-4.0.17/smb311-lz77-lz77huff-lznt1.pcap.gz";
const FILES = [`captures/${CAPTURE}`, `captures/ops/${CAPTURE}.ops.jsonl.gz`] as const;

sharedTest("Windows' frames of LZ77, LZ77+Huffman and LZNT1 hold the oracle's data", [
  ...FILES,
], async () => {
  const ours = await operationRows(sharedPath(FILES[0]) ?? "");
  const oracle = await oracleRows(sharedPath(FILES[1]) ?? "");
  assertEquals(oracle.length, 3);
  assertEquals(compareRows(ours, oracle), { pairs: 3, differences: [] });
});

/**
 * Data with runs at both ends, and between them text that repeats itself and numbers that hardly do. It is below 64 KiB:
 * tshark 4.0 reads one block of LZ77+Huffman only.
 */
function fileData(): Uint8Array {
  const data = new Uint8Array(60_000);
  const text = Array.from({ length: 3_000 }, (_, index) => `line ${index % 700}\n`).join("");
  data.set(new TextEncoder().encode(text).subarray(0, 20_000), 10_000);
  for (let index = 30_000; index < 50_000; index++) data[index] = index * index % 251 >> 4;
  return data;
}

const { LZNT1, LZ77, LZ77_HUFFMAN, PATTERN_V1 } = CompressionAlgorithm;

interopTest("tshark decompresses what we compress", { needs: ["tshark"] }, async () => {
  const data = fileData();
  const writer = new Writer(data.byteLength + 256);
  encodeMessage(writer, {
    kind: "response",
    command: "READ",
    header: makeHeader({ command: 8, flags: 1, messageId: 9n, sessionId: 1n, treeId: 1 }),
    body: { data, dataRemaining: 0, flags: 0 },
  });
  const message = writer.bytes();
  const units = [
    ...[LZNT1, LZ77, LZ77_HUFFMAN].flatMap((algorithm) => [
      { algorithms: [algorithm], chained: false },
      { algorithms: [algorithm], chained: false, offset: 80 },
      { algorithms: [algorithm], chained: true },
      { algorithms: [algorithm, PATTERN_V1], chained: true },
    ]),
  ].map((options) => compressFrame(message, options));
  const pcap = writePcap(units.map((unit, index) => {
    assert(unit !== null && unit.byteLength < message.byteLength);
    return { time: index, from: "server", bytes: unit };
  }));
  const frames = await dissect(pcap, { filter: "smb2.cmd == 8", fields: ["smb2.read.blob"] });
  const hex = data.toHex();
  assertEquals(frames.length, units.length);
  for (const frame of frames) {
    const read = frame.values("smb2.read.blob").map((value) => value.replaceAll(":", ""));
    assert(read.length === 1 && read[0] === hex, `frame ${frame.number} reads otherwise`);
  }
  assertEquals(await expertInfo(pcap, { atLeast: "warn" }), []);
});
