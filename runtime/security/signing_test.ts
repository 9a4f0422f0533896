// deno-lint-ignore-file no-non-null-assertion -- in a test, a missing value fails where it is used
import { assert, assertEquals, assertFalse, assertNotEquals, assertThrows } from "@std/assert";
import { createCipheriv } from "node:crypto";
import { AesCmac } from "./cmac.ts";
import { hmacSha256 } from "./hash.ts";
import { createSigner, SigningAlgorithmId, signingAlgorithmOf } from "./signing.ts";
import { bytes, hex, seeded } from "./testing.ts";

const KEY = bytes("000102030405060708090a0b0c0d0e0f");
const ALGORITHMS = Object.values(SigningAlgorithmId);

function message(length: number): Uint8Array {
  const next = seeded(length + 1);
  const result = Uint8Array.from({ length }, () => next(256));
  result.set(bytes("fe534d42400001000000000008000100"));
  result.set(bytes("0000000000000000"), 16);
  result.set(bytes("0700000000000000"), 24);
  return result;
}

Deno.test("each algorithm signs the message with its Signature zero and SMB2_FLAGS_SIGNED set", () => {
  for (const length of [64, 65, 80, 200, 70_000]) {
    const zeroed = message(length);
    zeroed[16] = 0x08;
    zeroed.fill(0, 48, 64);
    const nonce = bytes("070000000000000000000000");
    const gmac = createCipheriv("aes-128-gcm", KEY, nonce);
    gmac.setAAD(zeroed);
    gmac.final();
    const expected = [
      hex(hmacSha256(KEY, zeroed)).slice(0, 32),
      hex(new AesCmac(KEY).compute(zeroed)),
      gmac.getAuthTag().toString("hex"),
    ];
    for (const algorithm of ALGORITHMS) {
      const signed = message(length);
      createSigner(algorithm, KEY).sign(signed);
      assertEquals(signed[16], 0x08);
      assertEquals(hex(signed.subarray(48, 64)), expected[algorithm]);
    }
  }
});

Deno.test("a message signed in parts has the signature of the whole", () => {
  const whole = message(5000);
  for (const algorithm of ALGORITHMS) {
    const signer = createSigner(algorithm, KEY);
    const signed = whole.slice();
    signer.sign(signed);
    for (const cut of [64, 112, 113, 4999, 5000]) {
      const head = whole.slice(0, cut);
      const middle = whole.subarray(cut, cut + 33);
      const tail = [middle, whole.subarray(cut + 33)];
      signer.sign(head, tail);
      assertEquals(hex(head.subarray(48, 64)), hex(signed.subarray(48, 64)), `${algorithm} ${cut}`);
      assert(signer.verify(head, tail));
    }
  }
});

Deno.test("verify finds every altered byte and leaves the message as it was", () => {
  for (const algorithm of ALGORITHMS) {
    const signer = createSigner(algorithm, KEY);
    const signed = message(120);
    signer.sign(signed);
    for (let i = 0; i < signed.length; i++) {
      const altered = signed.slice();
      altered[i]! ^= 0x10;
      const before = hex(altered);
      assertFalse(signer.verify(altered), `${algorithm}, byte ${i}`);
      assertEquals(hex(altered), before);
    }
    assert(signer.verify(signed));
    assertFalse(signer.verify(signed.subarray(0, 119)));
    assertFalse(signer.verify(signed.subarray(0, 63)));
    assertFalse(createSigner(algorithm, new Uint8Array(16)).verify(signed));
  }
});

Deno.test("GMAC's nonce tells requests, responses and cancels with one message id apart", () => {
  const signer = createSigner(SigningAlgorithmId.AES_GMAC, KEY);
  const nonces = new Map([["request", [0, 8]], ["response", [1, 8]], ["cancel", [0, 12]]]);
  const keystreams = [...nonces].map(([, [flags, command]]) => {
    // Equal bytes apart from the fields that choose the nonce; the tags' difference then shows the nonce.
    const signed = message(64);
    signed[16] = flags!;
    signed[12] = command!;
    signer.sign(signed);
    const nonce = bytes("070000000000000000000000");
    nonce[8] = flags! | (command === 12 ? 2 : 0);
    const zeroed = signed.slice();
    zeroed.fill(0, 48, 64);
    const expected = createCipheriv("aes-128-gcm", KEY, nonce);
    expected.setAAD(zeroed);
    expected.final();
    assertEquals(hex(signed.subarray(48, 64)), expected.getAuthTag().toString("hex"));
    return hex(signed.subarray(48, 64));
  });
  assertNotEquals(keystreams[0], keystreams[1]);
  assertNotEquals(keystreams[0], keystreams[2]);
});

Deno.test("one signer serves interleaved messages of all sizes like a fresh one each time", () => {
  for (const algorithm of ALGORITHMS) {
    const kept = createSigner(algorithm, KEY);
    const next = seeded(99);
    for (let round = 0; round < 200; round++) {
      const one = message(64 + next(round % 20 === 0 ? 150_000 : 400));
      const two = one.slice();
      kept.sign(one);
      createSigner(algorithm, KEY).sign(two);
      assertEquals(hex(one.subarray(48, 64)), hex(two.subarray(48, 64)));
    }
  }
});

Deno.test("dialects choose their algorithm, and 3.1.1 heeds what was negotiated", () => {
  assertEquals(
    [0x0202, 0x0210, 0x0300, 0x0302, 0x0311].map((dialect) => signingAlgorithmOf(dialect, 2)),
    [0, 0, 1, 1, 2],
  );
  assertEquals(signingAlgorithmOf(0x0311), SigningAlgorithmId.AES_CMAC);
});

Deno.test("a signer refuses unknown algorithms, wrong keys and headless messages", () => {
  assertThrows(() => createSigner(3, KEY), RangeError, "0x3 is unknown");
  assertThrows(() => createSigner(1, new Uint8Array(32)), RangeError, "32 bytes");
  assertThrows(() => createSigner(1, KEY).sign(new Uint8Array(63)), RangeError, "63 bytes");
});
