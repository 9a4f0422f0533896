/**
 * What came in and may not be looked at yet: frames behind one that is being decrypted or verified elsewhere. Messages
 * keep the order in which the server sent them.
 */

/** A frame whose turn it is. */
export type Ready =
  /** As it came. */
  | { readonly kind: "frame"; readonly type: number; readonly payload: Uint8Array }
  /** Decrypted; null where it was not what it claimed to be. */
  | { readonly kind: "opened"; readonly text: Uint8Array | null; readonly sessionId: bigint }
  /** With its signature judged. */
  | { readonly kind: "verified"; readonly payload: Uint8Array; readonly isValid: boolean };

/** A frame in line; without `ready` it waits for a result. */
interface Held {
  readonly id: number;
  readonly length: number;
  ready: Ready | null;
  readonly finish: ((result: Uint8Array | boolean | null) => Ready) | null;
}

/** Frames in the order of their arrival. */
export class Inbox {
  readonly #held: Held[] = [];
  #nextId = 1;
  #bytes = 0;

  /** Whether a frame has to wait for others. */
  get isWaiting(): boolean {
    return this.#held.length > 0;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A frame that only waits for its turn. */
  hold(ready: Ready & { kind: "frame" }): void {
    this.#push({ id: 0, length: ready.payload.byteLength, ready, finish: null });
  }

  /** A frame of `length` bytes that waits for a result, too; returns the id to settle it by. */
  holdUntil(length: number, finish: (result: Uint8Array | boolean | null) => Ready): number {
    const id = this.#nextId++;
    this.#push({ id, length, ready: null, finish });
    return id;
  }

  /** The result of a frame. */
  settle(id: number, result: Uint8Array | boolean | null): void {
    const held = this.#held.find((held) => held.id === id && held.ready === null);
    if (held !== undefined && held.finish !== null) held.ready = held.finish(result);
  }

  /** The next frame whose turn it is; null where one has to wait. */
  next(): Ready | null {
    const ready = this.#held[0]?.ready ?? null;
    if (ready === null) return null;
    this.#bytes -= this.#held.shift()?.length ?? 0;
    return ready;
  }

  /** Nobody will look at them any more. */
  clear(): void {
    this.#held.length = 0;
    this.#bytes = 0;
  }

  #push(held: Held): void {
    this.#held.push(held);
    this.#bytes += held.length;
  }
}
