/** What `compile` and `inspect` have in common: which captures, progress, errors. */
import {
  CaptureError,
  type CaptureNote,
  noteText,
  type Progress,
  type Work,
} from "../../compiler/mod.ts";
import { printable } from "../report/mod.ts";
import { CommandError, UsageError } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";
import { CaptureProgress, ProgressLine } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

/** The operand of commands that read captures. */
export const CAPTURE_OPERAND = { name: "capture", many: true } as const;

/** What the operands name: one capture, or several files of one. */
export interface NamedCapture {
  readonly input: string | readonly string[];
  /** For people, such as `a.pcap and 3 more`. */
  readonly name: string;
}

/**
 * The captures that the operands name. A shell that does not expand `*` leaves that to us, as do quotes around a pattern.
 *
 * @throws {UsageError} When nothing matches a pattern.
 */
export async function namedCapture(operands: readonly string[]): Promise<NamedCapture> {
  const paths: string[] = [];
  for (const operand of operands) {
    const matches = /[*?[{]/.test(operand) && !await exists(operand)
      ? await matching(operand)
      : [operand];
    if (matches.length === 0) {
      throw new UsageError(`Cannot read ${operand}: no file has such a name`);
    }
    paths.push(...matches.toSorted());
  }
  const [first = "", ...others] = [...new Set(paths)];
  return others.length === 0
    ? { input: first, name: first }
    : { input: [first, ...others], name: `${first} and ${others.length} more` };
}

async function matching(pattern: string): Promise<string[]> {
  const { glob } = await import("node:fs/promises");
  return await Array.fromAsync(glob(pattern));
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

/** What work on a capture is given to show itself and to stop. */
export interface CaptureWork {
  readonly progress: (progress: Progress) => void;
  readonly work: (work: Work) => void;
  readonly signal: AbortSignal;
}

/**
 * Does work on a capture, with progress, until it is done or interrupted.
 *
 * @throws {CommandError} When the input is no capture, or the work was interrupted.
 */
export async function onCapture<T>(
  terminal: Terminal,
  options: { readonly quiet?: boolean },
  work: (options: CaptureWork) => Promise<T>,
): Promise<T> {
  const interruption = new AbortController();
  const stopListening = terminal.onInterrupt(() => interruption.abort());
  const shown = new CaptureProgress();
  using _line = new ProgressLine(
    options.quiet ? { ...terminal, interactive: false } : terminal,
    () => shown.text,
  );
  try {
    return await work({
      signal: interruption.signal,
      progress: (progress) => shown.read(progress),
      work: (done) => shown.worked(done),
    });
  } catch (cause) {
    if (interruption.signal.aborted) {
      throw new CommandError(ExitCode.INTERRUPTED, "Interrupted", { cause });
    }
    if (cause instanceof CaptureError) {
      throw new CommandError(ExitCode.BAD_INPUT, cause.message, { cause });
    }
    throw cause;
  } finally {
    stopListening();
  }
}

/** Notes as lines, those that are losses first. */
export function noteLines(notes: readonly CaptureNote[]): string[] {
  return notes.toSorted((a, b) => Number(b.loss) - Number(a.loss))
    .map((note) => `  ${note.loss ? "lost" : "left out"}: ${printable(noteText(note))}`);
}
