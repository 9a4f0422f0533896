/**
 * A private Samba server for interop tests: its own directories, its own loopback port, gone when the test ends.
 *
 * It runs as whoever runs the tests. Every user name of the test authenticates on its own, and all of them act as that
 * Unix account: only root could do otherwise, and a test must not depend on being root.
 *
 * @module
 */

import {
  DIRECTORIES,
  madeUpAccounts,
  passwdLines,
  passwordLine,
  smbConf,
  type SmbdOptions,
  unixAccount,
} from "./smb_conf.ts";
import { requireTool } from "./tools.ts";

export type { Protocol, SmbdOptions } from "./smb_conf.ts";

/** A running private server. Dispose of it with `await using` or `stop()`. */
export interface Smbd extends AsyncDisposable {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** The share to use: `share`; besides it there are `ro` (read only) and `enc` (encryption required). */
  readonly shareName: "share";
  /** Where the files of `share` are. */
  readonly shareDirectory: string;
  /** Where the files of `ro` are. */
  readonly readOnlyDirectory: string;
  /** Where the files of `enc` are. */
  readonly encryptedDirectory: string;
  readonly user: string;
  readonly password: string;
  /** `smb://127.0.0.1:port/share`. */
  readonly target: string;
  /** What the server logged so far. */
  log(): Promise<string>;
  /** Ends the server and every process it started, and removes its directories. */
  stop(): Promise<void>;
}

const DEFAULT_PASSWORD = "smbench-Pa55word";
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;
const PORT_ATTEMPTS = 5;
/** Below the ports that Linux hands out by itself (net.ipv4.ip_local_port_range), so that no client takes one. */
const PORTS = { first: 20_000, count: 12_000 };

/**
 * Starts a private server and waits until it accepts connections.
 *
 * @throws {Deno.errors.NotFound} smbd is not installed.
 * @throws {Error} The server ended before it was ready; the message carries the end of its log.
 */
export async function startSmbd(options: SmbdOptions = {}): Promise<Smbd> {
  const program = requireTool("smbd");
  for (let attempt = 1;; attempt++) {
    const root = await Deno.makeTempDir({ prefix: "smbench-smbd-" });
    const server = await start({ program, root, port: candidatePort(), options });
    if (await listenersOn(server.port) <= 1) return server;
    await server.stop();
    if (attempt === PORT_ATTEMPTS) {
      throw new Error(`Cannot start smbd: ${PORT_ATTEMPTS} ports in a row were taken`);
    }
  }
}

