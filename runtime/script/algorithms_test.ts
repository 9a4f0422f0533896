import { assertEquals, assertThrows } from "@std/assert";
import {
  cipherName,
  cipherNumber,
  compressionAlgorithmNumber,
  signingAlgorithmNumber,
} from "./algorithms.ts";

Deno.test("algorithms have names and numbers", () => {
  assertEquals(
    ["AES-128-CCM", "AES-128-GCM", "AES-256-CCM", "AES-256-GCM"].map(cipherNumber),
    [1, 2, 3, 4],
  );
  assertEquals(["HMAC-SHA256", "AES-CMAC", "AES-GMAC"].map(signingAlgorithmNumber), [0, 1, 2]);
  assertEquals(
    ["LZNT1", "LZ77", "LZ77+Huffman", "Pattern_V1", "LZ4"].map(compressionAlgorithmNumber),
    [1, 2, 3, 4, 5],
  );
  assertEquals([cipherNumber(9), signingAlgorithmNumber(9)], [9, 9]);
});

Deno.test("a cipher is named, whatever its number", () => {
  assertEquals([cipherName(2), cipherName(9), cipherName(null)], ["AES-128-GCM", "0x0009", null]);
});

Deno.test("an unknown name is refused, and those of every object are unknown", () => {
  assertThrows(() => cipherNumber("AES"), RangeError, "AES-128-CCM");
  assertThrows(() => signingAlgorithmNumber("constructor"), RangeError);
});
