// deno-lint-ignore-file no-console
/**
 * Many users against a private Samba (a process of its own for each), each with a file of its own, at 0.2 operations per
 * second and user; then the same by go-smb2:
 * `deno run -A tests/bench/samba_users_bench.ts [--users 5000] [--seconds 110] [--stagger 50] [--think 20] [--embedded]`.
 *
 * With `--embedded` the server in memory takes Samba's place, and there is no other client to compare with. Printed are
 * operations per second, failures, times, how late operations were, and the memory of smbench's process for each user.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { startSmbd } from "../harness/smbd.ts";
import { missingTools } from "../harness/tools.ts";
import { buildGoSmb2, goUsers } from "./lib/peers.ts";

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
const SCENARIO = decodeURIComponent(new URL("./lib/user_files.ts", import.meta.url).pathname);

interface Load {
  readonly users: number;
  readonly seconds: number;
  readonly stagger: number;
  readonly think: number;
}

/** Resident KiB of a process; 0 when it has ended. */
function residentOf(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

async function ours(
  load: Load,
  target: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const report = await Deno.makeTempFile({ suffix: ".json" });
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      // As `deno task smbench` has it.
      "--v8-flags=--max-semi-space-size=4",
      "--config",
      `${ROOT}deno.json`,
      `${ROOT}runtime/cli/main.ts`,
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
      report,
      "--quiet",
    ],
    env: { ...env },
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const resident: number[] = [];
  const sampling = setInterval(() => resident.push(residentOf(child.pid)), 500);
  const { code } = await child.status;
  clearInterval(sampling);
  const { summary, notes } = JSON.parse(await Deno.readTextFile(report));
  await Deno.remove(report);
  const files = summary.commands.filter(({ command }: { command: string }) =>
    /^(CREATE|WRITE|READ|CLOSE)$/.test(command)
  );
  const first = resident.find((size) => size > 0) ?? 0;
  console.log(
    `smbench: exit code ${code}, ${load.users} users, ${
      (summary.sent / (summary.duration / 1000)).toFixed(0)
    } operations/s, ${
      summary.mismatched + summary.unanswered
    } of ${summary.sent} failed, ${summary.iterations.failed} of ${summary.iterations.count} iterations failed`,
  );
  for (const { command, latency } of files) {
    console.log(
      `  ${command.padEnd(8)} p50 ${latency.p50.toFixed(2)} ms, p99 ${latency.p99.toFixed(1)} ms`,
    );
  }
  const highest = Math.max(...resident);
  console.log(
    `  memory ${(highest / 1024).toFixed(0)} MiB, ${
      ((highest - first) / load.users).toFixed(1)
    } KiB for each user beyond the first ${(first / 1024).toFixed(0)} MiB`,
  );
  for (const note of notes) console.log(`  note: ${note}`);
}

if (import.meta.main) {
  const flags = parseArgs(Deno.args, {
    string: ["users", "seconds", "stagger", "think"],
    boolean: ["embedded"],
  });
  const load = {
    users: Number(flags.users ?? 200),
    seconds: Number(flags.seconds ?? 15),
    stagger: Number(flags.stagger ?? 4),
    think: Number(flags.think ?? 5),
  };
  if (flags.embedded === true) {
    await ours(load, [], {});
    Deno.exit();
  }
  if (missingTools(["smbd"]) !== undefined) {
    console.error("Cannot run the benchmark of many users: smbd is not installed");
    Deno.exit(1);
  }
  {
    await using smbd = await startSmbd();
    await ours(load, ["--target", smbd.target, "--user", smbd.user], {
      SMBENCH_PASSWORD: smbd.password,
    });
  }
  const folder = await Deno.makeTempDir({ prefix: "smbench-peers-" });
  try {
    const built = await buildGoSmb2(folder);
    console.log(built.told);
    // A server of its own: that of the first run has thousands of processes to end.
    await using smbd = await startSmbd();
    const other = await goUsers(built, smbd, load);
    if (other !== null) {
      console.log(
        `go-smb2: ${
          (other.count / other.seconds).toFixed(0)
        } operations/s, ${other.failed} failed, p50 ${other.p50.toFixed(2)} ms, p99 ${
          other.p99.toFixed(1)
        } ms`,
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
