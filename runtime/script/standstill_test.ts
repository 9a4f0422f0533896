import { assertEquals } from "@std/assert";
import type { Clock, OrderKey } from "../schedule/mod.ts";
import { Commons } from "./commons.ts";
import type { RunHost } from "./host.ts";
import type { Sending } from "./performed.ts";
import { type Answered, Run } from "./run.ts";

/** Goes on when nobody has anything to do. */
class FakeClock implements Clock {
  #now = 0;
  #waits: { at: number; resolve: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  until(at: number): Promise<void> {
    return new Promise((resolve) => void this.#waits.push({ at, resolve }));
  }

  rest(milliseconds: number): Promise<void> {
    return this.until(this.#now + milliseconds);
  }

  /** Lets time pass until nobody waits for it any more. */
  async play(): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      this.#waits.sort((one, other) => one.at - other.at);
      const next = this.#waits.shift();
      if (next === undefined) return;
      this.#now = Math.max(this.#now, next.at);
      next.resolve();
    }
  }
}

/** A server with one lock, which it gives in the order in which it is asked for. */
class LockServer {
  readonly #clock: Clock;
  readonly #waiting: ((reply: Answered) => void)[] = [];
  #isHeld = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  lock({ owner }: Sending): Promise<Answered> {
    if (!this.#isHeld) {
      this.#isHeld = true;
      return Promise.resolve(this.#reply());
    }
    owner.interim();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  unlock(): Promise<Answered> {
    const next = this.#waiting.shift();
    if (next === undefined) this.#isHeld = false;
    else next(this.#reply());
    return Promise.resolve(this.#reply());
  }

  #reply(): Answered {
    const now = this.#clock.now();
    return { status: 0, sentAt: now, receivedAt: now, bytesSent: 0, bytesReceived: 0 };
  }
}

function contenders({ asap = true } = {}) {
  const clock = new FakeClock();
  const server = new LockServer(clock);
  const host = {
    clock,
    backend: { name: "native" },
    record: () => {},
    note: () => {},
  } as unknown as RunHost;
  const commons = new Commons({ clock, blob: () => Promise.reject(new Error("none")) });
  const options = {
    server: "",
    share: "",
    shares: {},
    root: "",
    speed: 1,
    asap,
    timeout: 30,
  };
  const run = new Run(host, { ...options, strict: false, commons });
  const steps: string[] = [];
  /** Says when what a client did was answered. */
  async function step(client: string, what: "lock" | "unlock", label: string): Promise<void> {
    await run.perform<void, Answered>({
      origin: { client, label, due: null },
      command: "LOCK",
      path: "journal.dat",
      options: {},
      obstacle: null,
      send: (sending) => what === "lock" ? server.lock(sending) : server.unlock(),
      value: () => {},
      empty: () => {},
    });
    steps.push(`${client} ${what} ${clock.now()}`);
  }
  async function after(client: string, labels: readonly OrderKey[]): Promise<void> {
    const unmet = await run.waitFor(labels);
    if (unmet.length > 0) steps.push(`${client} goes on ${clock.now()}`);
  }
  run.begin();
  run.clientsStart(3);
  return { run, clock, steps, step, after };
}

Deno.test("clients that keep a lock from each other go on after a second, one at a time", async () => {
  const { run, clock, steps, step, after } = contenders();
  // In the capture alice had the lock twice before bob got it; here bob has it in between.
  async function alice(): Promise<void> {
    await step("alice", "lock", "1");
    await step("alice", "unlock", "2");
    await after("alice", ["11"]);
    await step("alice", "lock", "3");
    await step("alice", "unlock", "4");
    run.clientEnds();
  }
  async function bob(): Promise<void> {
    await step("bob", "lock", "11");
    await after("bob", ["4"]);
    await step("bob", "unlock", "12");
    run.clientEnds();
  }
  const work = Promise.all([alice(), bob()]);
  await clock.play();
  await work;
  assertEquals(steps.map((text) => text.replace(/ (1[01]\d\d)$/, " after a second")), [
    "alice lock 0",
    "bob lock 0",
    "alice unlock 0",
    "bob goes on after a second",
    "alice lock after a second",
    "bob unlock after a second",
    "alice unlock after a second",
  ]);
});

Deno.test("while a client sleeps until a recorded moment, nobody goes on", async () => {
  const { run, clock, steps, step, after } = contenders({ asap: false });
  const pace = run.pacing.join();
  async function alice(): Promise<void> {
    await step("alice", "lock", "1");
    await pace.at(5);
    await step("alice", "unlock", "2");
    run.clientEnds();
  }
  async function bob(): Promise<void> {
    await after("bob", ["1"]);
    await step("bob", "lock", "11");
    run.clientEnds();
  }
  async function carol(): Promise<void> {
    await after("carol", ["2"]);
    run.clientEnds();
  }
  const work = Promise.all([alice(), bob(), carol()]);
  await clock.play();
  await work;
  pace.end();
  assertEquals(steps, ["alice lock 0", "bob lock 5000", "alice unlock 5000"]);
});
