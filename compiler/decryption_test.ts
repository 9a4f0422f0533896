import { assertEquals } from "@std/assert";
import { CipherId, encryptPayload } from "../runtime/security/mod.ts";
import {
  compressFrame,
  CompressionAlgorithm,
  encodeTransformHeader,
  Writer,
} from "../runtime/wire/mod.ts";
import { Decryption } from "./decryption.ts";

const SESSION_ID = 0x400000000009n;
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const KNOWN = { sessions: new Map([[SESSION_ID, { clientToServer: KEY }]]) };

/** Bytes that begin as a message does; nothing here looks further. */
const MESSAGE = new Uint8Array(600).fill(7, 4);
MESSAGE.set([0xfe, 0x53, 0x4d, 0x42]);

function compressed(message: Uint8Array): Uint8Array {
  return compressFrame(message, { algorithms: [CompressionAlgorithm.LZ77], chained: true })!;
}

function encrypted(plain: Uint8Array): Uint8Array {
  const header = {
    nonce: new Uint8Array(16).fill(1, 0, 12),
    originalMessageSize: plain.byteLength,
    reserved: 0,
    flags: 1,
    sessionId: SESSION_ID,
  };
  const writer = new Writer();
  encodeTransformHeader(writer, { ...header, signature: new Uint8Array(16) });
  const { ciphertext, signature } = encryptPayload({
    cipherId: CipherId.AES_128_GCM,
    key: KEY,
    nonce: header.nonce,
    aad: writer.bytes().slice(20),
  }, plain);
  const framed = new Writer();
  encodeTransformHeader(framed, { ...header, signature });
  framed.raw(ciphertext);
  return framed.bytes();
}

for (
  const [what, unit, expected] of [
    ["an encrypted", encrypted(MESSAGE), { encrypted: true, compressed: false }],
    ["a compressed", compressed(MESSAGE), { encrypted: false, compressed: true }],
    ["a compressed and encrypted", encrypted(compressed(MESSAGE)), {
      encrypted: true,
      compressed: true,
    }],
  ] as const
) {
  Deno.test(`${what} unit becomes its message`, () => {
    assertEquals(new Decryption(KNOWN).unwrap(unit, 0), { bytes: MESSAGE, ...expected });
  });
}

Deno.test("a compressed unit that is damaged, or holds no message, is not readable", () => {
  const decryption = new Decryption(KNOWN);
  const unit = compressed(MESSAGE);
  assertEquals(decryption.unwrap(unit.subarray(0, -1), 0), null);
  assertEquals(decryption.unwrap(unit.subarray(0, 3), 0), null);
  assertEquals(decryption.unwrap(compressed(new Uint8Array(600)), 0), null);
  assertEquals(decryption.unwrap(compressed(unit.slice().fill(0xfc)), 0), null);
});

Deno.test("an encrypted unit whose key is not known is not readable", () => {
  assertEquals(new Decryption({}).unwrap(encrypted(MESSAGE), 0), null);
});
