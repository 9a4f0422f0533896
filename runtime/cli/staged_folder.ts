/** A folder whose files come at once: written beside it, put into it when all are there, or not at all. */
import { cannotWrite, makeFolderSync, writeWholeSync } from "./files.ts";

/** Files on their way into a folder. */
export class StagedFolder implements Disposable {
  readonly #path: string;
  /** Files are here until they are finished; null before the first one. */
  #staging: string | null = null;
  readonly #names = new Set<string>();

  /** @param path The folder; it need not be there. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Adds to a file of the folder.
   *
   * @throws {CommandError} When it cannot be written.
   */
  append(name: string, bytes: Uint8Array): void {
    const path = this.#place(name);
    try {
      Deno.writeFileSync(path, bytes, { append: true });
    } catch (cause) {
      throw cannotWrite(`${this.#path}/${name}`, cause);
    }
  }

  /**
   * Writes a file of the folder.
   *
   * @throws {CommandError} When it cannot be written.
   */
  write(name: string, content: string | Uint8Array): void {
    writeWholeSync(this.#place(name), content);
  }

  #place(name: string): string {
    if (this.#staging === null) {
      const staging = `${this.#path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
      makeFolderSync(staging);
      this.#staging = staging;
    }
    this.#names.add(name);
    return `${this.#staging}/${name}`;
  }

  /**
   * Puts all files in their places. What `isOld` tells of the files that were there before, and were not written now, is
   * removed.
   *
   * @throws {CommandError} When one cannot be put there.
   */
  finish(isOld: (name: string) => boolean): void {
    const staging = this.#staging;
    if (staging === null) return;
    try {
      if (!isThere(this.#path)) {
        Deno.renameSync(staging, this.#path);
      } else {
        for (const { name, isFile } of [...Deno.readDirSync(this.#path)]) {
          if (isFile && isOld(name) && !this.#names.has(name)) {
            Deno.removeSync(`${this.#path}/${name}`);
          }
        }
        for (const name of this.#names) {
          Deno.renameSync(`${staging}/${name}`, `${this.#path}/${name}`);
        }
        Deno.removeSync(staging);
      }
    } catch (cause) {
      throw cannotWrite(this.#path, cause);
    }
    this.#staging = null;
  }

  /** Removes what was not put in its place. */
  [Symbol.dispose](): void {
    if (this.#staging === null) return;
    try {
      Deno.removeSync(this.#staging, { recursive: true });
    } catch {
      // It is not there.
    }
    this.#staging = null;
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
