/** Files that smbench writes: whole or not at all. */
import { CommandError } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";

/**
 * Writes a file beside its place, then puts it there: who looks sees the old file or the new one, never a half.
 *
 * @throws {CommandError} When it cannot be written.
 */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  if (isDevice(path)) return writeThrough(path, content);
  const temporary = temporaryName(path);
  try {
    await Deno.writeFile(temporary, bytesOf(content), { createNew: true });
    await Deno.rename(temporary, path);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    throw cannotWrite(path, cause);
  }
}

/** The same, for callers that cannot wait. */
export function writeWholeSync(path: string, content: string | Uint8Array): void {
  if (isDevice(path)) return writeThrough(path, content);
  const temporary = temporaryName(path);
  try {
    Deno.writeFileSync(temporary, bytesOf(content), { createNew: true });
    Deno.renameSync(temporary, path);
  } catch (cause) {
    try {
      Deno.removeSync(temporary);
    } catch {
      // It was never made.
    }
    throw cannotWrite(path, cause);
  }
}

/** Whether a pipe, a terminal or another device is there: what is put in its place would take it away. */
function isDevice(path: string): boolean {
  try {
    const { isFile, isDirectory } = Deno.statSync(path);
    return !isFile && !isDirectory;
  } catch {
    return false;
  }
}

function writeThrough(path: string, content: string | Uint8Array): void {
  try {
    Deno.writeFileSync(path, bytesOf(content), { create: false });
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** Files that are written in pieces, by callers that cannot wait; none of them is there before all are. */
export class PiecewiseFiles implements Disposable {
  /** Place -> where it lies meanwhile. */
  readonly #files = new Map<string, string>();

  /**
   * Adds to a file.
   *
   * @throws {CommandError} When it cannot be written.
   */
  write(path: string, content: string | Uint8Array): void {
    if (isDevice(path)) return writeThrough(path, content);
    const known = this.#files.get(path);
    const temporary = known ?? temporaryName(path);
    try {
      Deno.writeFileSync(
        temporary,
        bytesOf(content),
        known === undefined ? { createNew: true } : { append: true },
      );
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
    this.#files.set(path, temporary);
  }

  /**
   * Puts all files in their places.
   *
   * @throws {CommandError} When one cannot be put there.
   */
  finish(): void {
    for (const [path, temporary] of this.#files) {
      try {
        Deno.renameSync(temporary, path);
      } catch (cause) {
        throw cannotWrite(path, cause);
      }
      this.#files.delete(path);
    }
  }

  /** Removes what was not put in its place. */
  [Symbol.dispose](): void {
    for (const temporary of this.#files.values()) {
      try {
        Deno.removeSync(temporary);
      } catch {
        // It was never made.
      }
    }
    this.#files.clear();
  }
}

/**
 * Makes a folder and those above it, if they are not there.
 *
 * @throws {CommandError} When it cannot be made.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** The same, for callers that cannot wait. */
export function makeFolderSync(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

function temporaryName(path: string): string {
  return `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

/** The error for a file that cannot be written. */
export function cannotWrite(path: string, cause: unknown): CommandError {
  const reason = cause instanceof Deno.errors.NotFound
    ? "its folder does not exist"
    : cause instanceof Error
    ? cause.message.replace(/: \w+ '[^']*'$/, "")
    : String(cause);
  return new CommandError(ExitCode.BAD_INPUT, `Cannot write ${path}: ${reason}`, { cause });
}
