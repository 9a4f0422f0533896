import { assertEquals } from "@std/assert";
import type { Transport } from "../client/mod.ts";
import { RawTransport } from "./raw_transport.ts";

/** A transport that gives the bytes of a list, piece by piece, and keeps what is written. */
class Pieces implements Transport {
  readonly remote = "memory";
  readonly closed = Promise.resolve(null);
  readonly written: number[] = [];
  readonly #pieces: Uint8Array[];

  constructor(pieces: Uint8Array[]) {
    this.#pieces = pieces;
  }

  read(into: Uint8Array): Promise<number | null> {
    const piece = this.#pieces.shift();
    if (piece === undefined) return Promise.resolve(null);
    into.set(piece);
    return Promise.resolve(piece.length);
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    for (const chunk of chunks) this.written.push(...chunk);
    return Promise.resolve();
  }

  close(): void {}
}

async function drained(transport: Transport): Promise<number[]> {
  const bytes: number[] = [];
  const buffer = new Uint8Array(64);
  for (let count = await transport.read(buffer); count !== null;) {
    bytes.push(...buffer.subarray(0, count));
    count = await transport.read(buffer);
  }
  return bytes;
}

const STREAM = Uint8Array.of(0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 2, 4, 5);

Deno.test("frames are found wherever the stream is split, and everything is passed on", async () => {
  for (let size = 1; size <= STREAM.length; size++) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < STREAM.length; at += size) pieces.push(STREAM.subarray(at, at + size));
    const transport = new RawTransport(new Pieces(pieces));
    const frames: number[][] = [];
    transport.listen((frame) => void frames.push([...frame]));
    assertEquals(await drained(transport), [...STREAM]);
    assertEquals(frames, [[1, 2, 3], [4, 5]]);
  }
});

Deno.test("who listens in the middle of a frame hears of the next one", async () => {
  const transport = new RawTransport(new Pieces([STREAM.slice(0, 5), STREAM.slice(5)]));
  await transport.read(new Uint8Array(64));
  const frames: number[][] = [];
  const stop = transport.listen((frame) => {
    frames.push([...frame]);
    stop();
  });
  await drained(transport);
  assertEquals(frames, [[4, 5]]);
});

Deno.test("bytes are sent with their length, or as the stream", async () => {
  const inner = new Pieces([]);
  const transport = new RawTransport(inner);
  await transport.inject(Uint8Array.of(7, 8), { framed: true });
  await transport.inject(Uint8Array.of(9), { framed: false });
  assertEquals(inner.written, [0, 0, 0, 2, 7, 8, 9]);
});
