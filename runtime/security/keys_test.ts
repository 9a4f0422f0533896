// deno-lint-ignore-file no-non-null-assertion -- in a test, a missing value fails where it is used
import { assert, assertEquals, assertFalse, assertNotEquals, assertThrows } from "@std/assert";
import { CipherId, cipherKeyLength, decryptPayload, encryptPayload } from "./encryption.ts";
import { deriveKey, deriveSessionKeys } from "./kdf.ts";
import { PreauthHash } from "./preauth.ts";
import { bytes, hex } from "./testing.ts";
import { WINDOWS_311 as windows } from "./windows_vectors.ts";

Deno.test("the preauth hash follows Microsoft's 3.1.1 walk-through message by message", () => {
  let hash = PreauthHash.initial();
  assertEquals(hex(hash.bytes), "00".repeat(64));
  for (const { message, hash: expected } of windows.exchange) {
    hash = hash.extend(bytes(message));
    assertEquals(hex(hash.bytes), expected.toLowerCase());
  }
});

Deno.test("a preauth hash is a value: extending it leaves it and its bytes as they are", () => {
  const start = PreauthHash.initial();
  const next = start.extend(bytes("01"));
  assert(start.equals(PreauthHash.initial()));
  assertFalse(start.equals(next));
  start.bytes.fill(1);
  assertEquals(hex(start.bytes), "00".repeat(64));
});

Deno.test("the 3.1.1 keys are those of Microsoft's walk-through", () => {
  let preauthHash = PreauthHash.initial();
  for (const { message } of windows.exchange) preauthHash = preauthHash.extend(bytes(message));
  const keys = deriveSessionKeys({
    dialect: 0x0311,
    sessionKey: bytes(windows.sessionKey),
    preauthHash,
  });
  assertEquals(hex(keys.signingKey), "73fe7a9a77bef0bde49c650d8ccb5f76");
  assertEquals(hex(keys.clientToServerKey!), "629bcbc54422a0f572b97f45989b6073");
  assertEquals(hex(keys.serverToClientKey!), "e2af0dcefac68da71a0dfbd0d1350d74");
  assertEquals(hex(keys.applicationKey), "6d7ad7954e9ec61e907b4d473dc178ff");
});

Deno.test("the 3.0 keys are those of Microsoft's walk-through, and 3.0.2 derives the same", () => {
  const sessionKey = bytes("7CD451825D0450D235424E44BA6E78CC");
  for (const dialect of [0x0300, 0x0302]) {
    const keys = deriveSessionKeys({ dialect, sessionKey });
    assertEquals(hex(keys.signingKey), "0b7e9c5cac36c0f6ea9ab275298cedce");
    assertEquals(hex(keys.clientToServerKey!), "fad27796665b313ebb578f388632b4f7");
    assertEquals(hex(keys.serverToClientKey!), "b0f0427f7ceb416d1d9dcc0cd4f99447");
    assertEquals(hex(keys.applicationKey), "bb23a4575aa26c721af525af15a87b4f");
  }
});

Deno.test("2.x signs with the session key, of which sixteen bytes count", () => {
  const keys = deriveSessionKeys({ dialect: 0x0202, sessionKey: new Uint8Array(32).fill(9) });
  assertEquals(hex(keys.signingKey), "09".repeat(16));
  assertEquals(keys.clientToServerKey, null);
  const short = deriveSessionKeys({ dialect: 0x0210, sessionKey: new Uint8Array(8).fill(9) });
  assertEquals(hex(short.signingKey), "09".repeat(8) + "00".repeat(8));
});

Deno.test("256-bit cipher keys come from the whole session key, the others from its first half", () => {
  const preauthHash = PreauthHash.initial();
  const long = Uint8Array.from({ length: 32 }, (_, i) => i);
  const other = long.slice();
  other[31] = 0xff;
  const derive = (sessionKey: Uint8Array) =>
    deriveSessionKeys({ dialect: 0x0311, sessionKey, preauthHash, cipherKeyLength: 32 });
  const one = derive(long);
  const two = derive(other);
  assertEquals(one.clientToServerKey!.length, 32);
  assertEquals(one.signingKey, two.signingKey);
  assertEquals(one.signingKey.length, 16);
  assertNotEquals(one.clientToServerKey, two.clientToServerKey);
});

Deno.test("deriving keys refuses what it cannot do", () => {
  const sessionKey = new Uint8Array(16);
  assertThrows(() => deriveSessionKeys({ dialect: 0x0311, sessionKey }), TypeError, "preauth");
  const input = { label: new Uint8Array(), context: new Uint8Array() };
  assertThrows(() => deriveKey(sessionKey, { ...input, length: 0 }), RangeError, "length is 0");
  assertEquals(deriveKey(sessionKey, { ...input, length: 70 }).length, 70);
});

Deno.test("payloads encrypt and decrypt as in Microsoft's 3.0 (CCM) and 3.1.1 (GCM) examples", () => {
  for (const { cipherId, key, header, plaintext, ciphertext } of windows.encrypted) {
    const transform = bytes(header);
    const input = {
      cipherId,
      key: bytes(key),
      nonce: transform.subarray(20, 36),
      aad: transform.subarray(20, 52),
    };
    const signature = transform.subarray(4, 20);
    const sealed = encryptPayload(input, bytes(plaintext));
    assertEquals(hex(sealed.ciphertext), ciphertext.toLowerCase());
    assertEquals(hex(sealed.signature), hex(signature));
    assertEquals(
      hex(decryptPayload(input, bytes(ciphertext), signature)!),
      plaintext.toLowerCase(),
    );
  }
});

Deno.test("every cipher restores its payload and notices any altered part", () => {
  for (const cipherId of Object.values(CipherId)) {
    const input = {
      cipherId,
      key: new Uint8Array(cipherKeyLength(cipherId)).fill(1),
      nonce: new Uint8Array(16).fill(2),
      aad: new Uint8Array(32).fill(3),
    };
    for (const length of [0, 1, 15, 16, 17, 70_000]) {
      const text = new Uint8Array(length).fill(4);
      const { ciphertext, signature } = encryptPayload(input, text);
      assertEquals(decryptPayload(input, ciphertext, signature), text);
      assertEquals(
        decryptPayload({ ...input, aad: new Uint8Array(32) }, ciphertext, signature),
        null,
      );
      assertEquals(decryptPayload(input, ciphertext, new Uint8Array(16)), null);
      assertEquals(decryptPayload(input, ciphertext, signature.subarray(0, 8)), null);
      if (length > 0) {
        ciphertext[length - 1]! ^= 1;
        assertEquals(decryptPayload(input, ciphertext, signature), null);
      }
    }
    assertThrows(
      () => encryptPayload({ ...input, key: new Uint8Array(5) }, bytes("")),
      RangeError,
      "key",
    );
    assertThrows(
      () => encryptPayload({ ...input, nonce: new Uint8Array(5) }, bytes("")),
      RangeError,
      "nonce",
    );
  }
  assertThrows(() => cipherKeyLength(9), RangeError, "0x9");
});
