// deno-lint-ignore-file no-console
/**
 * What many users cost: operations per second, and processor time of each, through the whole stack (a scenario's function
 * to the socket) beside the bare client doing the same, in turns, and the memory that an idle user takes:
 * `deno run -A --v8-flags=--expose-gc tests/bench/users_bench.ts [--users 1,100,1000] [--seconds 3] [--rounds 3]
 * [--idle 1000]`. Printed are medians.
 *
 * The server is the embedded one, in a process of its own. An operation is one of open, write 4 KiB, read 4 KiB, close.
 * Both sides run in this thread, so that the ratio is the cost of the runtime and not of its threads.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import {
  Connection,
  connectTcp,
  nativeBackend,
  ntlmAuthenticator,
  type Tree,
} from "../../runtime/client/mod.ts";
import { PreciseClock } from "../../runtime/schedule/mod.ts";
import { Definition, execute, type RunHost, scenario } from "../../runtime/script/mod.ts";
import { median, type OwnRate, startTiming } from "./lib/samples.ts";
import { ACCOUNT, type ServerProcess, startServerProcess } from "./lib/server_process.ts";

const BLOCK = new Uint8Array(4096).fill(7);
/** Operations of one iteration. */
const OPERATIONS = 4;
const AT_ONCE = 16;

/** FILE_READ_DATA, FILE_WRITE_DATA and attributes; FILE_OPEN_IF (MS-SMB2 2.2.13). */
const OPEN_IF = { desiredAccess: 0x0012019f, createDisposition: 3 };

interface Bare {
  readonly connection: Connection;
  readonly tree: Tree;
}

async function bareUsers(server: ServerProcess, count: number): Promise<Bare[]> {
  const users: Bare[] = [];
  async function lane(): Promise<void> {
    while (users.length < count) {
      const at = users.length++;
      const transport = await connectTcp({ hostname: "127.0.0.1", port: server.port });
      const connection = Connection.connect(transport);
      await connection.negotiate();
      const session = await connection.session(ntlmAuthenticator({ ...ACCOUNT, domain: "" }));
      const tree = await session.tree(`\\\\127.0.0.1\\${ACCOUNT.share}`);
      users[at] = { connection, tree };
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, lane));
  return users;
}

/** The client alone. */
async function bare(server: ServerProcess, users: number, seconds: number): Promise<OwnRate> {
  const all = await bareUsers(server, users);
  const end = performance.now() + seconds * 1000;
  const rateOf = startTiming();
  let iterations = 0;
  await Promise.all(all.map(async ({ tree }, index) => {
    while (performance.now() < end) {
      const open = await tree.create(`bare-${index}.dat`, OPEN_IF);
      await open.write(0, BLOCK);
      await open.read(0, BLOCK.length);
      await open.close();
      iterations++;
    }
  }));
  const told = rateOf(iterations * OPERATIONS);
  for (const { connection } of all) connection.close();
  return told;
}

function hostOf(server: ServerProcess, counted: { operations: number }): RunHost {
  return {
    backend: nativeBackend,
    clock: new PreciseClock(),
    dial: () => connectTcp({ hostname: "127.0.0.1", port: server.port }),
    authenticator: () => ntlmAuthenticator({ ...ACCOUNT, domain: "" }),
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    blob: () => Promise.reject(new Error("Cannot read a blob: there is none")),
    record: ({ command }) => {
      if (/^(CREATE|WRITE|READ|CLOSE)$/.test(command)) counted.operations++;
    },
    broke: () => {},
    log: () => {},
    note: (message) => console.log(`note: ${message}`),
  };
}

const RUN = {
  server: "127.0.0.1",
  share: ACCOUNT.share,
  shares: {},
  root: "",
  speed: 1,
  asap: false,
  timeout: 30,
  params: {},
  blobs: [],
};

