import { assertEquals } from "@std/assert";
import { createCipheriv } from "node:crypto";
import { Gmac } from "./gmac.ts";
import { hex, seeded } from "./testing.ts";

/** The same code by node:crypto. */
function expected(key: Uint8Array, message: Uint8Array, role: number): string {
  const nonce = new Uint8Array(12);
  nonce.set(message.subarray(24, 32));
  nonce[8] = role;
  const cipher = createCipheriv("aes-128-gcm", key, nonce);
  cipher.setAAD(message);
  cipher.final();
  return cipher.getAuthTag().toString("hex");
}

Deno.test("Gmac is AES-128-GCM of nothing, for messages of any length and any id", () => {
  const next = seeded(7);
  const key = Uint8Array.from({ length: 16 }, () => next(256));
  const gmac = new Gmac(key);
  const code = new Uint8Array(16).fill(0xa5);
  const ids = [0n, 1n, 2n, 40n, 41n, 3n, 0xfffffffen, 0xffffffffn, 0x100000000n, 2n ** 64n - 1n];
  for (const [i, id] of ids.entries()) {
    for (const role of [0, 1] as const) {
      for (const length of [32, 33, 64, 88 + i, 512, 5000]) {
        const message = Uint8Array.from({ length }, () => next(256));
        new DataView(message.buffer).setBigUint64(24, id, true);
        code.set(gmac.compute([message], { idAt: 24, role }));
        assertEquals(hex(code), expected(key, message, role), `id ${id}, ${length} bytes`);
      }
    }
  }
});

Deno.test("a message of any length in any parts has the code of the whole, under keys in turn", () => {
  const next = seeded(11);
  const keys = [1, 2].map(() => Uint8Array.from({ length: 16 }, () => next(256)));
  const gmacs = keys.map((key) => new Gmac(key));
  for (const length of [64, 4176, 122_815, 122_816, 122_817, 300_001]) {
    const message = Uint8Array.from({ length }, () => next(256));
    for (const cut of [32, 63, length - 1, length]) {
      const parts = [message.subarray(0, cut), message.subarray(cut)];
      for (const [i, key] of keys.entries()) {
        const code = gmacs[i]?.compute(parts, { idAt: 24, role: 1 }) ?? new Uint8Array(0);
        assertEquals(hex(code), expected(key, message, 1), `${length} bytes, cut at ${cut}`);
      }
    }
  }
});
