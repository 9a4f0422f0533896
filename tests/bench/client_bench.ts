// deno-lint-ignore-file no-console
/**
 * The client against a private Samba, beside Samba's own tools in the same run:
 * `deno run -A tests/bench/client_bench.ts [--seconds 2] [--rounds 5]`.
 *
 * Both sides of each pair alternate (A B A B), so that a busy machine troubles both alike; printed are medians and the
 * ratio of medians. Where there are two processors, the client has one and the server the other.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { ntlmAuthenticator, type SigningMode } from "../../runtime/client/mod.ts";
import { type Smbd, startSmbd } from "../harness/smbd.ts";
import { findTool, missingTools, run } from "../harness/tools.ts";
import { connected, pin, smbtorture, treeOf } from "./lib/samba.ts";
import { measure, median, type OwnRate as Rate } from "./lib/samples.ts";

const SMALL = 4096;
const IN_FLIGHT = 32;
const ECHOES = 8;

interface Settings {
  readonly seconds: number;
  readonly rounds: number;
}

async function setups(smbd: Smbd, seconds: number): Promise<Rate> {
  return await measure(seconds, async () => {
    const connection = await connected(smbd);
    await treeOf(smbd, connection);
    connection.close();
    await connection.disconnected;
    return 1;
  });
}

async function sessions(smbd: Smbd, seconds: number): Promise<Rate> {
  const connection = await connected(smbd);
  const authenticator = ntlmAuthenticator({ user: smbd.user, password: smbd.password });
  const rate = await measure(seconds, async () => {
    await (await connection.session(authenticator)).logoff();
    return 1;
  });
  connection.close();
  return rate;
}

async function openReadClose(smbd: Smbd, seconds: number): Promise<Rate> {
  const connection = await connected(smbd);
  const tree = await treeOf(smbd, connection);
  const rate = await measure(seconds, async () => {
    const open = await tree.create("small.bin");
    await open.read(0, SMALL);
    await open.close();
    return 1;
  });
  connection.close();
  return rate;
}

async function readsInFlight(
  smbd: Smbd,
  seconds: number,
  signing: SigningMode = "enabled",
): Promise<Rate> {
  const connection = await connected(smbd);
  const tree = await treeOf(smbd, connection, { signing });
  const open = await tree.create("small.bin");
  const rate = await measure(seconds, async () => {
    async function lane(): Promise<void> {
      for (let i = 0; i < 64; i++) await open.read(0, SMALL);
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    return 64 * IN_FLIGHT;
  });
  connection.close();
  return rate;
}

async function echoes(smbd: Smbd, seconds: number): Promise<Rate> {
  const connection = await connected(smbd);
  await treeOf(smbd, connection);
  const rate = await measure(seconds, async () => {
    async function lane(): Promise<void> {
      for (let i = 0; i < 64; i++) await connection.echo();
    }
    await Promise.all(Array.from({ length: ECHOES }, lane));
    return 64 * ECHOES;
  });
  connection.close();
  return rate;
}

/** Connect, negotiate, log in, connect the share, leave: one smbclient process each. */
async function smbclientSetups(smbd: Smbd, seconds: number): Promise<number | null> {
  const program = findTool("smbclient");
  if (program === undefined) return null;
  const end = performance.now() + seconds * 1000;
  const start = performance.now();
  let count = 0;
  while (performance.now() < end) {
    await run(program, {
      args: [
        `//${smbd.host}/${smbd.shareName}`,
        "-p",
        String(smbd.port),
        `-U${smbd.user}%${smbd.password}`,
        "-c",
        "exit",
      ],
    });
    count++;
  }
  return count / ((performance.now() - start) / 1000);
}

/** One smbclient process that gets the small file over and over: open, sizes, read, close. */
async function smbclientGets(smbd: Smbd): Promise<number | null> {
  const program = findTool("smbclient");
  if (program === undefined) return null;
  const gets = 500;
  async function time(count: number): Promise<number> {
    const start = performance.now();
    await run(program as string, {
      args: [
        `//${smbd.host}/${smbd.shareName}`,
        "-p",
        String(smbd.port),
        `-U${smbd.user}%${smbd.password}`,
        "-c",
        new Array(count).fill("get small.bin /dev/null").join(";") + ";exit",
      ],
    });
    return performance.now() - start;
  }
  const idle = await time(1);
  return (gets - 1) / ((await time(gets) - idle) / 1000);
}

/** Runs both sides in turn and prints a line. */
async function compare(
  title: string,
  settings: Settings,
  sides: {
    ours: (seconds: number) => Promise<Rate>;
    theirs?: { name: string; rate: (seconds: number) => Promise<number | null> };
  },
): Promise<void> {
  const ours: Rate[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < settings.rounds; round++) {
    ours.push(await sides.ours(settings.seconds));
    const other = await sides.theirs?.rate(settings.seconds) ?? null;
    if (other !== null) theirs.push(other);
  }
  const rate = median(ours.map(({ perSecond }) => perSecond));
  const cpu = median(ours.map(({ cpuMicros }) => cpuMicros));
  const beside = theirs.length === 0
    ? ""
    : `   ${sides.theirs?.name} ${median(theirs).toFixed(0).padStart(7)}/s   ratio ${
      (rate / median(theirs)).toFixed(2)
    }`;
  console.log(
    `${title.padEnd(44)} ${rate.toFixed(0).padStart(7)}/s ${
      cpu.toFixed(1).padStart(7)
    } us CPU${beside}`,
  );
}

if (import.meta.main) {
  const flags = parseArgs(Deno.args, { string: ["seconds", "rounds", "only"] });
  const settings = { seconds: Number(flags.seconds ?? 2), rounds: Number(flags.rounds ?? 5) };
  const only = flags.only ?? "";
  if (missingTools(["smbd"]) !== undefined) {
    console.error("Cannot run the client benchmark: smbd is not installed");
    Deno.exit(1);
  }
  await using smbd = await startSmbd();
  await Deno.writeFile(`${smbd.shareDirectory}/small.bin`, new Uint8Array(SMALL).fill(7));
  await pin(smbd, { client: "0", server: "1" });
  const cases: [string, () => Parameters<typeof compare>[2]][] = [
    ["connect, NTLM, session, tree", () => ({
      ours: (seconds) => setups(smbd, seconds),
      theirs: { name: "smbclient", rate: (seconds) => smbclientSetups(smbd, seconds) },
    })],
    ["NTLM + session setup, one connection", () => ({
      ours: (seconds) => sessions(smbd, seconds),
    })],
    ["open, read 4 KiB, close, one at a time", () => ({
      ours: (seconds) => openReadClose(smbd, seconds),
      theirs: { name: "smbclient get", rate: () => smbclientGets(smbd) },
    })],
    ["4 KiB reads, 32 in flight", () => ({
      ours: (seconds) => readsInFlight(smbd, seconds),
    })],
    ["4 KiB reads, 32 in flight, signed (GMAC)", () => ({
      ours: (seconds) => readsInFlight(smbd, seconds, "required"),
    })],
    ["echo, 8 in flight", () => ({
      ours: (seconds) => echoes(smbd, seconds),
      theirs: {
        name: "smbtorture echo",
        rate: (seconds) =>
          smbtorture(smbd, seconds, {
            name: "smb2.bench.echo",
            options: ["nprocs=1", `qdepth=${ECHOES}`],
            pattern: /echo\[num\/s=([\d.]+)/g,
          }),
      },
    })],
  ];
  for (const [title, sides] of cases) {
    if (title.includes(only)) await compare(title, settings, sides());
  }
}
