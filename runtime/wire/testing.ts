/** Helpers of this room's tests. */
import { Writer } from "./writer.ts";
import { encodeMessage, type Message } from "./messages.ts";

/** Bytes from hexadecimal text; spaces are allowed. */
export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(
    hex.replaceAll(" ", "").match(/../g) ?? [],
    (pair) => parseInt(pair, 16),
  );
}

/** Hexadecimal text of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of one message; `fill` is what the writer's memory holds before. */
export function encoded(message: Message, fill = 0): Uint8Array {
  const writer = new Writer(2048, fill);
  encodeMessage(writer, message);
  return writer.bytes().slice();
}

/** Numbers from 0 to `limit`, exclusive, that are the same in every run (mulberry32). */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000 * limit);
  }
}
