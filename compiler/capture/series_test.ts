/** Several files as one capture, and Zstandard. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import {
  allSegments,
  big,
  concat,
  ethernet,
  inputOf,
  little,
  packet,
  pcapFile,
  seeded,
} from "./_build.ts";
import { CaptureError, openCapture } from "./mod.ts";

function zstd(bytes: Uint8Array, level = 3): Uint8Array<ArrayBuffer> {
  const params = {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_checksumFlag]: 1,
  };
  return new Uint8Array(zstdCompressSync(Buffer.from(bytes), { params }));
}

/** A file with packets of these payloads, from a second on. */
function fileOf(second: number, payloads: readonly string[], nanoseconds = false) {
  return pcapFile(
    payloads.map((payload, index) => ({
      bytes: ethernet(packet({ payload })),
      time: BigInt(second) * 1_000_000_000n + BigInt(index * index) * 1_000_000n,
    })),
    nanoseconds ? { magic: 0xa1b23c4d } : {},
  );
}

async function inFolder(
  files: Readonly<Record<string, Uint8Array>>,
  test: (path: (name: string) => string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    await test((name) => `${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function readAll(input: Parameters<typeof openCapture>[0], chunkBytes = 0x80000) {
  const capture = await openCapture(input, { chunkBytes });
  const segments = await allSegments(capture);
  return {
    capture,
    frames: segments.map(({ stamp }) => stamp.frame),
    payloads: segments.map(({ payload }) => new TextDecoder().decode(payload)),
  };
}

Deno.test("files are read in the order of their first packets, as one capture", async () => {
  const files = {
    "a.pcap": fileOf(30, ["five"]),
    "b.pcap": fileOf(10, ["one", "two"], true),
    "c.pcap.gz": new Uint8Array(gzipSync(fileOf(20, ["three", "four"]))),
    "none.pcap": fileOf(0, []),
  };
  await inFolder(files, async (path) => {
    const { capture, frames, payloads } = await readAll(Object.keys(files).map(path));
    assertEquals(payloads, ["one", "two", "three", "four", "five"]);
    assertEquals(frames, [1, 2, 3, 4, 5]);
    assertEquals(capture.files, [
      { name: path("b.pcap"), frames: 2 },
      { name: path("c.pcap.gz"), frames: 2 },
      { name: path("a.pcap"), frames: 1 },
      { name: path("none.pcap"), frames: 0 },
    ]);
    assertEquals(capture.name, "4 files");
    assertEquals(capture.totalBytes, capture.bytesRead);
    assertEquals(capture.packets, 5);
  });
});

Deno.test("a note of several files has the file and its own frame number beside each frame", async () => {
  const bad = new Uint8Array(20);
  const files = {
    "a.pcap": concat(fileOf(10, ["one"]), big(1, 1, 2, 3)),
    "b.pcap": pcapFile([ethernet(packet()), ethernet(bad)].map((bytes) => ({
      bytes,
      time: 20_000_000_000n,
    }))),
  };
  await inFolder(files, async (path) => {
    const { capture } = await readAll([path("b.pcap"), path("a.pcap")]);
    assertEquals(capture.notes, [
      {
        reason: "The file ends in the middle of a packet, which was dropped",
        loss: true,
        count: 1,
        frames: [2],
        places: ["a.pcap #2"],
      },
      {
        reason: "A packet states no known IP version",
        loss: true,
        count: 1,
        frames: [3],
        places: ["b.pcap #2"],
      },
    ]);
  });
});

Deno.test("files that were written at the same time are told", async () => {
  const late = fileOf(100, ["late"]);
  await inFolder(
    { "a": concat(fileOf(1, ["one"]), late.subarray(24)), "b": fileOf(50, ["two"]) },
    async (path) => {
      const { capture, payloads } = await readAll([path("b"), path("a")]);
      assertEquals(payloads, ["one", "late", "two"]);
      assert(capture.notes.some(({ reason }) => reason.startsWith("A file begins before the one")));
    },
  );
});

Deno.test("a conversation goes on from file to file", async () => {
  await inFolder({ "a": fileOf(1, ["one"]), "b": fileOf(2, ["two"]) }, async (path) => {
    const capture = await openCapture([path("b"), path("a")]);
    const flows = (await allSegments(capture)).map(({ flow }) => flow);
    assert(flows[0] === flows[1]);
  });
});

Deno.test("a file of several that is missing or no capture is named, and so is standard input", async () => {
  await inFolder({ "a": fileOf(1, ["one"]), "x": big(4, 1, 2, 3, 4) }, async (path) => {
    for (
      const [other, why] of [
        [path("gone"), "no such file"],
        [path("x"), "which is neither pcap nor pcapng"],
        ["-", "Cannot read standard input together with files"],
      ] as const
    ) {
      await assertRejects(() => openCapture([path("a"), other]), CaptureError, why);
    }
  });
});

/** Some of it compresses, some does not. */
function mixed(): Uint8Array<ArrayBuffer> {
  const random = seeded(11);
  return pcapFile(Array.from({ length: 600 }, (_, index) => {
    const payload = new Uint8Array(900);
    if (index % 3 === 0) payload.forEach((_, at) => payload[at] = random(256));
    return { bytes: ethernet(packet({ payload })), time: BigInt(index * index) * 1000n };
  }));
}

for (const level of [1, 3, 19]) {
  Deno.test(`zstd of level ${level} is undone, in pieces of any size`, async () => {
    const plain = mixed();
    const whole = await readAll(inputOf(plain));
    for (const step of [1000, 0x80000]) {
      const { capture, payloads } = await readAll(inputOf(zstd(plain, level)), step);
      assertEquals(capture.format, "pcap, zstd");
      assertEquals(payloads, whole.payloads);
      assertEquals(capture.notes, whole.capture.notes);
    }
  });
}

Deno.test("zstd of several frames, with skippable ones between, is read as one file", async () => {
  const plain = fileOf(1, ["one", "two", "three"]);
  const skippable = concat(little(4, 0x184d2a5f, 5), new Uint8Array(5));
  const parts = [plain.slice(0, 3), plain.slice(3, 3), plain.slice(3, 50), plain.slice(50)];
  for (const first of [new Uint8Array(0), skippable]) {
    const file = concat(first, ...parts.flatMap((part) => [zstd(part), skippable]));
    const { capture, payloads } = await readAll(inputOf(file));
    assertEquals(payloads, ["one", "two", "three"]);
    assertEquals(capture.notes, []);
  }
});

Deno.test("zstd that ends early gives what it holds and a note", async () => {
  const file = zstd(mixed());
  const { capture, payloads } = await readAll(inputOf(file.subarray(0, file.length >> 1)));
  assert(payloads.length > 50 && payloads.length < 600, `${payloads.length}`);
  const [note] = capture.notes.filter(({ reason }) => reason.startsWith("The zstd data"));
  assertEquals(note?.loss, true);
});

Deno.test("zstd that asks for much memory, or is damaged, ends with a note", async () => {
  const cases: [string, Uint8Array][] = [
    ["a window of 2 GiB", concat(big(4, 0x28b52ffd), big(1, 0, 0xa8), new Uint8Array(40))],
    ["a single segment of 4 GiB", concat(big(4, 0x28b52ffd), big(1, 0xa0), big(4, 0xffffffff))],
    ["a dictionary", concat(big(4, 0x28b52ffd), big(1, 0x01, 0x50, 1), new Uint8Array(40))],
    ["a block of 2 MiB", concat(big(4, 0x28b52ffd), big(1, 0x00, 0x50, 0xff, 0xff, 0xfc))],
    ["no frame behind the first", concat(zstd(fileOf(1, ["a"])), new Uint8Array(40).fill(1))],
  ];
  for (const [name, bytes] of cases) {
    const { capture } = await readAll(inputOf(bytes));
    assertEquals(capture.notes.map(({ loss }) => loss), [true], name);
    assert(capture.notes[0]?.reason.startsWith("The zstd data is damaged"), name);
  }
  const whole = zstd(mixed());
  const random = seeded(3);
  for (let round = 0; round < 100; round++) {
    const bytes = whole.slice();
    for (let hit = 0; hit < 4; hit++) bytes[4 + random(bytes.length - 4)] = random(256);
    try {
      await readAll(inputOf(bytes));
    } catch (error) {
      // The first bytes may come out as those of no capture.
      if (!(error instanceof CaptureError)) throw error;
    }
  }
});
