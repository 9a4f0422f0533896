/** A client's transport with an opening at its side: bytes of any kind go out, and frames that arrive can be looked at. */
import { FaultTransport, type Transport } from "../client/mod.ts";

/** NetBIOS packet type and length before each frame (MS-SMB2 2.1). */
const HEADER_LENGTH = 4;

type Listener = (frame: Uint8Array) => void;

/** Passes everything on; what is written with `inject` goes between the client's own frames. */
export class RawTransport extends FaultTransport {
  readonly #inner: Transport;
  /** Made for the first of them. */
  #listeners: Set<Listener> | null = null;
  /** Bytes of a header that has come in part, as a number, and how many they are. */
  #header = 0;
  #headerLength = 0;
  /** Bytes of the current frame that are still to come. */
  #left = 0;
  /** Parts of the current frame; null while nobody listens. */
  #parts: Uint8Array[] | null = null;

  constructor(inner: Transport) {
    super(inner);
    this.#inner = inner;
    this.seen = this.#skim;
  }

  /** Sends bytes as they are: with their length before them, or without. */
  inject(bytes: Uint8Array, options: { readonly framed: boolean }): Promise<void> {
    const { length } = bytes;
    const header = Uint8Array.of(0, length >>> 16, (length >>> 8) & 0xff, length & 0xff);
    return this.#inner.write(options.framed ? [header, bytes] : [bytes]);
  }

  /** Tells of every frame that begins from now on, until the returned function is called. */
  listen(listener: Listener): () => void {
    const listeners = this.#listeners ??= new Set();
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Follows the frames' lengths, so that it is known where one begins when somebody listens. */
  #skim(bytes: Uint8Array, length: number): void {
    for (let at = 0; at < length;) {
      if (this.#left === 0) {
        this.#header = (this.#header << 8) | (bytes[at++] ?? 0);
        if (++this.#headerLength < HEADER_LENGTH) continue;
        // The first of them is the packet type.
        this.#left = this.#header & 0xffffff;
        this.#headerLength = 0;
        this.#parts = (this.#listeners?.size ?? 0) > 0 ? [] : null;
        continue;
      }
      const count = Math.min(this.#left, length - at);
      // The client may decrypt in place: what is kept is kept apart.
      this.#parts?.push(bytes.slice(at, at + count));
      at += count;
      this.#left -= count;
      if (this.#left === 0 && this.#parts !== null) this.#tell(this.#parts);
    }
  }

  #tell(parts: readonly Uint8Array[]): void {
    const frame = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      frame.set(part, at);
      at += part.length;
    }
    for (const listener of [...this.#listeners ?? []]) listener(frame);
  }
}
