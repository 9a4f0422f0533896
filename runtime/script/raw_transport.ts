/** A client's transport with an opening at its side: bytes of any kind go out, and frames that arrive can be looked at. */
import type { Transport, TransportError } from "../client/mod.ts";

/** NetBIOS packet type and length before each frame (MS-SMB2 2.1). */
const HEADER_LENGTH = 4;

type Listener = (frame: Uint8Array) => void;

/** Passes everything on; what is written with `inject` goes between the client's own frames. */
export class RawTransport implements Transport {
  readonly #inner: Transport;
  readonly #listeners = new Set<Listener>();
  readonly #header = new Uint8Array(HEADER_LENGTH);
  #headerLength = 0;
  /** Bytes of the current frame that are still to come. */
  #left = 0;
  /** Parts of the current frame; null while nobody listens. */
  #parts: Uint8Array[] | null = null;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  get remote(): string {
    return this.#inner.remote;
  }

  get closed(): Promise<TransportError | null> {
    return this.#inner.closed;
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#inner.read(into).then((count) => {
      if (count !== null) this.#skim(into.subarray(0, count));
      return count;
    });
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    return this.#inner.write(chunks);
  }

  close(): void {
    this.#inner.close();
  }

  /** Sends bytes as they are: with their length before them, or without. */
  inject(bytes: Uint8Array, options: { readonly framed: boolean }): Promise<void> {
    const { length } = bytes;
    const header = Uint8Array.of(0, length >>> 16, (length >>> 8) & 0xff, length & 0xff);
    return this.#inner.write(options.framed ? [header, bytes] : [bytes]);
  }

  /** Tells of every frame that begins from now on, until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Follows the frames' lengths, so that it is known where one begins when somebody listens. */
  #skim(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#left === 0) {
        this.#header[this.#headerLength++] = bytes[at++] ?? 0;
        if (this.#headerLength < HEADER_LENGTH) continue;
        this.#headerLength = 0;
        const [, high = 0, middle = 0, low = 0] = this.#header;
        this.#left = (high << 16) | (middle << 8) | low;
        this.#parts = this.#listeners.size > 0 ? [] : null;
        continue;
      }
      const part = bytes.subarray(at, at + this.#left);
      at += part.length;
      this.#left -= part.length;
      // The client may decrypt in place: what is kept is kept apart.
      this.#parts?.push(part.slice());
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
    for (const listener of [...this.#listeners]) listener(frame);
  }
}
