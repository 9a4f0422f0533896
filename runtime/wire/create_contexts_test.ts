import { assertEquals, assertThrows } from "@std/assert";
import {
  AaplBitmap,
  type CreateRequestContext,
  type CreateResponseContext,
  decodeCreateRequestContexts,
  decodeCreateResponseContexts,
  encodeCreateRequestContexts,
  encodeCreateResponseContexts,
} from "./create_contexts.ts";
import { assertMutationsSafe, assertTruncationsSafe, bytesOf, hexOf } from "./fscc/testing.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

function encodeRequest(contexts: readonly CreateRequestContext[]): Uint8Array {
  const writer = new Writer(4096, 0xa5);
  encodeCreateRequestContexts(writer, contexts);
  return writer.bytes();
}

function encodeResponse(contexts: readonly CreateResponseContext[]): Uint8Array {
  const writer = new Writer(4096, 0xa5);
  encodeCreateResponseContexts(writer, contexts);
  return writer.bytes();
}

const KEY = bytesOf("000102030405060708090a0b0c0d0e0f");
const PARENT = bytesOf("101112131415161718191a1b1c1d1e1f");
const GUID = "03020100-0504-0706-0809-0a0b0c0d0e0f";
const FILE_ID = { persistent: 0x11n, volatile: 0x22n };

/** One of each kind, as single contexts: next, name offset and length, data offset and length, name, data. */
const REQUESTS: readonly (readonly [CreateRequestContext, string])[] = [
  [
    { kind: "ExtA", data: bytesOf("aabb") },
    "00000000 1000 0400 0000 1800 02000000 45787441 00000000 aabb",
  ],
  [
    { kind: "SecD", data: bytesOf("cc") },
    "00000000 1000 0400 0000 1800 01000000 53656344 00000000 cc",
  ],
  [
    { kind: "DHnQ", reserved: new Uint8Array(16) },
    "00000000 1000 0400 0000 1800 10000000 44486e51 00000000 00000000000000000000000000000000",
  ],
  [
    { kind: "DHnC", fileId: FILE_ID },
    "00000000 1000 0400 0000 1800 10000000 44486e43 00000000 1100000000000000 2200000000000000",
  ],
  [
    { kind: "AlSi", allocationSize: 0x100000n },
    "00000000 1000 0400 0000 1800 08000000 416c5369 00000000 0000100000000000",
  ],
  [{ kind: "MxAc" }, "00000000 1000 0400 0000 0000 00000000 4d784163 00000000"],
  [
    { kind: "MxAc", timestamp: 1n },
    "00000000 1000 0400 0000 1800 08000000 4d784163 00000000 0100000000000000",
  ],
  [
    { kind: "TWrp", timestamp: 0x01d0000000000000n },
    "00000000 1000 0400 0000 1800 08000000 54577270 00000000 000000000000d001",
  ],
  [{ kind: "QFid" }, "00000000 1000 0400 0000 0000 00000000 51466964 00000000"],
  [
    {
      kind: "RqLs",
      version: 1,
      leaseKey: KEY,
      leaseState: 7,
      leaseFlags: 0,
      leaseDuration: 0n,
    },
    "00000000 1000 0400 0000 1800 20000000 52714c73 00000000" +
    "000102030405060708090a0b0c0d0e0f 07000000 00000000 0000000000000000",
  ],
  [
    {
      kind: "RqLs",
      version: 2,
      leaseKey: KEY,
      leaseState: 3,
      leaseFlags: 4,
      leaseDuration: 0n,
      parentLeaseKey: PARENT,
      epoch: 0x1234,
      reserved: 0,
    },
    "00000000 1000 0400 0000 1800 34000000 52714c73 00000000" +
    "000102030405060708090a0b0c0d0e0f 03000000 04000000 0000000000000000" +
    "101112131415161718191a1b1c1d1e1f 3412 0000",
  ],
  [
    { kind: "DH2Q", timeout: 60000, flags: 2, reserved: 0n, createGuid: GUID },
    "00000000 1000 0400 0000 1800 20000000 44483251 00000000" +
    "60ea0000 02000000 0000000000000000 000102030405060708090a0b0c0d0e0f",
  ],
  [
    { kind: "DH2C", fileId: FILE_ID, createGuid: GUID, flags: 2 },
    "00000000 1000 0400 0000 1800 24000000 44483243 00000000" +
    "1100000000000000 2200000000000000 000102030405060708090a0b0c0d0e0f 02000000",
  ],
  [
    { kind: "AppInstanceId", reserved: 0, appInstanceId: GUID },
    "00000000 1000 1000 0000 2000 14000000 45bca66aefa7f74a9008fa462e144d74" +
    "1400 0000 000102030405060708090a0b0c0d0e0f",
  ],
  [
    { kind: "AppInstanceVersion", high: 1n, low: 2n },
    "00000000 1000 1000 0000 2000 18000000 b982d0b73b56074fa07b524a8116a010" +
    "1800 0000 00000000 0100000000000000 0200000000000000",
  ],
  [
    { kind: "SVHDX", data: bytesOf("01000000") },
    "00000000 1000 1000 0000 2000 04000000 9ccbcf9e04c1e643980e158da1f6ec83 01000000",
  ],
  [
    {
      kind: "AAPL",
      query: { command: 1, reserved: 0, requestBitmap: 7n, clientCapabilities: 3n },
    },
    "00000000 1000 0400 0000 1800 18000000 4141504c 00000000" +
    "01000000 00000000 0700000000000000 0300000000000000",
  ],
  [
    { kind: "raw", name: bytesOf("5a5a5a5a5a"), data: bytesOf("0102") },
    "00000000 1000 0500 0000 1800 02000000 5a5a5a5a5a 000000 0102",
  ],
];

