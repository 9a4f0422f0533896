/** The private server of a benchmark: connections to it, its processors, and Samba's own programs beside us. */
import {
  Connection,
  connectTcp,
  ntlmAuthenticator,
  type SessionSetupOptions,
  type Tree,
} from "../../../runtime/client/mod.ts";
import type { Smbd } from "../../harness/smbd.ts";
import { findTool, run } from "../../harness/tools.ts";

/** A connection that has negotiated. */
export async function connected(smbd: Smbd): Promise<Connection> {
  const connection = Connection.connect(
    await connectTcp({ hostname: smbd.host, port: smbd.port }),
  );
  await connection.negotiate();
  return connection;
}

/** Logs in and connects the share; unsigned unless told. */
export async function treeOf(
  smbd: Smbd,
  connection: Connection,
  options: SessionSetupOptions = {},
): Promise<Tree> {
  const { user, password } = smbd;
  const session = await connection.session(ntlmAuthenticator({ user, password }), options);
  return session.tree(`\\\\${smbd.host}\\${smbd.shareName}`);
}

/** A benchmark of smbtorture. */
export interface TortureBench {
  readonly name: string;
  /** Such as `nprocs=4`. */
  readonly options: readonly string[];
  /** Finds the rate in what is printed; the last one counts. */
  readonly pattern: RegExp;
}

/** smbtorture's own rate, from the last line it prints; null where it is not installed. */
export async function smbtorture(
  smbd: Smbd,
  seconds: number,
  bench: TortureBench,
): Promise<number | null> {
  const program = findTool("smbtorture");
  if (program === undefined) return null;
  const { stdout, stderr } = await run(program, {
    args: [
      ...accountArguments(smbd),
      `--option=torture:timelimit=${Math.max(1, Math.round(seconds))}`,
      ...bench.options.map((option) => `--option=torture:${option}`),
      bench.name,
    ],
  });
  const found = [...`${stdout}\n${stderr}`.matchAll(bench.pattern)].at(-1)?.[1];
  return found === undefined ? null : Number(found);
}

/** What smbclient and smbtorture are told about where to go and who goes there. */
export function accountArguments(smbd: Smbd): string[] {
  return [
    `//${smbd.host}/${smbd.shareName}`,
    "-p",
    String(smbd.port),
    `-U${smbd.user}%${smbd.password}`,
  ];
}

/**
 * Gives this process (and what it starts) some processors and the server others, as taskset(1) lists them. Nothing
 * happens on a machine with one processor, or without taskset.
 */
export async function pin(
  smbd: Smbd,
  processors: { readonly client: string; readonly server: string },
): Promise<boolean> {
  if (navigator.hardwareConcurrency < 2) return false;
  try {
    await taskset(processors.client, String(Deno.pid));
    for (const pid of await smbdPids(smbd.port)) await taskset(processors.server, pid);
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
}

async function taskset(processors: string, pid: string): Promise<void> {
  await new Deno.Command("taskset", {
    args: ["-apc", processors, pid],
    stdout: "null",
    // A process that has ended by now is no loss.
    stderr: "null",
  }).output();
}

/** Process ids of the server, by the smb.conf that names its port. */
async function smbdPids(port: number): Promise<string[]> {
  const pids: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    const configuration = /--configfile=([^\0]+)/.exec(line)?.[1];
    if (configuration === undefined) continue;
    const text = await Deno.readTextFile(configuration).catch(() => "");
    if (text.includes(`smb ports = ${port}\n`)) pids.push(name);
  }
  return pids;
}
