// deno-lint-ignore-file no-console
/**
 * How exactly operations are sent at their times: 1000 moments over a second on an idle client, beside bare timers, and
 * 1000 users who are at work in this thread meanwhile: `deno run -A tests/bench/timing_bench.ts [--rounds 5] [--users 1000]`.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { connectTcp, nativeBackend, ntlmAuthenticator } from "../../runtime/client/mod.ts";
import { Latency } from "../../runtime/measure/mod.ts";
import { PreciseClock } from "../../runtime/schedule/mod.ts";
import { Definition, execute, type RunHost, scenario } from "../../runtime/script/mod.ts";
import { ACCOUNT, startServerProcess } from "./lib/server_process.ts";

const MOMENTS = 1000;
/** Over which the moments are spread. */
const SPAN_MS = 1000;

/** Milliseconds by which each moment was missed; negative ones came early. */
async function lateness(wait: (at: number) => Promise<void>): Promise<number[]> {
  const start = performance.now() + 20;
  return await Promise.all(Array.from({ length: MOMENTS }, async (_, index) => {
    const at = start + (index + 0.5) * (SPAN_MS / MOMENTS);
    await wait(at);
    return performance.now() - at;
  }));
}

function told(name: string, times: readonly number[]): void {
  const latency = new Latency();
  for (const time of times) latency.add(time);
  const { p50, p99, max } = latency.distribution();
  const early = times.filter((time) => time < 0).length;
  console.log(
    `${name.padEnd(40)} p50 ${p50.toFixed(3)} ms   p99 ${p99.toFixed(3)} ms   max ${
      max.toFixed(2)
    } ms   early ${early}`,
  );
}

/** Users whose every iteration is due at a moment: how late each began. */
async function atWork(users: number, seconds: number): Promise<number[]> {
  await using server = await startServerProcess();
  const clock = new PreciseClock();
  const late: number[] = [];
  const host: RunHost = {
    backend: nativeBackend,
    clock,
    dial: () => connectTcp({ hostname: "127.0.0.1", port: server.port }),
    authenticator: () => ntlmAuthenticator({ ...ACCOUNT, domain: "" }),
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    blob: () => Promise.reject(new Error("Cannot read a blob: there is none")),
    record: ({ due, sentAt }) => {
      if (due !== null && sentAt !== null) late.push(sentAt - due);
    },
    broke: () => {},
    log: () => {},
    note: (message) => console.log(`note: ${message}`),
  };
  let ready = 0;
  const all = Promise.withResolvers<void>();
  let zero = 0;
  const definition = scenario({ name: "timed" }, async ({ client, user }) => {
    const me = await client();
    await using file = await me.open(`timed-${user.number}.dat`, {
      access: "rw",
      disposition: "openIf",
    });
    await file.write(0, "timed");
    if (++ready === users) {
      // Recorded times began with the user; these here begin when all are there.
      zero = clock.now();
      all.resolve();
    }
    await all.promise;
    const shift = (zero - began.get(user.number)!) / 1000 + 0.2;
    for (let second = 0; second < seconds; second++) {
      await me.at(shift + second + user.number / users);
      await file.read(0, 5);
    }
  });
  const began = new Map<number, number>();
  if (!(definition instanceof Definition)) throw new TypeError("Cannot run: this is no scenario");
  const timed: Definition = Object.assign(Object.create(Definition.prototype), definition, {
    body: (context: { user: { number: number } }) => {
      began.set(context.user.number, clock.now());
      return definition.body?.(context as never);
    },
  });
  await execute(timed, host, {
    server: "127.0.0.1",
    share: ACCOUNT.share,
    shares: {},
    root: "",
    speed: 1,
    asap: false,
    timeout: 30,
    params: {},
    blobs: [],
    load: { executor: "per-user-iterations", users, iterations: 1 },
  }).finished;
  return late;
}

async function main(): Promise<void> {
  const flags = parseArgs(Deno.args, { string: ["rounds", "users", "seconds"] });
  const rounds = Number(flags.rounds ?? 5);
  const clock = new PreciseClock();
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(...await lateness((at) => clock.until(at)));
    bare.push(
      ...await lateness((at) =>
        new Promise((resolve) => setTimeout(resolve, at - performance.now()))
      ),
    );
  }
  told("1000 moments in a second", ours);
  told("the same with setTimeout alone", bare);
  const users = Number(flags.users ?? 1000);
  told(
    `${users} users, one READ a second each`,
    await atWork(users, Number(flags.seconds ?? 5)),
  );
}

if (import.meta.main) {
  await main();
  // The longest time that a run might have taken is still being waited for.
  Deno.exit();
}
