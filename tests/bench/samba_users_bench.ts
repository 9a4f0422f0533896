// deno-lint-ignore-file no-console
/**
 * Many users against a private Samba (a process of its own for each), each with an account and a file of its own, at 0.2
 * operations per second and user; then the same operations by go-smb2, which signs them:
 * `deno run -A tests/bench/samba_users_bench.ts [--users 5000] [--seconds 110] [--stagger 50] [--think 20]
 * [--executable ./smbench] [--embedded | --server]`.
 *
 * With `--embedded` the server in memory takes Samba's place, in smbench's own process, with `--server` in another one;
 * there is no other client to compare with then. Printed are operations per second, failures, times of all operations on
 * files and of each kind, how late operations were, and the processor time and memory of smbench's process.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { startSmbd } from "../harness/smbd.ts";
import { missingTools } from "../harness/tools.ts";
import { accountsOf, PASSWORD, PATTERN } from "./lib/accounts.ts";
import { buildGoSmb2, goUsers, type Times } from "./lib/peers.ts";
import { ProcessFigures } from "./lib/process_figures.ts";
import { ACCOUNT, startServerProcess } from "./lib/server_process.ts";
import { taskFlags } from "./lib/task_flags.ts";

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
const SCENARIO = decodeURIComponent(new URL("./lib/user_files.ts", import.meta.url).pathname);

/** What a round of a user consists of. */
const COMMANDS = ["CREATE", "WRITE", "READ", "CLOSE"];

interface Load {
  readonly users: number;
  readonly seconds: number;
  readonly stagger: number;
  readonly think: number;
  /** The program; from the sources unless given. */
  readonly executable: string | undefined;
}

/** Times of operations on files, from a file of `--out csv`. */
async function timesOf(path: string): Promise<Times> {
  const byCommand = new Map<string, number[]>(COMMANDS.map((command) => [command, []]));
  for (const line of (await Deno.readTextFile(path)).split("\n")) {
    const [metric, , value, command = ""] = line.split(",");
    if (metric === "smb_op_duration") byCommand.get(command)?.push(Number(value));
  }
  const all = [...byCommand.values()].flat();
  return {
    all: quantiles(all),
    commands: Object.fromEntries([...byCommand].map(([name, own]) => [name, quantiles(own)])),
  };
}

function quantiles(values: number[]): { p50: number; p99: number } {
  values.sort((a, b) => a - b);
  const at = (part: number) => values[Math.floor(part * (values.length - 1))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

function told({ all, commands }: Times): void {
  for (const name of ["all", ...COMMANDS]) {
    const { p50, p99 } = commands[name] ?? all;
    console.log(`  ${name.padEnd(8)} p50 ${p50.toFixed(3)} ms, p99 ${p99.toFixed(1)} ms`);
  }
}

async function ours(
  load: Load,
  target: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Times> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-users-" });
  const program = load.executable === undefined
    ? [Deno.execPath(), "run", ...taskFlags(), `${ROOT}runtime/cli/main.ts`]
    : [load.executable];
  const [command = "", ...before] = program;
  const child = new Deno.Command(command, {
    args: [
      ...before,
      "run",
      SCENARIO,
      ...target,
      "--users",
      String(load.users),
      "--duration",
      `${load.seconds}s`,
      "--stagger",
      `${load.stagger}s`,
      "--think",
      `${load.think * 0.9}s..${load.think * 1.1}s`,
      "--summary-json",
      `${folder}/summary.json`,
      "--out",
      `csv=${folder}/values.csv`,
      "--quiet",
    ],
    env: { ...env },
    cwd: ROOT,
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const figures = new ProcessFigures(child.pid);
  const { code } = await child.status;
  figures.stop();
  const { summary, notes } = JSON.parse(await Deno.readTextFile(`${folder}/summary.json`));
  const times = await timesOf(`${folder}/values.csv`);
  await Deno.remove(folder, { recursive: true });
  console.log(
    `smbench: exit code ${code}, ${load.users} users, ${
      (summary.sent / (summary.duration / 1000)).toFixed(0)
    } operations/s, ${
      summary.mismatched + summary.unanswered
    } of ${summary.sent} failed, ${summary.iterations.failed} of ${summary.iterations.count} iterations failed`,
  );
  told(times);
  const { peak, cpuSeconds } = figures;
  console.log(
    `  memory ${(peak / 1024).toFixed(0)} MiB, ${
      (peak / load.users).toFixed(1)
    } KiB for each user; ${cpuSeconds.toFixed(0)} s of processor time; lag p99 ${
      summary.lag.p99.toFixed(1)
    } ms`,
  );
  for (const note of notes) console.log(`  note: ${note}`);
  return times;
}

/** go-smb2 at the same load, on a server of its own: that of the first run has thousands of processes to end. */
async function compared(load: Load, times: Times): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-peers-" });
  try {
    const built = await buildGoSmb2(folder);
    console.log(built.told);
    await using smbd = await startSmbd({ accounts: accountsOf(load.users) });
    const account = { user: PATTERN, password: PASSWORD };
    const other = await goUsers(built, { ...smbd, ...account }, load);
    if (other === null) return;
    const rate = (other.count / other.seconds).toFixed(0);
    console.log(`go-smb2: ${rate} operations/s, ${other.failed} failed`);
    told(other.times);
    const ratio = times.all.p50 / other.times.all.p50;
    console.log(`p50 of all operations: smbench ${ratio.toFixed(2)} times go-smb2`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const flags = parseArgs(Deno.args, {
    string: ["users", "seconds", "stagger", "think", "executable"],
    boolean: ["embedded", "server"],
  });
  const load = {
    users: Number(flags.users ?? 200),
    seconds: Number(flags.seconds ?? 15),
    stagger: Number(flags.stagger ?? 4),
    think: Number(flags.think ?? 5),
    executable: flags.executable,
  };
  const env = { SMBENCH_PASSWORD: PASSWORD };
  if (flags.embedded === true) await ours(load, [], {});
  else if (flags.server === true) {
    await using server = await startServerProcess(load.users);
    const target = `smb://127.0.0.1:${server.port}/${ACCOUNT.share}`;
    await ours(load, ["--target", target, "--user", PATTERN], env);
  } else {
    if (missingTools(["smbd"]) !== undefined) {
      console.error("Cannot run the benchmark of many users: smbd is not installed");
      Deno.exit(1);
    }
    let times: Times;
    {
      await using smbd = await startSmbd({ accounts: accountsOf(load.users) });
      times = await ours(load, ["--target", smbd.target, "--user", PATTERN], env);
    }
    await compared(load, times);
  }
}
