/**
 * A private Samba server for interop tests: its own directories, its own loopback port, gone when the test ends.
 *
 * It runs as whoever runs the tests. Every user name of the test authenticates on its own, and all of them act as that
 * Unix account: only root could do otherwise, and a test must not depend on being root.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { requireTool } from "./tools.ts";

/** Settings of one private server. All are optional. */
export interface SmbdOptions {
  /** Names that may log in, all with `password`; the first is `smbd.user`. */
  readonly users?: readonly string[];
  /** The password of every user. */
  readonly password?: string;
  /** The lowest dialect, in smb.conf spelling. */
  readonly minProtocol?: Protocol;
  /** The highest dialect, in smb.conf spelling. */
  readonly maxProtocol?: Protocol;
  /** Whether the server signs: only when the client requires it, when offered, or always. */
  readonly signing?: "auto" | "mandatory" | "disabled";
  /** Oplocks and leases; on unless false. */
  readonly leases?: boolean;
  /** More than one connection for a session; off unless true. */
  readonly multichannel?: boolean;
  /** Unknown users become the guest; off unless true. */
  readonly guest?: boolean;
  /** Samba's `log level`; 1 unless given. */
  readonly logLevel?: number;
  /** Further lines for the `[global]` section. */
  readonly global?: Readonly<Record<string, string>>;
  /** Further lines for every share. */
  readonly share?: Readonly<Record<string, string>>;
  /** How long to wait until the server answers, in milliseconds. */
  readonly readyWithinMs?: number;
}

/** A dialect as smb.conf spells it. */
export type Protocol = "SMB2_02" | "SMB2_10" | "SMB3_00" | "SMB3_02" | "SMB3_11";

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
const READY_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 5_000;
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
  await Deno.writeTextFile(`${root}/smbpasswd`, passwordFile(account, password), { mode: 0o600 });
  await Deno.writeTextFile(`${root}/users.map`, `${account.name} = ${users.join(" ")}\n`);
  const configuration = `${root}/smb.conf`;
  await Deno.writeTextFile(configuration, smbConf({ root, port, account, options }));

  const child = new Deno.Command(program, {
    cwd: root,
    // A pipe as standard input: a foreground smbd ends when it closes, also when the test process is killed.
    args: [
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
    await untilReady({ child, port, withinMs: options.readyWithinMs ?? READY_WITHIN_MS });
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

const DIRECTORIES = [
  "cache",
  "lock",
  "ncalrpc",
  "pid",
  "private",
  "state",
  "winbindd",
  "share",
  "ro",
  "enc",
];

interface UnixAccount {
  readonly name: string;
  readonly uid: number;
  readonly group: string;
}

/** The account behind every user: whoever runs the tests. smbd looks it up by name. */
async function unixAccount(): Promise<UnixAccount> {
  const id = async (flag: string) => {
    const { stdout } = await new Deno.Command("id", { args: [flag] }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  return { name: await id("-un"), uid: Number(await id("-u")), group: await id("-gn") };
}

/** The smbpasswd(5) file, written here because the tools that write it insist on being root. */
function passwordFile(account: UnixAccount, password: string): string {
  // The NT hash is MD4 over the UTF-16LE password (MS-NLMP 3.3.1, NTOWFv1).
  const hash = createHash("md4").update(Buffer.from(password, "utf16le")).digest("hex");
  const noLmHash = "X".repeat(32);
  return `${account.name}:${account.uid}:${noLmHash}:${hash.toUpperCase()}:[U          ]:LCT-65000000:\n`;
}

function smbConf(setup: {
  readonly root: string;
  readonly port: number;
  readonly account: UnixAccount;
  readonly options: SmbdOptions;
}): string {
  const { root, port, account, options } = setup;
  const leases = options.leases ?? true;
  const global: Record<string, string> = {
    "server role": "standalone server",
    "workgroup": "SMBENCH",
    "netbios name": "SMBENCHTEST",
    "smb ports": String(port),
    "bind interfaces only": "yes",
    "interfaces": "127.0.0.1/8",
    "disable netbios": "yes",
    "passdb backend": `smbpasswd:${root}/smbpasswd`,
    "username map": `${root}/users.map`,
    "guest account": account.name,
    "map to guest": options.guest === true ? "Bad User" : "Never",
    "private dir": `${root}/private`,
    "pid directory": `${root}/pid`,
    "lock directory": `${root}/lock`,
    "state directory": `${root}/state`,
    "cache directory": `${root}/cache`,
    "ncalrpc dir": `${root}/ncalrpc`,
    "winbindd socket directory": `${root}/winbindd`,
    "usershare path": "",
    "log file": `${root}/log`,
    "max log size": "0",
    "logging": "file",
    "debug pid": "yes",
    "load printers": "no",
    "printing": "bsd",
    "printcap name": "/dev/null",
    "disable spoolss": "yes",
    "server min protocol": options.minProtocol ?? "SMB2_02",
    "server max protocol": options.maxProtocol ?? "SMB3_11",
    "server signing": options.signing ?? "auto",
    "server multi channel support": options.multichannel === true ? "yes" : "no",
    "smb2 leases": leases ? "yes" : "no",
    "kernel change notify": "yes",
    "strict sync": "no",
    ...options.global,
  };
  const everyShare: Record<string, string> = {
    "oplocks": leases ? "yes" : "no",
    "level2 oplocks": leases ? "yes" : "no",
    "kernel oplocks": "no",
    "kernel share modes": "no",
    "posix locking": "no",
    "strict locking": "auto",
    "durable handles": "yes",
    "create mask": "0777",
    "directory mask": "0777",
    "force user": account.name,
    "force group": account.group,
    "guest ok": options.guest === true ? "yes" : "no",
    // Kept in extended attributes where the file system has them, and silently not kept elsewhere.
    "store dos attributes": "yes",
    "ea support": "yes",
    ...options.share,
  };
  return [
    section("global", global),
    section("share", { path: `${root}/share`, "read only": "no", ...everyShare }),
    section("ro", { path: `${root}/ro`, "read only": "yes", ...everyShare }),
    section("enc", {
      path: `${root}/enc`,
      "read only": "no",
      "smb encrypt": "required",
      ...everyShare,
    }),
  ].join("\n");
}

function section(name: string, settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([key, value]) => `\t${key} = ${value}\n`);
  return `[${name}]\n${lines.join("")}`;
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

/** Ready means that a connection is accepted; until then smbd refuses it at once, so asking again costs little. */
async function untilReady(wait: {
  readonly child: Deno.ChildProcess;
  readonly port: number;
  readonly withinMs: number;
}): Promise<void> {
  const deadline = performance.now() + wait.withinMs;
  const ended = wait.child.status.then((status) => ({ status }));
  while (performance.now() < deadline) {
    try {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: wait.port });
      connection.close();
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
    const result = await Promise.race([ended, pause(10)]);
    if (result !== undefined) {
      throw new Error(`Cannot reach smbd: it ended with code ${result.status.code}`);
    }
  }
  throw new Error(`Cannot reach smbd: no answer on port ${wait.port} in ${wait.withinMs} ms`);
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
