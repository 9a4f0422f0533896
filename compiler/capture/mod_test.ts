import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  allSegments,
  big,
  concat,
  ethernet,
  inputOf,
  packet,
  pcapFile,
  section,
  seeded,
  text,
} from "./_build.ts";
import { type CaptureError, NoteBook, openCapture } from "./mod.ts";
import { CaptureError as CaptureErrorClass } from "./errors.ts";

const THREE = [
  ethernet(packet({ seq: 1, payload: "one" })),
  ethernet(packet({ seq: 4, payload: "two!" })),
  ethernet(packet({ seq: 8, payload: "three" })),
];
const MAGICS: [number, string][] = [
  [0xa1b2c3d4, "pcap"],
  [0xa1b23c4d, "pcap (nanoseconds)"],
  [0xa1b2cd34, "pcap (kuznetzov)"],
];

async function read(bytes: Uint8Array, chunkBytes?: number) {
  const capture = await openCapture(inputOf(bytes), chunkBytes === undefined ? {} : { chunkBytes });
  const segments = await allSegments(capture);
  return { capture, segments, payloads: segments.map((s) => new TextDecoder().decode(s.payload)) };
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

for (const [magic, format] of MAGICS) {
  for (const bigEndian of [false, true]) {
    Deno.test(`${format} in ${bigEndian ? "big" : "little"} endian is read in chunks of any size`, async () => {
      const file = pcapFile(
        THREE.map((bytes, index) => ({
          bytes,
          time: 1_700_000_000_123_456_000n + BigInt(index) * 1_000n,
        })),
        { magic, bigEndian },
      );
      for (const chunkBytes of [1, 7, 64, file.length - 1, file.length]) {
        const { capture, segments, payloads } = await read(file, chunkBytes);
        assertEquals(capture.format, format);
        assertEquals(payloads, ["one", "two!", "three"]);
        assertEquals(segments.map((s) => s.stamp.frame), [1, 2, 3]);
        assertEquals(segments[1]?.stamp.time, 1_700_000_000_123_457_000n);
        assertEquals(capture.notes, []);
        assertEquals(capture.bytesRead, file.length);
        assertEquals(capture.packets, 3);
      }
    });
  }

  Deno.test(`${format} that is cut anywhere gives its whole packets and a note`, async () => {
    const file = pcapFile(THREE, { magic });
    const lengths = THREE.map((_, index) => pcapFile(THREE.slice(0, index + 1), { magic }).length);
    for (let length = 4; length < file.length; length++) {
      const { capture, payloads } = await read(file.subarray(0, length), 13);
      const whole = lengths.filter((end) => end <= length).length;
      assertEquals(payloads, ["one", "two!", "three"].slice(0, whole));
      const clean = length === 24 || lengths.includes(length);
      assertEquals(capture.notes.length, clean ? 0 : 1, `cut at ${length}`);
      assertEquals(capture.notes[0]?.loss ?? true, true);
    }
  });

  Deno.test(`${format} with an impossible packet length keeps what came before and says so`, async () => {
    const good = pcapFile(THREE.slice(0, 1), { magic });
    const header = magic === 0xa1b2cd34 ? new Uint8Array(24) : new Uint8Array(16);
    header.set([0xff, 0xff, 0xff, 0x7f], 8);
    for (const chunkBytes of [11, 0x80000]) {
      const { capture, payloads } = await read(
        concat(good, header, new Uint8Array(4_000_000)),
        chunkBytes === 11 ? 1009 : chunkBytes,
      );
      assertEquals(payloads, ["one"]);
      assertEquals(capture.notes, [{
        reason: "A packet header states an impossible length, and the file was not read beyond it",
        loss: true,
        count: 1,
        frames: [2],
      }]);
      assert(capture.bytesRead < 2_000_000, "reading stops at the damage");
    }
  });
}

Deno.test("a packet longer than a chunk is read whole", async () => {
  const payload = new Uint8Array(60_000).fill(7);
  const { segments } = await read(pcapFile([ethernet(packet({ payload }))]), 100);
  assertEquals(segments[0]?.payload, payload);
});

Deno.test("a snap length that cuts the payload is stated as cut bytes", async () => {
  const whole = ethernet(packet({ payload: "0123456789" }));
  const { segments } = await read(
    pcapFile([{ bytes: whole.subarray(0, whole.length - 4), originalLength: whole.length }]),
  );
  assertEquals(segments[0]?.payload, text("012345"));
  assertEquals(segments[0]?.cut, 4);
});

Deno.test("gzip is recognised by its first bytes", async () => {
  const { capture, payloads } = await read(await gzip(pcapFile(THREE)), 100);
  assertEquals(capture.format, "pcap, gzip");
  assertEquals(payloads, ["one", "two!", "three"]);
  assertEquals(capture.notes, []);
});

Deno.test("gzip that ends early gives what it holds and a note", async () => {
  const random = seeded(1);
  const many = Array.from({ length: 400 }, () => {
    const payload = Uint8Array.from({ length: 700 }, () => random(256));
    return ethernet(packet({ payload }));
  });
  const file = await gzip(pcapFile(many));
  const { capture, segments } = await read(file.subarray(0, file.length >> 1));
  assert(segments.length > 100 && segments.length < 400, `${segments.length} segments`);
  const note = capture.notes.find(({ reason }) => reason.startsWith("The gzip data is damaged"));
  assertEquals(note?.loss, true);
});

Deno.test("gzip of several members is read as one file", async () => {
  const file = pcapFile(THREE);
  const members = await Promise.all(
    [file.slice(0, 50), file.slice(50, 51), file.slice(51)].map(gzip),
  );
  const { capture, payloads } = await read(concat(...members));
  assertEquals(payloads, ["one", "two!", "three"]);
  assertEquals(capture.notes, []);
});

Deno.test("gzip damaged from its start on is an empty capture with a note", async () => {
  const { capture, segments } = await read(
    concat(big(1, 0x1f, 0x8b, 8, 0), new Uint8Array(40).fill(7)),
  );
  assertEquals(segments, []);
  assertEquals(capture.notes.map(({ loss }) => loss), [true]);
  assert(capture.notes[0]?.reason.startsWith("The gzip data is damaged"));
});

Deno.test("a compressed input that fails midway ends with a CaptureError", async () => {
  const input = inputOf(await gzip(pcapFile(THREE)));
  let reads = 0;
  const failing = {
    read: (into: Uint8Array<ArrayBuffer>) =>
      ++reads > 3 ? Promise.reject(new Error("Disk on fire")) : input.read(into.subarray(0, 8)),
    close: () => input.close(),
  };
  await assertRejects(
    async () => allSegments(await openCapture(failing)),
    CaptureErrorClass,
    "Disk on fire",
  );
});

Deno.test("an empty file is a capture without packets", async () => {
  const { capture, segments } = await read(new Uint8Array(0));
  assertEquals(segments, []);
  assertEquals(capture.notes.map(({ reason }) => reason), ["The file is empty"]);
});

Deno.test("what is no capture is refused in one sentence", async () => {
  const cases: [Uint8Array, string][] = [
    [text("hello world"), "begins with 68 65 6c 6c, which is neither pcap nor pcapng"],
    [
      text("GMBU\u0000\u0002"),
      "it is a capture of Network Monitor, write it as pcapng with editcap",
    ],
    [text("BZh91AY&SY"), "it is compressed with bzip2, decompress it first"],
    [big(4, 0xfd377a58, 0), "it is compressed with xz, decompress it first"],
  ];
  for (const [bytes, message] of cases) {
    const input = inputOf(bytes);
    const error: CaptureError = await assertRejects(
      () => openCapture(input),
      CaptureErrorClass,
      message,
    );
    assertEquals(error.message.includes("\n"), false);
    assertEquals(input.closed, true);
  }
});

Deno.test("a file that is missing or a directory is refused by name", async () => {
  await assertRejects(
    () => openCapture("/nonexistent/x.pcap"),
    CaptureErrorClass,
    "Cannot read capture /nonexistent/x.pcap: no such file",
  );
  await assertRejects(
    () => openCapture(new URL(".", import.meta.url)),
    CaptureErrorClass,
    "directory",
  );
});

Deno.test("an input that fails midway ends with a CaptureError", async () => {
  const input = inputOf(pcapFile(THREE));
  let reads = 0;
  const failing = {
    read: (into: Uint8Array<ArrayBuffer>) =>
      ++reads > 40 ? Promise.reject(new Error("Disk on fire")) : input.read(into.subarray(0, 2)),
    close: () => input.close(),
  };
  const capture = await openCapture(failing);
  await assertRejects(() => allSegments(capture), CaptureErrorClass, "Disk on fire");
  assertEquals(input.closed, true);
});

Deno.test("leaving the loop early closes the input", async () => {
  const input = inputOf(pcapFile(THREE));
  const capture = await openCapture(input, { chunkBytes: 100 });
  for await (const _ of capture.segments(() => {})) break;
  assertEquals(input.closed, true);
});

Deno.test("captures damaged at random never throw and never invent packets without end", async () => {
  const random = seeded(20261120);
  const originals = [
    pcapFile(THREE),
    pcapFile(THREE, { magic: 0xa1b23c4d }),
    concat(section(), section({ bigEndian: true })),
  ];
  for (let round = 0; round < 600; round++) {
    const bytes = concat(originals[round % originals.length] ?? section());
    for (let changes = random(6); changes >= 0; changes--) {
      bytes[4 + random(bytes.length - 4)] = random(256);
    }
    const { segments } = await read(bytes, 1 + random(200));
    assert(segments.length <= 16);
  }
});

Deno.test("reasons of a hostile capture are told apart up to a bound", () => {
  const notes = new NoteBook();
  for (let linkType = 0; linkType < 2000; linkType++) {
    notes.add(`A packet has the unsupported link type ${linkType}`, { frame: 1, loss: true });
  }
  const list = notes.list();
  assertEquals(list.length, 501);
  assertEquals(list.at(-1)?.reason, "Notes of further kinds");
  assertEquals(list.reduce((sum, { count }) => sum + count, 0), 2000);
});
