import { assertEquals, assertThrows } from "@std/assert";
import type { Scratch } from "./capture/mod.ts";
import { OperationStore, type StoreOptions } from "./operation_store.ts";
import type { PlanOperation } from "./plan.ts";
import type { Mutable } from "./plan_list.ts";
import { compareKeys, SortedRuns } from "./sorted_runs.ts";

/** A scratch in memory. */
class MemoryScratch implements Scratch {
  readonly #blocks: Uint8Array[] = [];
  #length = 0;
  disposed = 0;
  /** Bytes after which the disk is full. */
  limit = Infinity;

  append(bytes: Uint8Array): number {
    if (this.#length + bytes.byteLength > this.limit) throw new Error("No space left on device");
    const start = this.#length;
    this.#blocks.push(bytes.slice());
    this.#length += bytes.byteLength;
    return start;
  }

  read(position: number, into: Uint8Array): void {
    let start = 0;
    for (const block of this.#blocks) {
      const from = Math.max(position, start);
      const to = Math.min(position + into.byteLength, start + block.byteLength);
      if (from < to) into.set(block.subarray(from - start, to - start), from - position);
      start += block.byteLength;
    }
  }

  [Symbol.dispose](): void {
    this.disposed++;
  }
}

/** A sequence of numbers below `limit`, the same for the same seed. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function operation(id: number, at: number, frame: number): Mutable<PlanOperation> {
  return {
    kind: "echo",
    connection: "n1",
    id,
    client: "0",
    at,
    answeredAt: null,
    frames: { request: frame },
    status: null,
    after: [],
  };
}

/** Adds operations and changes them later, all by the seed; returns the store's operations as text. */
function fill(store: OperationStore, seed: number, spread: number): string[] {
  const random = randomNumbers(seed);
  const entries = [];
  for (let id = 0; id < 3000; id++) {
    const at = Math.max(0, id + random(spread) - random(spread)) / 10;
    entries.push(store.add(operation(id, at, random(50) + 1), id));
    for (let change = random(3); change > 0; change--) {
      const entry = entries[Math.max(0, id - random(random(10) === 0 ? 3000 : 20))]!;
      store.change(entry, { status: random(1000), [`x${random(3)}`]: id });
    }
  }
  const texts = () =>
    [...store.sorted()].map(({ seq, value }) => `${seq} ${JSON.stringify(sortedFields(value))}`);
  const first = texts();
  assertEquals(texts(), first, "the operations can be gone through again");
  return first;
}

function sortedFields(value: object): unknown {
  return Object.entries(value).toSorted(([one], [other]) => one < other ? -1 : 1);
}

Deno.test("sorting with a file gives what sorting in memory gives, changes included", () => {
  for (const seed of [1, 2, 3, 4]) {
    for (const spread of [1, 30, 3000]) {
      const expected = fill(new OperationStore({ held: 1e6 }), seed, spread);
      const scratch = new MemoryScratch();
      const options: StoreOptions = { held: 40, scratch: () => scratch };
      assertEquals(fill(new OperationStore(options), seed, spread), expected);
    }
  }
});

Deno.test("few operations need no file, and a file is given up once", () => {
  const refuse = (): Scratch => {
    throw new Error("No file is needed");
  };
  {
    using store = new OperationStore({ held: 10, scratch: refuse });
    for (let id = 0; id < 10; id++) store.add(operation(id, id, id), id);
    assertEquals([store.isHeld, store.count], [true, 10]);
    assertThrows(() => store.add(operation(10, 10, 10), 10), Error, "No file is needed");
  }
  const scratch = new MemoryScratch();
  {
    using store = new OperationStore({ held: 10, scratch: () => scratch });
    for (let id = 0; id < 30; id++) store.add(operation(id, id, id), id);
    assertEquals([store.isHeld, store.count], [false, 30]);
  }
  assertEquals(scratch.disposed, 1);
});

Deno.test("long operations are put aside early", () => {
  const scratch = new MemoryScratch();
  using store = new OperationStore({ scratch: () => scratch });
  for (let id = 0; id < 100; id++) {
    const long = { ...operation(id, id, id), input: "00".repeat(500_000) };
    store.add(long as PlanOperation, id);
  }
  assertEquals(store.isHeld, false);
});

Deno.test("by frame, times tell nothing; the order is chosen before anything is put aside", () => {
  using store = new OperationStore({ held: 4, scratch: () => new MemoryScratch() });
  store.beforeAside = () => store.orderByFrame();
  for (const frame of [5, 3, 1, 2, 4, 6, 7]) {
    store.add(operation(frame, 10 - frame, frame), frame);
  }
  assertEquals([...store.sorted()].map(({ value }) => value.id), [1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("what is in order becomes one run, and many runs become few", () => {
  const random = randomNumbers(7);
  const scratch = new MemoryScratch();
  const runs = new SortedRuns<number>(scratch);
  const all = [];
  for (let run = 0; run < 100; run++) {
    const records = Array.from({ length: 20 }, (_, index) => ({
      at: random(1000),
      frame: 0,
      seq: 20 * run + index,
      value: run,
    })).sort(compareKeys);
    all.push(...records);
    runs.write(records);
  }
  assertEquals([...runs.records()], all.sort(compareKeys));
});

Deno.test("a full disk is an error of the operation that fills it", () => {
  const scratch = new MemoryScratch();
  scratch.limit = 10_000;
  using store = new OperationStore({ held: 20, scratch: () => scratch });
  assertThrows(
    () => {
      for (let id = 0; id < 1000; id++) store.add(operation(id, id, id), id);
    },
    Error,
    "No space left",
  );
});
