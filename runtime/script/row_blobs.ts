/** The captured data of rows: read shortly before it is sent, and kept for a while. */
import type { Run } from "./run.ts";

/** How many bytes are kept: clients of a load test write the same data. */
const MAX_KEPT = 64 * 2 ** 20;

/** Blobs of a run, least recently used first. */
class RowBlobs {
  readonly #blobs = new Map<string, Uint8Array | Promise<Uint8Array>>();
  readonly #read: (path: string) => Promise<Uint8Array>;
  #kept = 0;

  constructor(read: (path: string) => Promise<Uint8Array>) {
    this.#read = read;
  }

  get(path: string): Uint8Array | Promise<Uint8Array> {
    const blob = this.#blobs.get(path);
    if (blob === undefined) return this.#load(path);
    this.#blobs.delete(path);
    this.#blobs.set(path, blob);
    return blob;
  }

  async #load(path: string): Promise<Uint8Array> {
    const loading = this.#read(path);
    this.#blobs.set(path, loading);
    try {
      const bytes = await loading;
      if (this.#blobs.get(path) === loading) {
        this.#blobs.set(path, bytes);
        this.#kept += bytes.length;
        this.#forget();
      }
      return bytes;
    } catch (error) {
      this.#blobs.delete(path);
      throw error;
    }
  }

  #forget(): void {
    for (const [path, blob] of this.#blobs) {
      if (this.#kept <= MAX_KEPT) return;
      if (blob instanceof Promise) continue;
      this.#blobs.delete(path);
      this.#kept -= blob.length;
    }
  }
}

const blobsOf = new WeakMap<Run["host"], RowBlobs>();

/** The bytes of a blob. @throws When it cannot be had. */
export function loadBlob(run: Run, path: string): Uint8Array | Promise<Uint8Array> {
  const { host } = run;
  let blobs = blobsOf.get(host);
  if (blobs === undefined) {
    blobs = new RowBlobs((path) => host.blob(path));
    blobsOf.set(host, blobs);
  }
  return blobs.get(path);
}
