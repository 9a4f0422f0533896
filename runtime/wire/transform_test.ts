import { assertEquals, assertThrows } from "@std/assert";
import {
  type ChainedCompression,
  decodeCompression,
  decodeErrorContexts,
  decodeTransformHeader,
  encodeCompression,
  encodeErrorContexts,
  encodeTransformHeader,
  frameContent,
  Reader,
  type TransformHeader,
  type UnchainedCompression,
  WireError,
  Writer,
} from "./mod.ts";
import { fromHex, toHex } from "./testing.ts";

/** MS-SMB2 2.2.41, field by field. */
const TRANSFORM = "fd534d42 000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f " +
  "00100000 0000 0100 0900000000040000";

const HEADER: TransformHeader = {
  signature: fromHex("000102030405060708090a0b0c0d0e0f"),
  nonce: fromHex("101112131415161718191a1b1c1d1e1f"),
  originalMessageSize: 4096,
  reserved: 0,
  flags: 1,
  sessionId: 0x0000040000000009n,
};

/** MS-SMB2 2.2.42.1: two bytes before the compressed ones. */
const UNCHAINED = "fc534d42 00100000 0200 0000 02000000 aabb 0102030405";

const UNCHAINED_VALUE: UnchainedCompression = {
  kind: "unchained",
  originalCompressedSegmentSize: 4096,
  algorithm: 2,
  flags: 0,
  uncompressed: fromHex("aabb"),
  compressed: fromHex("0102030405"),
};

/** MS-SMB2 2.2.42.2: plain bytes, a pattern, and LZ77 with its OriginalPayloadSize. */
const CHAINED = "fc534d42 00200000 0000 0100 02000000 aabb " +
  "0400 0000 08000000 5a00000000100000 " +
  "0200 0000 07000000 00080000 010203";

const CHAINED_VALUE: ChainedCompression = {
  kind: "chained",
  originalCompressedSegmentSize: 8192,
  payloads: [
    { algorithm: 0, flags: 1, data: fromHex("aabb") },
    { algorithm: 4, flags: 0, data: fromHex("5a00000000100000") },
    { algorithm: 2, flags: 0, originalPayloadSize: 2048, data: fromHex("010203") },
  ],
};

Deno.test("a transform header reads and writes every field", () => {
  assertEquals(decodeTransformHeader(new Reader(fromHex(TRANSFORM))), HEADER);
  const writer = new Writer(64, 0xa5);
  encodeTransformHeader(writer, HEADER);
  assertEquals(toHex(writer.bytes()), TRANSFORM.replaceAll(" ", ""));
});

Deno.test("a transform header that is cut or foreign raises WireError", () => {
  const bytes = fromHex(TRANSFORM);
  for (let length = 0; length < bytes.byteLength; length++) {
    assertThrows(() => decodeTransformHeader(new Reader(bytes.subarray(0, length))), WireError);
  }
  assertThrows(
    () => decodeTransformHeader(new Reader(fromHex(UNCHAINED))),
    WireError,
    "ProtocolId",
  );
  assertThrows(
    () => encodeTransformHeader(new Writer(), { ...HEADER, nonce: new Uint8Array(12) }),
    WireError,
    "Nonce",
  );
});

for (
  const [name, hex, value] of [
    ["unchained", UNCHAINED, UNCHAINED_VALUE],
    ["chained", CHAINED, CHAINED_VALUE],
  ] as const
) {
  Deno.test(`a frame of ${name} compression reads and writes every field`, () => {
    assertEquals(decodeCompression(new Reader(fromHex(hex))), value);
    const writer = new Writer(8, 0xa5);
    encodeCompression(writer, value);
    assertEquals(toHex(writer.bytes()), hex.replaceAll(" ", ""));
  });

  Deno.test(`a frame of ${name} compression that is cut within its headers raises WireError`, () => {
    const bytes = fromHex(hex);
    for (let length = 0; length < 16; length++) {
      assertThrows(() => decodeCompression(new Reader(bytes.subarray(0, length))), WireError);
    }
  });
}

Deno.test("a compressed frame of countless payloads raises WireError", () => {
  const writer = new Writer();
  const payload = { algorithm: 0, flags: 1, data: new Uint8Array(0) };
  encodeCompression(writer, {
    kind: "chained",
    originalCompressedSegmentSize: 0,
    payloads: Array.from({ length: 1025 }, () => payload),
  });
  assertThrows(() => decodeCompression(new Reader(writer.bytes())), WireError, "more than 1024");
});

Deno.test("what a frame carries is told by its first bytes", () => {
  const kinds = ["fe534d42", "fd534d42", "fc534d42", "ff534d42", "00534d42", "fe534d"].map((hex) =>
    frameContent(fromHex(hex))
  );
  assertEquals(kinds, ["smb2", "transform", "compression", "smb1", "unknown", "unknown"]);
});

Deno.test("error contexts read back, each at a multiple of 8 bytes", () => {
  const contexts = [
    { errorId: 0, data: fromHex("010203") },
    { errorId: 0x72645253, data: fromHex("04") },
  ];
  const body = encodeErrorContexts(contexts);
  assertEquals(
    toHex(body.errorData),
    "03000000 00000000 010203 0000000000 01000000 53526472 04".replaceAll(" ", ""),
  );
  assertEquals(decodeErrorContexts(body), contexts);
});

Deno.test("more error contexts than bytes raise WireError", () => {
  const body = { reserved: 0, contextCount: 255, errorData: new Uint8Array(16) };
  assertThrows(() => decodeErrorContexts(body), WireError, "ErrorDataLength");
});
