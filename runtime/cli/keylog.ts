/** The file of `--keylog`: session keys for those who read the run's traffic in Wireshark. */
import { CommandError } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";

/** Appends lines to a file that only its owner may read. */
export class KeyLog {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  /** @throws {CommandError} When the file cannot be opened. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, { append: true, create: true, mode: 0o600 });
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
  }

  /** Writes one line. @returns What the user should know when the disk does not take it. */
  write(line: string): string | null {
    const bytes = new TextEncoder().encode(`${line}\n`);
    try {
      for (let written = 0; written < bytes.length;) {
        written += this.#file.writeSync(bytes.subarray(written));
      }
      return null;
    } catch (cause) {
      return cannotWrite(this.#path, cause).message;
    }
  }

  /** Ends the log. */
  close(): void {
    this.#file.close();
  }
}

function cannotWrite(path: string, cause: unknown): CommandError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CommandError(ExitCode.BAD_INPUT, `Cannot write key log ${path}: ${reason}`, { cause });
}
