/**
 * What came in and may not be looked at yet: frames behind one that is being decrypted elsewhere. Messages keep the
 * order in which the server sent them.
 */

/** A frame in line. */
type Held =
  | { readonly kind: "frame"; readonly type: number; readonly payload: Uint8Array }
  | {
    readonly kind: "sealed";
    readonly id: number;
    readonly length: number;
    /** Undefined: not decrypted yet. */
    text: Uint8Array | null | undefined;
    readonly sessionId: bigint;
  };

/** A frame whose turn it is. */
export type Ready =
  | { readonly kind: "frame"; readonly type: number; readonly payload: Uint8Array }
  | { readonly kind: "opened"; readonly text: Uint8Array | null; readonly sessionId: bigint };

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

  /** A frame as it came. */
  hold(type: number, payload: Uint8Array): void {
    this.#held.push({ kind: "frame", type, payload });
    this.#bytes += payload.byteLength;
  }

  /** A frame that is being decrypted; returns what to call `opened` with. */
  holdSealed(sessionId: bigint, length: number): number {
    const id = this.#nextId++;
    this.#held.push({ kind: "sealed", id, length, text: undefined, sessionId });
    this.#bytes += length;
    return id;
  }

  /** The text of a frame; null where it was not what it claims to be. */
  opened(id: number, text: Uint8Array | null): void {
    const held = this.#held.find((held) => held.kind === "sealed" && held.id === id);
    if (held?.kind === "sealed") held.text = text;
  }

  /** The next frame whose turn it is; null where one has to wait. */
  next(): Ready | null {
    const [held] = this.#held;
    if (held === undefined) return null;
    if (held.kind === "frame") {
      this.#held.shift();
      this.#bytes -= held.payload.byteLength;
      return held;
    }
    if (held.text === undefined) return null;
    this.#held.shift();
    this.#bytes -= held.length;
    return { kind: "opened", text: held.text, sessionId: held.sessionId };
  }

  /** Nobody will look at them any more. */
  clear(): void {
    this.#held.length = 0;
    this.#bytes = 0;
  }
}