async function start(setup: {
  readonly program: string;
  readonly root: string;
  readonly port: number;
  readonly options: SmbdOptions;
}): Promise<Smbd> {
  const { program, root, port, options } = setup;
  const users = options.users ?? ["smbench"];
  const user = users[0];
  if (user === undefined) throw new RangeError("Cannot start smbd: the list of users is empty");
  const password = options.password ?? DEFAULT_PASSWORD;
  const account = await unixAccount();
  for (const name of DIRECTORIES) await Deno.mkdir(`${root}/${name}`, { mode: 0o755 });
  const own = options.accounts ?? [];
  const ownUnix = madeUpAccounts(account, own.map(({ name }) => name));
  const passwords = [
    passwordLine(account, password),
    ...ownUnix.map((one, index) => passwordLine(one, own[index]?.password ?? "")),
  ];
  await Deno.writeTextFile(`${root}/smbpasswd`, passwords.join(""), { mode: 0o600 });
  if (own.length > 0) {
    const system = await Deno.readTextFile("/etc/passwd");
    await Deno.writeTextFile(`${root}/passwd`, system + passwdLines(ownUnix));
  }
  await Deno.writeTextFile(`${root}/users.map`, `${account.name} = ${users.join(" ")}\n`);
  const configuration = `${root}/smb.conf`;
  await Deno.writeTextFile(configuration, smbConf({ root, port, account, options }));

  const inNamespace = [
    "--mount",
    ...account.uid === 0 ? [] : ["--map-root-user"],
    "sh",
    "-c",
    'mount --bind "$0" /etc/passwd && exec "$@"',
    `${root}/passwd`,
    program,
  ];
  const child = new Deno.Command(own.length > 0 ? "unshare" : program, {
    cwd: root,
    // A pipe as standard input: a foreground smbd ends when it closes, also when the test process is killed.
    args: [
      ...own.length > 0 ? inNamespace : [],
      "--foreground",
      `--configfile=${configuration}`,
      `--debuglevel=${options.logLevel ?? 1}`,
    ],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();

  const log = async () => {
    try {
      return await Deno.readTextFile(`${root}/log`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  };
  const kill = async () => {
    await endProcess(child);
    await killLeftovers(configuration);
  };
  try {
    const withinMs = options.readyWithinMs ?? READY_WITHIN_MS;
    await untilReady({ child, port, names: `${root}/lock/names.tdb`, withinMs });
  } catch (error) {
    await kill();
    const said = tail(await log());
    await Deno.remove(root, { recursive: true });
    throw new Error(`Cannot start smbd: it did not become ready\n${said}`, { cause: error });
  }

  let stopped: Promise<void> | undefined;
  const stop = () =>
    stopped ??= (async () => {
      await kill();
      if (Deno.env.get("SMBENCH_KEEP_LOGS") !== undefined) {
        await Deno.copyFile(`${root}/log`, `${root}.log`);
      }
      await Deno.remove(root, { recursive: true });
    })();
  return {
    host: "127.0.0.1",
    port,
    shareName: "share",
    shareDirectory: `${root}/share`,
    readOnlyDirectory: `${root}/ro`,
    encryptedDirectory: `${root}/enc`,
    user,
    password,
    target: `smb://127.0.0.1:${port}/share`,
    log,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A port on which nothing listens at this moment. */
function candidatePort(): number {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/**
 * How many sockets listen on a port. smbd sets SO_REUSEPORT, so two servers started at once can end up sharing a port,
 * each getting some of the connections; both see it here and move away.
 */
async function listenersOn(port: number): Promise<number> {
  const table = await Deno.readTextFile("/proc/net/tcp");
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
  return table.split("\n").filter((line) => line.includes(local)).length;
}

/**
 * Ready means that a connection is accepted, and that the notify daemon has entered its name, as it does on its own time:
 * without it a TREE_CONNECT gets NO_MEMORY. Until then smbd refuses connections at once, so asking again costs little.
 */
async function untilReady(wait: {
  readonly child: Deno.ChildProcess;
  readonly port: number;
  /** The database of processes that have names. */
  readonly names: string;
  readonly withinMs: number;
}): Promise<void> {
  const deadline = performance.now() + wait.withinMs;
  const ended = wait.child.status.then((status) => ({ status }));
  while (performance.now() < deadline) {
    if (await isAccepting(wait.port) && await isNamed(wait.names, "notify-daemon")) return;
    const result = await Promise.race([ended, pause(10)]);
    if (result !== undefined) {
      throw new Error(`Cannot reach smbd: it ended with code ${result.status.code}`);
    }
  }
  throw new Error(`Cannot reach smbd: no answer on port ${wait.port} in ${wait.withinMs} ms`);
}

async function isAccepting(port: number): Promise<boolean> {
  try {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

async function isNamed(names: string, process: string): Promise<boolean> {
  try {
    return new TextDecoder("latin1").decode(await Deno.readFile(names)).includes(process);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function endProcess(child: Deno.ChildProcess): Promise<void> {
  await child.stdin.close().catch(ignoreClosed);
  try {
    child.kill("SIGTERM");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // It has ended already.
  }
  const timer = new AbortController();
  const late = pause(STOP_WITHIN_MS, timer.signal).then(() => "late");
  if (await Promise.race([child.status, late]) === "late") {
    child.kill("SIGKILL");
    await child.status;
  }
  timer.abort();
}

function ignoreClosed(error: unknown): void {
  if (!(error instanceof TypeError) && !(error instanceof Deno.errors.BrokenPipe)) throw error;
}

/** Ends forked children that outlived their parent: those, and only those, whose command line names our smb.conf. */
async function killLeftovers(configuration: string): Promise<void> {
  const deadline = performance.now() + STOP_WITHIN_MS;
  while (performance.now() < deadline) {
    const processes = await processesNaming(configuration);
    if (processes.length === 0) return;
    for (const pid of processes) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    await pause(5);
  }
  throw new Error("Cannot stop smbd: some of its processes do not end");
}

/** The processes whose command line contains a text. Empty where there is no /proc. */
export async function processesNaming(text: string): Promise<number[]> {
  const pids: number[] = [];
  try {
    for await (const entry of Deno.readDir("/proc")) {
      const pid = Number(entry.name);
      if (!Number.isInteger(pid) || pid === Deno.pid) continue;
      try {
        if ((await Deno.readTextFile(`/proc/${pid}/cmdline`)).includes(text)) pids.push(pid);
      } catch {
        // The process ended meanwhile, or is not ours to look at.
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return pids;
}

function pause(ms: number, signal?: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      resolve(undefined);
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

function tail(text: string): string {
  return text.split("\n").slice(-30).join("\n");
}