const RESPONSES: readonly (readonly [CreateResponseContext, string])[] = [
  [
    { kind: "DHnQ", reserved: new Uint8Array(8) },
    "00000000 1000 0400 0000 1800 08000000 44486e51 00000000 0000000000000000",
  ],
  [
    { kind: "MxAc", queryStatus: 0, maximalAccess: 0x001f01ff },
    "00000000 1000 0400 0000 1800 08000000 4d784163 00000000 00000000 ff011f00",
  ],
  [
    { kind: "QFid", diskFileId: 5n, volumeId: 6n, reserved: new Uint8Array(16) },
    "00000000 1000 0400 0000 1800 20000000 51466964 00000000" +
    "0500000000000000 0600000000000000 00000000000000000000000000000000",
  ],
  [
    { kind: "DH2Q", timeout: 180000, flags: 0 },
    "00000000 1000 0400 0000 1800 08000000 44483251 00000000 20bf0200 00000000",
  ],
  [
    {
      kind: "AAPL",
      reply: {
        command: 1,
        reserved: 0,
        replyBitmap: 7n,
        serverCapabilities: 9n,
        volumeCapabilities: 2n,
        model: "Mac",
      },
    },
    "00000000 1000 0400 0000 1800 2e000000 4141504c 00000000" +
    "01000000 00000000 0700000000000000 0900000000000000 0200000000000000" +
    "00000000 06000000 4d0061006300",
  ],
  // As macOS sends it, with padding behind the model (shared captures, public).
  [
    {
      kind: "AAPL",
      reply: {
        command: 1,
        reserved: 0,
        replyBitmap: 7n,
        serverCapabilities: 0x1fn,
        volumeCapabilities: 5n,
        model: "MacBookPro16,1",
        padding: new Uint8Array(4),
      },
    },
    "00000000 1000 0400 0000 1800 48000000 4141504c 00000000" +
    "01000000 00000000 0700000000000000 1f00000000000000 0500000000000000 00000000 1c000000" +
    "4d006100630042006f006f006b00500072006f00310036002c003100 00000000",
  ],
  [
    {
      kind: "AAPL",
      reply: {
        command: 1,
        reserved: 0,
        replyBitmap: AaplBitmap.VOLUME_CAPS,
        volumeCapabilities: 2n,
      },
    },
    "00000000 1000 0400 0000 1800 18000000 4141504c 00000000" +
    "01000000 00000000 0200000000000000 0200000000000000",
  ],
];

Deno.test("each request context is its golden bytes, both ways", () => {
  for (const [context, hex] of REQUESTS) {
    assertEquals(hexOf(encodeRequest([context])), hex.replaceAll(" ", ""));
    assertEquals(decodeCreateRequestContexts(new Reader(bytesOf(hex))), [context]);
  }
});

Deno.test("each response context is its golden bytes, both ways", () => {
  for (const [context, hex] of RESPONSES) {
    assertEquals(hexOf(encodeResponse([context])), hex.replaceAll(" ", ""));
    assertEquals(decodeCreateResponseContexts(new Reader(bytesOf(hex))), [context]);
  }
});

Deno.test("the chain that Windows 7 sent decodes (zeek smb2readwrite.pcap, first CREATE)", () => {
  const hex = "28000000 1000 0400 0000 1800 10000000 44486e51 00000000" +
    "00000000000000000000000000000000" +
    "18000000 1000 0400 0000 1800 00000000 4d784163 00000000" +
    "00000000 1000 0400 0000 1800 00000000 51466964 00000000";
  assertEquals(decodeCreateRequestContexts(new Reader(bytesOf(hex))), [
    { kind: "DHnQ", reserved: new Uint8Array(16) },
    { kind: "MxAc" },
    { kind: "QFid" },
  ]);
});