/** Through the scripting interface, behind the logins. */
async function stack(server: ServerProcess, users: number, seconds: number): Promise<OwnRate> {
  const counted = { operations: 0 };
  let ready = 0;
  let left = users;
  const all = Promise.withResolvers<(operations: number) => OwnRate>();
  let end = 0;
  let told: OwnRate | null = null;
  const definition = scenario({ name: "bench" }, async ({ client, user }) => {
    const me = await client();
    if (++ready === users) {
      counted.operations = 0;
      end = performance.now() + seconds * 1000;
      all.resolve(startTiming());
    }
    const rateOf = await all.promise;
    while (performance.now() < end) {
      await using file = await me.open(`stack-${user.number}.dat`, {
        access: "rw",
        disposition: "openIf",
      });
      await file.write(0, BLOCK);
      await file.read(0, BLOCK.length);
    }
    if (--left === 0) told = rateOf(counted.operations);
  });
  if (!(definition instanceof Definition)) throw new TypeError("Cannot run: this is no scenario");
  const { failed, error } = await execute(definition, hostOf(server, counted), {
    ...RUN,
    load: { executor: "per-user-iterations", users, iterations: 1 },
  }).finished;
  if (failed || told === null) throw error;
  return told;
}

/** KiB that an idle user takes: of the heap, and resident. */
async function idle(server: ServerProcess, users: number): Promise<{ heap: number; rss: number }> {
  const measured = Promise.withResolvers<void>();
  const before = { heap: 0, rss: 0 };
  const after = { heap: 0, rss: 0 };
  let ready = 0;
  async function collect(into: { heap: number; rss: number }): Promise<void> {
    for (let i = 0; i < 3; i++) {
      (globalThis as { gc?: () => void }).gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { heapUsed, external, rss } = Deno.memoryUsage();
    into.heap = heapUsed + external;
    into.rss = rss;
  }
  const definition = scenario({ name: "idle" }, async ({ client }) => {
    await client();
    if (++ready === users) {
      await collect(after);
      measured.resolve();
    }
    await measured.promise;
  });
  if (!(definition instanceof Definition)) throw new TypeError("Cannot run: this is no scenario");
  await collect(before);
  await execute(definition, hostOf(server, { operations: 0 }), {
    ...RUN,
    load: { executor: "per-user-iterations", users, iterations: 1, stagger: users / 1000 },
  }).finished;
  return {
    heap: (after.heap - before.heap) / users / 1024,
    rss: (after.rss - before.rss) / users / 1024,
  };
}

async function main(): Promise<void> {
  const flags = parseArgs(Deno.args, { string: ["users", "seconds", "rounds", "idle"] });
  const seconds = Number(flags.seconds ?? 3);
  const rounds = Number(flags.rounds ?? 3);
  const counts = (flags.users ?? "1,100,1000").split(",").map(Number);
  await using server = await startServerProcess();
  await stack(server, 1, 0.3);
  for (const users of counts) {
    const pairs: [OwnRate, OwnRate][] = [];
    for (let round = 0; round < rounds; round++) {
      pairs.push([await bare(server, users, seconds), await stack(server, users, seconds)]);
    }
    const of = (value: (pair: [OwnRate, OwnRate]) => number) => median(pairs.map(value));
    console.log(
      `${String(users).padStart(5)} users   ${
        of(([, stacked]) => stacked.perSecond).toFixed(0).padStart(6)
      } operations/s of ${of(([, stacked]) => stacked.cpuMicros).toFixed(0)} us   bare client ${
        of(([alone]) => alone.perSecond).toFixed(0).padStart(6)
      }/s of ${of(([alone]) => alone.cpuMicros).toFixed(0)} us   ratio ${
        of(([alone, stacked]) => stacked.perSecond / alone.perSecond).toFixed(2)
      }, by processor time ${
        of(([alone, stacked]) => alone.cpuMicros / stacked.cpuMicros).toFixed(2)
      }`,
    );
  }
  const users = Number(flags.idle ?? 1000);
  const { heap, rss } = await idle(server, users);
  console.log(
    `${String(users).padStart(5)} idle users   ${heap.toFixed(1)} KiB of heap and buffers, ${
      rss.toFixed(1)
    } KiB resident, each`,
  );
}

if (import.meta.main) {
  await main();
  // The longest time that a run might have taken is still being waited for.
  Deno.exit();
}
