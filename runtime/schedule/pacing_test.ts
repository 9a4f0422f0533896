import { assertEquals, assertRejects } from "@std/assert";
import type { Clock } from "./clock.ts";
import { Pacing, WindowEnd } from "./pacing.ts";
import { Timeline, type TimelineOptions } from "./timeline.ts";

/** A clock that goes on when nobody has anything to do. */
class FakeClock implements Clock {
  #now = 0;
  #waits: { at: number; resolve: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  until(at: number): Promise<void> {
    if (at <= this.#now) return Promise.resolve();
    return new Promise((resolve) => void this.#waits.push({ at, resolve }));
  }

  rest(milliseconds: number): Promise<void> {
    return this.until(this.#now + milliseconds);
  }

  /** Plays everything to its end. */
  async play(work: Promise<unknown>): Promise<void> {
    let over = false;
    void work.finally(() => over = true);
    for (let round = 0; round < 10_000 && !over; round++) {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      if (over) return;
      this.#waits.sort((one, other) => one.at - other.at);
      const next = this.#waits.shift();
      if (next === undefined) continue;
      this.#now = Math.max(this.#now, next.at);
      next.resolve();
    }
    if (!over) throw new Error("Cannot finish: somebody waits for ever");
  }
}

/** An operation of a captured client: sent at, answered after; and how long the server takes now. */
interface Recorded {
  readonly at: number;
  /** Undefined where it is not told. */
  readonly took: number | undefined;
  readonly takes: number;
  /** The server said that it is pending. */
  readonly held?: boolean;
  /** The client goes on without the answer. */
  readonly overlaps?: boolean;
}

/** Plays clients, and gives the moments at which each sent. */
async function play(
  options: TimelineOptions,
  clients: readonly (readonly Recorded[])[],
): Promise<number[][]> {
  const clock = new FakeClock();
  const pacing = new Pacing(clock, new Timeline(options));
  pacing.begin(clock.now());
  const paces = clients.map(() => pacing.join());
  const sent: number[][] = clients.map(() => []);
  const run = async (index: number) => {
    const pace = paces[index]!;
    const open: Promise<void>[] = [];
    for (const operation of clients[index]!) {
      try {
        await pace.at(operation.at);
      } catch (error) {
        if (error instanceof WindowEnd) break;
        throw error;
      }
      sent[index]!.push(Math.round(clock.now() * 1000) / 1000);
      pace.sent({ recorded: operation.at, actual: clock.now() });
      if (operation.held === true) pace.held();
      const answered = clock.rest(operation.takes).then(() =>
        pace.answered(
          operation.held === true,
          operation.took === undefined
            ? { recorded: operation.at, actual: clock.now(), isVague: true }
            : { recorded: operation.at + operation.took, actual: clock.now() },
        )
      );
      if (operation.overlaps === true) open.push(answered);
      else await answered;
    }
    await Promise.all(open);
    pace.end();
  };
  await clock.play(Promise.all(clients.map((_, index) => run(index))));
  return sent;
}

const quick = { took: 0.01, takes: 10 };

Deno.test("recorded: every operation at its moment, divided by the speed", async () => {
  const clients = [[{ at: 0, ...quick }, { at: 2, ...quick }], [{ at: 1, ...quick }]];
  assertEquals(await play({}, clients), [[0, 2000], [1000]]);
  assertEquals(await play({ speed: 4 }, clients), [[0, 500], [250]]);
});

Deno.test("a late operation is sent as soon as it can be, and those after it at their moments", async () => {
  const clients = [[{ at: 0, took: 0.01, takes: 1500 }, { at: 1, ...quick }, { at: 2, ...quick }]];
  assertEquals(await play({}, clients), [[0, 1500, 2000]]);
});

Deno.test("as soon as possible: only the answers count", async () => {
  const clients = [[{ at: 0, ...quick }, { at: 50, ...quick }, { at: 90, ...quick }]];
  assertEquals(await play({ asap: true }, clients), [[0, 10, 20]]);
});

Deno.test("an idle time is cut to its limit, and what follows keeps its distances", async () => {
  const clients = [
    [{ at: 0, ...quick }, { at: 0.1, ...quick }, { at: 60, ...quick }, { at: 60.2, ...quick }],
    [{ at: 0.05, ...quick }, { at: 60.1, ...quick }],
  ];
  assertEquals(await play({ maxIdle: 1 }, clients), [[0, 100, 1100, 1300], [50, 1200]]);
});

Deno.test("two idle times are each cut, also at another speed", async () => {
  const clients = [[{ at: 0, ...quick }, { at: 20, ...quick }, { at: 21, ...quick }, {
    at: 99,
    ...quick,
  }]];
  assertEquals(await play({ maxIdle: 2, speed: 2 }, clients), [[0, 2000, 2500, 4500]]);
});

Deno.test("time is not idle while a response is to come", async () => {
  const clients = [[{ at: 0, took: 5, takes: 5000 }], [{ at: 0, ...quick }, { at: 6, ...quick }]];
  const [, second] = await play({ maxIdle: 1 }, clients);
  // The response came at 5 s; only what was left of the gap could be cut then, and is over already.
  assertEquals(second, [0, 5000]);
});

Deno.test("what the server holds back does not keep time from being idle", async () => {
  const clients = [[{ at: 0, took: 100, takes: 3000, held: true }], [{ at: 0, ...quick }, {
    at: 99,
    ...quick,
  }]];
  assertEquals((await play({ maxIdle: 1 }, clients))[1], [0, 1000]);
});

Deno.test("causal: think time after the answer, so that a faster server shortens the run", async () => {
  // The capture's server took 1 s for each; thinking took 0.5 s.
  const recorded = (takes: number) => [
    [{ at: 0, took: 1, takes }, { at: 1.5, took: 1, takes }, { at: 3, took: 1, takes }],
  ];
  assertEquals(await play({ causal: true }, recorded(1000)), [[0, 1500, 3000]]);
  assertEquals(await play({ causal: true }, recorded(10)), [[0, 510, 1020]]);
  assertEquals(await play({ causal: true }, recorded(2000)), [[0, 2500, 5000]]);
  assertEquals(await play({ causal: true, speed: 5 }, recorded(10)), [[0, 110, 220]]);
});

Deno.test("causal: what came soon behind an answer of unknown time followed it at once", async () => {
  const takes = 3;
  const took = undefined;
  const clients = [[
    { at: 0, took, takes },
    { at: 0.0049, took, takes },
    { at: 0.105, took: 0.001, takes },
    { at: 0.108, took, takes },
  ]];
  // What came later keeps its distance: a think time that the answer's own makes wrong by 5 ms at most.
  assertEquals(await play({ causal: true }, clients), [[0, 3, 106.1, 111.1]]);
});

Deno.test("causal: what was sent before the answer follows what was sent before it", async () => {
  const clients = [[{ at: 0, took: 1, takes: 10, overlaps: true }, {
    at: 0.2,
    took: 1,
    takes: 10,
    overlaps: true,
  }, { at: 1.3, took: 1, takes: 10 }]];
  // The second did not wait for the first one's answer; the third came 0.1 s after the second one's.
  assertEquals(await play({ causal: true }, clients), [[0, 200, 310]]);
});

Deno.test("a window: what is before it just follows, what is behind it is not sent", async () => {
  const clients = [
    [{ at: 0, ...quick }, { at: 5, ...quick }, { at: 10, ...quick }, { at: 11, ...quick }, {
      at: 99,
      ...quick,
    }],
    [{ at: 7, ...quick }, { at: 10.5, ...quick }],
  ];
  assertEquals(await play({ from: 10, to: 20 }, clients), [[0, 10, 20, 1020], [0, 520]]);
});

Deno.test("the window opens although somebody waits for what the server holds back", async () => {
  const clients = [[{ at: 1, took: 100, takes: 5000, held: true }], [{ at: 10, ...quick }]];
  assertEquals((await play({ from: 10 }, clients))[1], [0]);
});

Deno.test("behind the window a client hears that it has ended", async () => {
  const clock = new FakeClock();
  const pace = new Pacing(clock, new Timeline({ to: 3 })).join();
  await assertRejects(() => pace.at(3.01), WindowEnd);
});
