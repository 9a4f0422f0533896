// deno-lint-ignore-file no-non-null-assertion -- in a test, a missing value fails where it is used
import { createCipheriv } from "node:crypto";
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { equalBytes } from "./bytes.ts";
import { ccmDecrypt, ccmEncrypt } from "./ccm.ts";
import { AesCmac } from "./cmac.ts";
import { hmacMd5, hmacSha256, md4 } from "./hash.ts";
import { Rc4, rc4 } from "./rc4.ts";
import { bytes, hex, seeded } from "./testing.ts";

const ascii = new TextEncoder();

Deno.test("RC4 gives the known ciphertexts, whole and in pieces", () => {
  assertEquals(hex(rc4(ascii.encode("Key"), ascii.encode("Plaintext"))), "bbf316e8d940af0ad3");
  assertEquals(hex(rc4(ascii.encode("Wiki"), ascii.encode("pedia"))), "1021bf0420");
  const running = new Rc4(ascii.encode("Secret"));
  const first = running.apply(ascii.encode("Attack "));
  assertEquals(
    hex(first) + hex(running.apply(ascii.encode("at dawn"))),
    "45a01f645fc35b383552544b9bf5",
  );
  assertThrows(() => new Rc4(new Uint8Array()), RangeError, "the key is empty");
});

