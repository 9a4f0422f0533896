import { assertEquals, assertThrows } from "@std/assert";
import { assertMutationsSafe, assertTruncationsSafe, bytesOf, hexOf } from "./fscc/testing.ts";
import {
  Cipher,
  decodeNegotiateContexts,
  encodeNegotiateContexts,
  type NegotiateContext,
  negotiateContextType,
} from "./negotiate_contexts.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

function encode(contexts: readonly NegotiateContext[]): Uint8Array {
  const writer = new Writer(4096, 0xa5);
  encodeNegotiateContexts(writer, contexts);
  return writer.bytes();
}

/** One of each kind: type, length, reserved, data. */
const CASES: readonly (readonly [NegotiateContext, string])[] = [
  [
    { kind: "preauthIntegrity", hashAlgorithms: [1], salt: bytesOf("00112233") },
    "0100 0a00 00000000 0100 0400 0100 00112233",
  ],
  [{ kind: "encryption", ciphers: [2, 1] }, "0200 0600 00000000 0200 0200 0100"],
  [
    { kind: "compression", flags: 1, padding: 0, algorithms: [4, 3, 2] },
    "0300 0e00 00000000 0300 0000 01000000 0400 0300 0200",
  ],
  [{ kind: "netname", netName: "srv" }, "0500 0600 00000000 730072007600"],
  [{ kind: "transport", flags: 1 }, "0600 0400 00000000 01000000"],
  [
    { kind: "rdmaTransform", reserved1: 0, reserved2: 0, transforms: [1, 2] },
    "0700 0c00 00000000 0200 0000 00000000 0100 0200",
  ],
  [{ kind: "signing", algorithms: [2, 1, 0] }, "0800 0800 00000000 0300 0200 0100 0000"],
  [{ kind: "raw", type: 0x100, data: bytesOf("93ad25509c") }, "0001 0500 00000000 93ad25509c"],
];

Deno.test("each negotiate context is its golden bytes, both ways", () => {
  for (const [context, hex] of CASES) {
    assertEquals(hexOf(encode([context])), hex.replaceAll(" ", ""));
    assertEquals(decodeNegotiateContexts(new Reader(bytesOf(hex)), 1), [context]);
  }
});

Deno.test("contexts stand at multiples of 8 from the first, without padding behind the last", () => {
  const contexts = CASES.map(([context]) => context);
  const bytes = encode(contexts);
  const sizes = CASES.map(([, hex]) => hex.replaceAll(" ", "").length / 2);
  const padded = sizes.slice(0, -1).reduce((sum, size) => sum + Math.ceil(size / 8) * 8, 0);
  assertEquals(bytes.byteLength, padded + (sizes.at(-1) ?? 0));
  assertEquals(decodeNegotiateContexts(new Reader(bytes), contexts.length), contexts);
});

Deno.test("alignment counts from the list, not from the message", () => {
  const writer = new Writer(4096);
  writer.zero(4);
  const contexts: NegotiateContext[] = [
    { kind: "encryption", ciphers: [1] },
    { kind: "transport", flags: 1 },
  ];
  encodeNegotiateContexts(writer, contexts);
  assertEquals(writer.origin, 0);
  const reader = new Reader(writer.bytes(), { start: 4 });
  assertEquals(decodeNegotiateContexts(reader, 2), contexts);
});

Deno.test("data that its own counts do not explain stays raw", () => {
  const bodies: readonly (readonly [number, string])[] = [
    [1, "0100 0400 0100 001122"],
    [1, "01"],
    [2, "0100 0200 00"],
    [2, "0300 0200"],
    [3, "0100 0000 00000000"],
    [5, "730072"],
    [6, "0100000000"],
    [7, "0100 0000 00000000"],
    [8, ""],
  ];
  for (const [type, data] of bodies) {
    const raw: NegotiateContext = { kind: "raw", type, data: bytesOf(data) };
    assertEquals(negotiateContextType(raw), type);
    assertEquals(decodeNegotiateContexts(new Reader(encode([raw])), 1), [raw]);
  }
});

Deno.test("unknown algorithm numbers survive", () => {
  const context: NegotiateContext = { kind: "encryption", ciphers: [0xbeef, Cipher.AES_128_GCM] };
  assertEquals(decodeNegotiateContexts(new Reader(encode([context])), 1), [context]);
});

Deno.test("a count that the bytes do not hold is refused", () => {
  assertThrows(
    () => decodeNegotiateContexts(new Reader(encode([{ kind: "transport", flags: 0 }])), 2),
    Error,
    "Cannot decode",
  );
});

Deno.test("lists cut anywhere or changed at random raise nothing but WireError", () => {
  const bytes = encode(CASES.map(([context]) => context));
  const decode = (cut: Uint8Array) => decodeNegotiateContexts(new Reader(cut), CASES.length);
  assertTruncationsSafe(bytes, decode, { mustFail: true });
  assertMutationsSafe(bytes, decode);
});