Deno.test("a chain keeps its order, and each Next is a multiple of 8 that reaches the next context", () => {
  const contexts = REQUESTS.map(([context]) => context);
  const bytes = encodeRequest(contexts);
  assertEquals(decodeCreateRequestContexts(new Reader(bytes)), contexts);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = 0;
  let count = 1;
  for (let next = view.getUint32(0, true); next !== 0; next = view.getUint32(start, true)) {
    assertEquals(next % 8, 0);
    start += next;
    count += 1;
  }
  assertEquals(count, contexts.length);
});

Deno.test("offsets count from the context, wherever the chain stands in the message", () => {
  const writer = new Writer(4096);
  writer.zero(3);
  writer.beginStructure();
  writer.zero(8);
  encodeCreateRequestContexts(writer, [{ kind: "MxAc" }, { kind: "QFid" }]);
  assertEquals(writer.origin, 3);
  const reader = new Reader(writer.bytes(), { start: 11, origin: 3 });
  assertEquals(decodeCreateRequestContexts(reader), [{ kind: "MxAc" }, { kind: "QFid" }]);
  assertEquals(reader.remaining, 0);
});

Deno.test("no bytes are no contexts, and no contexts are no bytes", () => {
  assertEquals(decodeCreateRequestContexts(new Reader(new Uint8Array(0))), []);
  assertEquals(encodeRequest([]).byteLength, 0);
});

Deno.test("a known name with a body of another size stays raw and keeps its bytes", () => {
  for (
    const name of ["DHnQ", "DHnC", "AlSi", "MxAc", "TWrp", "QFid", "RqLs", "DH2Q", "DH2C", "AAPL"]
  ) {
    const raw: CreateRequestContext = {
      kind: "raw",
      name: new TextEncoder().encode(name),
      data: new Uint8Array(33).fill(7),
    };
    const bytes = encodeRequest([raw]);
    assertEquals(decodeCreateRequestContexts(new Reader(bytes)), [raw]);
    assertEquals(decodeCreateResponseContexts(new Reader(bytes)), [raw]);
  }
});

Deno.test("bodies whose fixed fields differ stay raw", () => {
  const bodies: readonly (readonly [string, string])[] = [
    ["4141504c", "02000000 00000000 0100000000000000 0000000000000000"],
    ["45bca66aefa7f74a9008fa462e144d74", "1500 0000 000102030405060708090a0b0c0d0e0f"],
    [
      "b982d0b73b56074fa07b524a8116a010",
      "1800 0100 00000000 0100000000000000 0200000000000000",
    ],
  ];
  for (const [name, data] of bodies) {
    const raw: CreateRequestContext = { kind: "raw", name: bytesOf(name), data: bytesOf(data) };
    assertEquals(decodeCreateRequestContexts(new Reader(encodeRequest([raw]))), [raw]);
  }
});

Deno.test("an Apple reply whose model has a wrong length stays raw", () => {
  const name = bytesOf("4141504c");
  const head = "01000000 00000000 0400000000000000 00000000";
  for (const tail of ["04000000 4d00", "03000000 4d0061", ""]) {
    const raw: CreateResponseContext = { kind: "raw", name, data: bytesOf(head + tail) };
    assertEquals(decodeCreateResponseContexts(new Reader(encodeResponse([raw]))), [raw]);
  }
});

Deno.test("a Next that does not pass the context itself is refused", () => {
  const bytes = encodeRequest([{ kind: "MxAc" }, { kind: "QFid" }]);
  for (const next of [1, 15]) {
    const broken = bytes.slice();
    broken[0] = next;
    assertThrows(() => decodeCreateRequestContexts(new Reader(broken)), Error, "Next");
  }
});

Deno.test("a lease key of another length than 16 is refused on encoding", () => {
  assertThrows(
    () =>
      encodeRequest([{
        kind: "RqLs",
        version: 1,
        leaseKey: new Uint8Array(15),
        leaseState: 0,
        leaseFlags: 0,
        leaseDuration: 0n,
      }]),
    Error,
    "15 bytes, not 16",
  );
});

Deno.test("chains cut anywhere or changed at random raise nothing but WireError", () => {
  const request = encodeRequest(REQUESTS.map(([context]) => context));
  const response = encodeResponse(RESPONSES.map(([context]) => context));
  const decodeRequest = (bytes: Uint8Array) => decodeCreateRequestContexts(new Reader(bytes));
  const decodeResponse = (bytes: Uint8Array) => decodeCreateResponseContexts(new Reader(bytes));
  assertTruncationsSafe(request, decodeRequest);
  assertTruncationsSafe(response, decodeResponse);
  assertMutationsSafe(request, decodeRequest);
  assertMutationsSafe(response, decodeResponse);
});
