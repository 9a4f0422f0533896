/** Where the program reads and writes; tests put in their own. */

/** The outside of one run of the program. */
export interface Terminal {
  /** Text to standard output. */
  out(text: string): void;
  /** The same as UTF-8; the bytes are not kept. */
  outBytes(bytes: Uint8Array): void;
  /** Text to standard error. */
  err(text: string): void;
  /** Whether standard output takes colours. */
  readonly colors: boolean;
  /** Whether standard error is a terminal, for progress. */
  readonly interactive: boolean;
  /** Columns and rows of the terminal, as they are now. */
  readonly columns: number;
  readonly rows: number;
  /** The value of an environment variable. */
  env(name: string): string | undefined;
  /** Asks, and waits for a line; null when nobody can be asked. */
  ask(question: string): Promise<string | null>;
  /** Asks for a secret without echo; null when nobody can be asked. */
  secret(prompt: string): Promise<string | null>;
  /** Calls back at every interruption (Ctrl-C, SIGTERM); returns how to stop that. */
  onInterrupt(callback: () => void): () => void;
}

/** Signals that end a run: Ctrl-C, and what others send to end a program. */
const INTERRUPTIONS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

const NARROW = 40;
const DEFAULT_SIZE = { columns: 80, rows: 24 };

/** The real terminal. */
export function systemTerminal(): Terminal {
  const encoder = new TextEncoder();
  return {
    out: (text) => writeAll(Deno.stdout, encoded(text, encoder)),
    outBytes: (bytes) => writeAll(Deno.stdout, bytes),
    err: (text) => writeAll(Deno.stderr, encoder.encode(text)),
    colors: !Deno.noColor && Deno.stdout.isTerminal(),
    interactive: Deno.stderr.isTerminal(),
    get columns() {
      return Math.max(NARROW, size().columns);
    },
    get rows() {
      return size().rows;
    },
    env: (name) => Deno.env.get(name),
    ask: (question) => Deno.stdin.isTerminal() ? askLine(question) : Promise.resolve(null),
    secret: (prompt) => Deno.stdin.isTerminal() ? askSecret(prompt) : Promise.resolve(null),
    onInterrupt(callback) {
      for (const signal of INTERRUPTIONS) Deno.addSignalListener(signal, callback);
      return () => {
        for (const signal of INTERRUPTIONS) Deno.removeSignalListener(signal, callback);
      };
    },
  };
}

/** What it takes is loaded where somebody is asked: the package looks at the system as it loads. */
async function askSecret(prompt: string): Promise<string | null> {
  const { promptSecret } = await import("@std/cli/prompt-secret");
  return promptSecret(prompt, { mask: "" });
}

/** Reads a line without holding up what goes on meanwhile. */
async function askLine(question: string): Promise<string | null> {
  writeAll(Deno.stderr, new TextEncoder().encode(question));
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1024);
  let line = "";
  while (!line.includes("\n")) {
    const length = await Deno.stdin.read(buffer);
    if (length === null) return line === "" ? null : line;
    line += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
  return line.slice(0, line.indexOf("\n"));
}

/** For texts of which there are many: new memory for each costs more than encoding it. */
let room = new Uint8Array(0);
const LARGEST_ROOM = 0x100000;

function encoded(text: string, encoder: TextEncoder): Uint8Array {
  // A UTF-16 unit becomes three bytes at most.
  const needed = 3 * text.length;
  if (needed > LARGEST_ROOM) return encoder.encode(text);
  if (needed > room.length) room = new Uint8Array(needed);
  return room.subarray(0, encoder.encodeInto(text, room).written);
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    try {
      written += stream.writeSync(bytes.subarray(written));
    } catch (error) {
      // `smbench ... | head`: nobody reads any more.
      if (error instanceof Deno.errors.BrokenPipe) return;
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    }
  }
}

function size(): { readonly columns: number; readonly rows: number } {
  try {
    return Deno.consoleSize();
  } catch {
    return DEFAULT_SIZE;
  }
}
