import { assertEquals } from "@std/assert";
import { PATIENCE_MS, Watchdog } from "./watchdog.ts";

/** A clock that goes on by hand. */
class HandClock {
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

  async go(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    while (true) {
      this.#waits.sort((one, other) => one.at - other.at);
      const next = this.#waits[0];
      if (next === undefined || next.at > end) break;
      this.#waits.shift();
      this.#now = next.at;
      next.resolve();
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    }
    this.#now = end;
  }
}

const READ = {
  client: "a",
  label: "12",
  command: "READ",
  path: "f.txt",
  since: 0,
  held: false,
  before: null,
  after: null,
};

Deno.test("what is unanswered for too long is told once, with everybody who waits", async () => {
  const clock = new HandClock();
  const told: string[] = [];
  const dog = new Watchdog(clock, (dump) => told.push(dump));
  dog.began({ ...READ });
  dog.waits("b", ["12", "14"]);
  await clock.go(PATIENCE_MS - 5000);
  assertEquals(told, []);
  await clock.go(60_000);
  assertEquals(told, [
    [
      "nothing has been answered for 30 s:",
      "  a: READ #12 f.txt, unanswered for 30 s",
      "  b: waits for #12 #14 for 30 s",
    ].join("\n"),
  ]);
});

Deno.test("a run that moves, or waits for what the server holds back, is left alone", async () => {
  const clock = new HandClock();
  const told: string[] = [];
  const dog = new Watchdog(clock, (dump) => told.push(dump));
  dog.began({ ...READ, command: "CHANGE_NOTIFY", held: true });
  for (let count = 0; count < 8; count++) {
    const read = { ...READ, since: clock.now() };
    dog.began(read);
    await clock.go(20_000);
    dog.ended(read);
  }
  await clock.go(300_000);
  assertEquals(told, []);
});
