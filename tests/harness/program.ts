/**
 * smbench as a process of its own, with the permissions that its task gives it: for what only processes have, such as
 * signals, exit codes and an environment.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** A program that runs. Disposing of it kills it. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  /** Resolves once both outputs together match; rejects when the program ends without that. */
  said(pattern: RegExp): Promise<void>;
  signal(signal: Deno.Signal): void;
  /** Resolves once the program has taken all of its input, but for what a pipe holds; at once where it has none. */
  readonly fed: Promise<void>;
  readonly ended: Promise<Ended>;
}

/** How a program ended. */
export interface Ended {
  readonly code: number;
  /** The signal that killed it; null when it ended by itself. */
  readonly signal: Deno.Signal | null;
  readonly out: string;
  readonly err: string;
}

/** What to start the program with. */
export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes of standard input; none unless given. */
  readonly input?: Uint8Array;
  /** Whether it may do everything: only then does Deno let it open devices. */
  readonly all?: boolean;
}

/** Starts smbench. */
export function startProgram(args: readonly string[], options: ProgramOptions = {}): Program {
  const { env = {}, input, all = false } = options;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      ...all ? ["--allow-all"] : taskFlags(),
      "runtime/cli/main.ts",
      ...args,
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let fed = Promise.resolve();
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    fed = writer.write(input).catch(() => {});
    void fed.then(() => writer.close()).catch(() => {});
  }
  const texts = { out: "", err: "" };
  const waiting = new Set<() => void>();
  const collect = async (name: "out" | "err", stream: ReadableStream<Uint8Array>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      texts[name] += text;
      for (const look of [...waiting]) look();
    }
  };
  const reading = Promise.all([collect("out", child.stdout), collect("err", child.stderr)]);
  const ended = reading.then(async () => {
    const { code, signal } = await child.status;
    return { code, signal, ...texts };
  });
  return {
    pid: child.pid,
    fed,
    ended,
    signal: (signal) => child.kill(signal),
    said(pattern) {
      return new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(texts.out + texts.err)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        void ended.then(({ out, err }) =>
          reject(new Error(`Cannot wait for ${pattern}: the program ended\n${out}${err}`))
        );
      });
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await ended;
    },
  };
}

/** Runs smbench to its end. */
export async function runProgram(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  await using program = startProgram(args, options);
  return await program.ended;
}

let flags: readonly string[] | undefined;

function taskFlags(): readonly string[] {
  if (flags !== undefined) return flags;
  const { tasks: { smbench } } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const found = / deno run (.+) runtime\/cli\/main\.ts$/.exec(smbench)?.[1];
  if (found === undefined) throw new Error(`Cannot find the program's flags in ${smbench}`);
  return flags = found.split(" ");
}
