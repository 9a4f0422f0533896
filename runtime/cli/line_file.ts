/** A file that grows line by line while a run goes on. */
import { CommandError } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";

/** Bytes that are gathered before they are written. */
const BUFFER = 64 * 1024;

const LINE_FEED = 0x0a;

const encoder = new TextEncoder();

/** Gathers lines and writes them in order; a disk that takes no more is told once. */
export class LineFile {
  readonly path: string;
  readonly #file: Deno.FsFile;
  #lines: string[] = [];
  #length = 0;
  /** Bytes in the file. */
  #size = 0;
  #problem: string | null = null;

  /**
   * @param path The file; what is there is replaced.
   * @throws {CommandError} When it cannot be opened.
   */
  constructor(path: string) {
    this.path = path;
    try {
      this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    } catch (cause) {
      throw new CommandError(ExitCode.BAD_INPUT, cannotWrite(path, cause), { cause });
    }
  }

  /** Why nothing is written any more; null while all is well. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Adds a line, its line feed included. */
  write(line: string): void {
    if (this.#problem !== null) return;
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= BUFFER) this.flush();
  }

  /** Writes what is gathered. */
  flush(): void {
    if (this.#lines.length === 0) return;
    const bytes = encoder.encode(this.#lines.join(""));
    this.#lines = [];
    this.#length = 0;
    let written = 0;
    try {
      while (written < bytes.length) written += this.#file.writeSync(bytes.subarray(written));
    } catch (cause) {
      this.#problem = cannotWrite(this.path, cause);
      this.#cut(this.#size + bytes.subarray(0, written).lastIndexOf(LINE_FEED) + 1);
    }
    this.#size += written;
  }

  /** The last line is a whole one. */
  #cut(size: number): void {
    try {
      this.#file.truncateSync(size);
    } catch {
      // A device has no end.
    }
  }

  /** Writes what is left, and closes the file. */
  close(): void {
    this.flush();
    this.#file.close();
  }
}

function cannotWrite(path: string, cause: unknown): string {
  const reason = cause instanceof Deno.errors.NotFound
    ? "its folder does not exist"
    : cause instanceof Error
    ? cause.message
    : String(cause);
  return `Cannot write ${path}: ${reason}`;
}
