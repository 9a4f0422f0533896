/** Runs of the program and of scripts within a test: fake streams, and a server in memory. */
import { main } from "../../runtime/cli/main.ts";
import type { Terminal } from "../../runtime/cli/terminal.ts";
import { nativeBackend, ntlmAuthenticator } from "../../runtime/client/mod.ts";
import type { BreakRecord, IterationRecord, OperationRecord } from "../../runtime/measure/mod.ts";
import { readRows } from "../../runtime/sandbox/mod.ts";
import { type Clock, PreciseClock } from "../../runtime/schedule/mod.ts";
import {
  Definition,
  execute,
  type LoadOverrides,
  type LoadPart,
  type RunHandle,
  type RunHost,
  type RunOptions,
  type Scenario,
} from "../../runtime/script/mod.ts";
import { ServerHost, type ServerOptions } from "../../runtime/server/mod.ts";
import { transportPair } from "../../runtime/transport/mod.ts";

/** What a run of the program gave. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program in this process. */
export async function smbench(
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly secret?: string;
    /** Answers to questions, in order; nobody is there unless given. */
    readonly answers?: readonly string[];
    /** Whether a terminal is there to show progress. */
    readonly interactive?: boolean;
    readonly interruptAfter?: (text: string) => boolean;
    /** How often; once unless given. */
    readonly interruptions?: number;
  } = {},
): Promise<Ran> {
  let out = "";
  let err = "";
  let asked = 0;
  const interrupts = new Set<() => void>();
  const heard = (text: string) => {
    if (options.interruptAfter?.(text) !== true) return;
    for (let i = 0; i < (options.interruptions ?? 1); i++) {
      for (const interrupt of interrupts) interrupt();
    }
  };
  const terminal: Terminal = {
    out(text) {
      out += text;
      heard(text);
    },
    outBytes(bytes) {
      this.out(new TextDecoder().decode(bytes));
    },
    err(text) {
      err += text;
      heard(text);
    },
    colors: false,
    interactive: options.interactive === true,
    columns: 80,
    rows: 24,
    env: (name) => options.env?.[name],
    ask(question) {
      err += question;
      return Promise.resolve(options.answers?.[asked++] ?? null);
    },
    secret: () => Promise.resolve(options.secret ?? null),
    onInterrupt(callback) {
      interrupts.add(callback);
      return () => interrupts.delete(callback);
    },
  };
  const code = await main(args, terminal);
  return { code, out, err };
}

/** What a script did. */
export interface Played {
  readonly failed: boolean;
  readonly error: unknown;
  readonly operations: readonly OperationRecord[];
  readonly breaks: readonly BreakRecord[];
  readonly iterations: readonly IterationRecord[];
  readonly handle: RunHandle;
  readonly notes: readonly string[];
  readonly log: readonly string[];
}

const ACCOUNT = { user: "alice", domain: "", password: "secret" };

/** Plays a script in this thread against a server in memory: no port, no worker. */
export async function play(
  scenario: Scenario,
  options:
    & Partial<RunOptions>
    & {
      readonly params?: Readonly<Record<string, string>>;
      readonly blobs?: Readonly<Record<string, Uint8Array>>;
      /** Where rows and other blobs lie. */
      readonly folder?: string;
      readonly serving?: Partial<ServerOptions>;
      readonly load?: LoadOverrides;
      readonly part?: LoadPart;
      /** Time; the machine's unless given. */
      readonly clock?: Clock;
      /** Lets an operation go; all go at once unless given. */
      readonly step?: (operation: string) => Promise<void>;
    } = {},
): Promise<Played> {
  const server = new ServerHost({
    shares: [{ name: "share" }],
    users: [{ name: ACCOUNT.user, password: ACCOUNT.password }],
    ...options.serving,
  });
  const operations: OperationRecord[] = [];
  const breaks: BreakRecord[] = [];
  const iterations: IterationRecord[] = [];
  const notes: string[] = [];
  const log: string[] = [];
  const host: RunHost = {
    backend: nativeBackend,
    clock: options.clock ?? new PreciseClock(),
    ...options.step === undefined ? {} : { step: options.step },
    dial() {
      const [ours, theirs] = transportPair();
      server.serve(theirs);
      return Promise.resolve(ours);
    },
    authenticator(credentials) {
      if (credentials === "anonymous") {
        return ntlmAuthenticator({ user: "", domain: "", password: "" });
      }
      const password = credentials === "wrong" ? "not it" : ACCOUNT.password;
      return ntlmAuthenticator({ ...ACCOUNT, password });
    },
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    blob(path) {
      const bytes = options.blobs?.[path];
      if (bytes === undefined && options.folder !== undefined) {
        return Deno.readFile(`${options.folder}/${path}`);
      }
      return bytes === undefined
        ? Promise.reject(new Error(`Cannot read blob ${path}`))
        : Promise.resolve(bytes);
    },
    rows: (path, offset) => readRows(options.folder ?? "", path, offset),
    record: (record) => void operations.push(record),
    broke: (record) => void breaks.push(record),
    iterated: (record) => void iterations.push(record),
    note: (message) => void notes.push(message),
    log: (message) => void log.push(message),
  };
  if (!(scenario instanceof Definition)) throw new TypeError("Cannot play: this is no scenario");
  const handle = execute(scenario, host, {
    server: "server",
    share: "share",
    shares: {},
    root: "",
    speed: 1,
    asap: false,
    timeout: 60,
    params: {},
    ...options,
    blobs: Object.keys(options.blobs ?? {}),
  });
  const { failed, error } = await handle.finished;
  await server.close();
  operations.sort((a, b) => a.id - b.id);
  return { failed, error, operations, breaks, iterations, handle, notes, log };
}

/** Throws what a script died of. */
export function passed(played: Played): Played {
  if (played.failed) throw played.error;
  return played;
}
