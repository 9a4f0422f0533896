/**
 * A file for what does not fit into memory: appended to and read back at any place. It has no name any more as soon as
 * it is open, where the system allows that, so that nothing is left behind however the program ends.
 *
 * @module
 */
import { CaptureError } from "./errors.ts";

/** Bytes that are put aside, and read back. */
export interface Scratch extends Disposable {
  /** Appends bytes; returns where they begin. */
  append(bytes: Uint8Array): number;
  /** Fills `into` with the bytes from `position` on. */
  read(position: number, into: Uint8Array): void;
}

/**
 * Makes a scratch file in a folder, in the system's folder for temporary files unless told.
 *
 * @throws {CaptureError} When it cannot be made; so do its methods, when the disk is full.
 */
export function openScratch(folder?: string): Scratch {
  try {
    const path = Deno.makeTempFileSync({
      prefix: ".smbench-",
      suffix: ".tmp",
      ...(folder === undefined ? {} : { dir: folder }),
    });
    return new ScratchFile(path);
  } catch (cause) {
    throw failed("make", cause);
  }
}

class ScratchFile implements Scratch {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  /** Whether the file still has its name: Windows keeps that of an open file. */
  #named = true;
  #length = 0;
  #at = 0;

  constructor(path: string) {
    this.#path = path;
    this.#file = Deno.openSync(path, { read: true, write: true });
    this.#unlink();
  }

  append(bytes: Uint8Array): number {
    const start = this.#length;
    try {
      this.#seek(start);
      for (let sent = 0; sent < bytes.byteLength;) {
        sent += this.#file.writeSync(bytes.subarray(sent));
      }
    } catch (cause) {
      throw failed("write", cause);
    }
    this.#length = this.#at = start + bytes.byteLength;
    return start;
  }

  read(position: number, into: Uint8Array): void {
    try {
      this.#seek(position);
      for (let filled = 0; filled < into.byteLength;) {
        const count = this.#file.readSync(into.subarray(filled));
        if (count === null) throw new RangeError("The file is shorter than it was");
        filled += count;
      }
    } catch (cause) {
      throw failed("read", cause);
    }
    this.#at = position + into.byteLength;
  }

  #seek(position: number): void {
    if (position !== this.#at) this.#file.seekSync(position, Deno.SeekMode.Start);
  }

  #unlink(): void {
    try {
      Deno.removeSync(this.#path);
      this.#named = false;
    } catch {
      // Removed when it is closed.
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
    if (this.#named) this.#unlink();
  }
}

function failed(action: string, cause: unknown): CaptureError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CaptureError(`Cannot ${action} the temporary file of a large capture: ${reason}`, {
    source: "temporary file",
    cause,
  });
}