Deno.test("MD4, HMAC-MD5 and HMAC-SHA256 give the vectors of RFC 1320, 2202 and 4231", () => {
  assertEquals(hex(md4(ascii.encode("a"), ascii.encode("bc"))), "a448017aaf21d8525fc10ae87aa6729d");
  assertEquals(
    hex(
      hmacMd5(ascii.encode("Jefe"), ascii.encode("what do ya want "), ascii.encode("for nothing?")),
    ),
    "750c783e6ab0b503eaa86e310a5db738",
  );
  assertEquals(
    hex(hmacSha256(ascii.encode("Jefe"), ascii.encode("what do ya want for nothing?"))),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

const RFC4493_MESSAGE = bytes(`6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51
  30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710`);

Deno.test("CMAC gives the vectors of RFC 4493 in any order and any division of the message", () => {
  const cmac = new AesCmac(bytes("2b7e151628aed2a6abf7158809cf4f3c"));
  const vectors: [number, string][] = [
    [64, "51f0bebf7e3b9d92fc49741779363cfe"],
    [0, "bb1d6929e95937287fa37d129b756746"],
    [40, "dfa66747de9ae63030ca32611497c827"],
    [16, "070a16b46b4d4144f79bdd9dd04a287c"],
  ];
  for (const [length, code] of vectors) {
    const message = RFC4493_MESSAGE.subarray(0, length);
    assertEquals(hex(cmac.compute(message)), code);
    for (let cut = 0; cut <= length; cut++) {
      const tail = [message.subarray(cut, cut + 3), new Uint8Array(), message.subarray(cut + 3)];
      assertEquals(hex(cmac.compute(message.subarray(0, cut), tail)), code);
    }
  }
});

Deno.test("CMAC with a 256-bit key gives the vector of SP800-38B", () => {
  const key = bytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  assertEquals(
    hex(new AesCmac(key).compute(RFC4493_MESSAGE.subarray(0, 40))),
    "aaf3d8f1de5640c232f5b169b9c911e6",
  );
  assertThrows(() => new AesCmac(new Uint8Array(24)), RangeError, "24 bytes");
});

Deno.test("CMAC of messages around its 64 KiB slices does not depend on how they are divided", () => {
  const key = new Uint8Array(16).fill(3);
  const next = seeded(7);
  const message = Uint8Array.from({ length: 200_000 }, () => next(256));
  for (
    const length of [65519, 65520, 65535, 65536, 65537, 65552, 131056, 131072, 131073, 200_000]
  ) {
    const whole = message.subarray(0, length);
    const expected = slowCmac(key, whole);
    const cmac = new AesCmac(key);
    assertEquals(hex(cmac.compute(whole)), expected, `${length}`);
    const cut = next(length);
    assertEquals(
      hex(cmac.compute(whole.subarray(0, cut), [whole.subarray(cut)])),
      expected,
      `${length}`,
    );
  }
});

/** CMAC as the RFC writes it, one block at a time, each as a one-block message of a zero-based chain. */
function slowCmac(key: Uint8Array, message: Uint8Array): string {
  // CMAC over complete blocks equals CMAC over the last block alone once the chain value is added to it.
  const block = (input: Uint8Array) => rawBlock(key, input);
  const double = (value: Uint8Array) => {
    let number = BigInt(`0x${hex(value)}`) << 1n;
    if (number >> 128n) number = (number & ((1n << 128n) - 1n)) ^ 0x87n;
    return bytes(number.toString(16).padStart(32, "0"));
  };
  const k1 = double(block(new Uint8Array(16)));
  const k2 = double(k1);
  let chain: Uint8Array = new Uint8Array(16);
  const count = Math.max(1, Math.ceil(message.length / 16));
  for (let i = 0; i < count; i++) {
    const input = new Uint8Array(16);
    const part = message.subarray(16 * i, 16 * i + 16);
    input.set(part);
    if (part.length < 16) input[part.length] = 0x80;
    const mask = i < count - 1 ? null : part.length === 16 ? k1 : k2;
    for (let j = 0; j < 16; j++) input[j]! ^= chain[j]! ^ (mask?.[j] ?? 0);
    chain = block(input);
  }
  return hex(chain);
}

function rawBlock(key: Uint8Array, input: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-ecb", key, null);
  cipher.setAutoPadding(false);
  return Uint8Array.from(cipher.update(input));
}

Deno.test("CCM gives the vectors of RFC 3610 and SP800-38C", () => {
  const key = bytes("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf");
  const count = (from: number, length: number) => Uint8Array.from({ length }, (_, i) => from + i);
  const vectors = [
    {
      input: { key, nonce: bytes("00000003020100a0a1a2a3a4a5"), aad: count(0, 8), tagLength: 8 },
      text: count(8, 23),
      sealed: "588c979a61c663d2f066d0c2c0f989806d5f6b61dac384" + "17e8d12cfdf926e0",
    },
    {
      input: { key, nonce: bytes("00000004030201a0a1a2a3a4a5"), aad: count(0, 8), tagLength: 8 },
      text: count(8, 24),
      sealed: "72c91a36e135f8cf291ca894085c87e3cc15c439c9e43a3b" + "a091d56e10400916",
    },
    {
      input: { key, nonce: bytes("00000006050403a0a1a2a3a4a5"), aad: count(0, 12), tagLength: 8 },
      text: count(12, 19),
      sealed: "a28c6865939a9a79faaa5c4c2a9d4a91cdac8c" + "96c861b9c9e61ef1",
    },
    {
      input: { key: count(0x40, 16), nonce: count(0x10, 7), aad: count(0, 8), tagLength: 4 },
      text: count(0x20, 4),
      sealed: "7162015b" + "4dac255d",
    },
    {
      input: { key: count(0x40, 16), nonce: count(0x10, 12), aad: count(0, 20), tagLength: 8 },
      text: count(0x20, 24),
      sealed: "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5" + "484392fbc1b09951",
    },
  ];
  for (const { input, text, sealed } of vectors) {
    const { ciphertext, tag } = ccmEncrypt(input, text);
    assertEquals(hex(ciphertext) + hex(tag), sealed);
    assertEquals(ccmDecrypt(input, ciphertext, tag), text);
    tag[0]! ^= 1;
    assertEquals(ccmDecrypt(input, ciphertext, tag), null);
  }
});

Deno.test("CCM refuses keys, nonces, tags and data that it is not defined for", () => {
  const good = {
    key: new Uint8Array(16),
    nonce: new Uint8Array(11),
    aad: new Uint8Array(),
    tagLength: 16,
  };
  const refused: [Partial<typeof good>, string][] = [
    [{ key: new Uint8Array(24) }, "key"],
    [{ nonce: new Uint8Array(6) }, "nonce"],
    [{ nonce: new Uint8Array(14) }, "nonce"],
    [{ aad: new Uint8Array(0xff00) }, "additional data"],
    [{ tagLength: 5 }, "tag"],
    [{ tagLength: 18 }, "tag"],
  ];
  for (const [change, word] of refused) {
    assertThrows(() => ccmEncrypt({ ...good, ...change }, new Uint8Array()), RangeError, word);
  }
  const short = { ...good, nonce: new Uint8Array(13) };
  assertThrows(() => ccmEncrypt(short, new Uint8Array(65536)), RangeError, "65536 bytes");
});

Deno.test("equalBytes compares whole strings and never equates different lengths", () => {
  assert(equalBytes(bytes("0102"), bytes("0102")));
  assert(equalBytes(bytes(""), bytes("")));
  assertFalse(equalBytes(bytes("0102"), bytes("0202")));
  assertFalse(equalBytes(bytes("0102"), bytes("0103")));
  assertFalse(equalBytes(bytes("0102"), bytes("010200")));
});
