import { assertEquals } from "@std/assert";
import { OwnOrder } from "./causality.ts";
import { neededFirst } from "./order.ts";
import type { PlanOperation } from "./plan.ts";
import type { Mutable } from "./plan_list.ts";

/** An operation of client `a` unless told. */
function operation(
  id: number,
  fields: Partial<PlanOperation> & { at: number; answeredAt?: number | null },
): Mutable<PlanOperation> {
  return {
    id,
    kind: "echo",
    connection: "n1",
    client: "a",
    answeredAt: fields.at + 0.5,
    frames: { request: id, response: id + 100 },
    status: 0,
    after: [],
    ...fields,
  } as Mutable<PlanOperation>;
}

/** The ids in the order in which they are given on; they come sorted, and were made in the order of `made`. */
function orderOf(sorted: readonly PlanOperation[], made: readonly number[]): number[] {
  const stored = sorted.map((value) => ({ seq: made.indexOf(value.id), value }));
  return [...neededFirst(stored)].map(({ id }) => id);
}

type Fields = Partial<PlanOperation> & { at: number };

const CLOSE = operation(1, { kind: "close", file: "f1", tree: "t1", at: 1 } as unknown as Fields);
const CREATE = operation(2, {
  kind: "create",
  file: "f1",
  tree: "t1",
  contexts: [],
  at: 2,
} as unknown as Fields);
const TREE = operation(3, { kind: "tree", tree: "t1", session: "s1", at: 3 } as Fields);

Deno.test("what makes a name comes before what needs it, whatever the times say", () => {
  const other = operation(4, { kind: "echo", client: "b", at: 0 });
  assertEquals(orderOf([other, CLOSE, CREATE, TREE], [4, 3, 2, 1]), [4, 3, 2, 1]);
});

Deno.test("what is in order is not held back", () => {
  const given: number[] = [];
  const stored = function* () {
    for (const [seq, value] of [TREE, CREATE, CLOSE].entries()) {
      yield { seq, value };
      given.push(value.id);
    }
  };
  const taken = neededFirst(stored())[Symbol.iterator]();
  assertEquals([taken.next().value?.id, given], [3, []]);
  assertEquals([taken.next().value?.id, given], [2, [3]]);
});

Deno.test("what was made before and is sent long after holds back so much and no more", () => {
  const late = operation(0, { kind: "echo", at: 1e6 });
  const stored = function* () {
    for (let id = 1; id < 40_000; id++) yield { seq: id, value: operation(id, { at: id }) };
    yield { seq: 0, value: late };
  };
  const ids = [...neededFirst(stored())].map(({ id }) => id);
  assertEquals(ids.length, 40_000);
  assertEquals(ids.at(-1), 0);
});

function withAfter(operations: readonly Mutable<PlanOperation>[]): void {
  const orders = new Map<string, OwnOrder>();
  for (const one of operations) {
    const order = orders.get(one.client) ?? new OwnOrder();
    orders.set(one.client, order);
    order.take(one);
  }
}

Deno.test("each operation names once what its client had been answered before it was sent", () => {
  const operations = [
    operation(1, { at: 0, answeredAt: 0.4 }),
    operation(2, { at: 0.1, answeredAt: 0.9 }),
    operation(3, { at: 0.5, answeredAt: null }),
    operation(4, { at: 1, answeredAt: 2 }),
    operation(5, { at: 1, answeredAt: 2, client: "b" }),
    operation(6, { at: 3, answeredAt: 4 }),
  ];
  withAfter(operations);
  assertEquals(operations.map(({ after }) => after), [[], [], [1], [2], [], [4]]);
});

Deno.test("at equal times the frames tell what came first", () => {
  const operations = [
    operation(1, { at: 0, answeredAt: 1, frames: { request: 1, response: 4 } }),
    operation(2, { at: 1, answeredAt: 2, frames: { request: 3, response: 9 } }),
    operation(3, { at: 1, answeredAt: 2, frames: { request: 5, response: 9 } }),
  ];
  withAfter(operations);
  assertEquals(operations.map(({ after }) => after), [[], [], [1]]);
});

Deno.test("with nothing else under way, the latest answer enabled an operation", () => {
  const operations = [
    operation(1, { at: 0, answeredAt: 1 }),
    operation(2, { at: 2, answeredAt: 3, kind: "read", file: "f1" } as Fields),
    operation(3, { at: 4, answeredAt: 5, kind: "write", file: "f2" } as Fields),
  ];
  withAfter(operations);
  assertEquals(operations.map(({ enabledBy }) => enabledBy), [null, 1, 2]);
});

Deno.test("with more under way, what works on an open goes on when something on it was answered", () => {
  const operations = [
    operation(1, { at: 0, answeredAt: 1, kind: "create", file: "f1", contexts: [] } as Fields),
    operation(2, { at: 0, answeredAt: 2, kind: "create", file: "f2", contexts: [] } as Fields),
    operation(3, { at: 3, answeredAt: 6, kind: "read", file: "f2" } as Fields),
    operation(4, { at: 4, answeredAt: 5, kind: "read", file: "f1" } as Fields),
    operation(5, { at: 5.5, answeredAt: 9, kind: "read", file: "f1" } as Fields),
    operation(6, { at: 7, answeredAt: 9, kind: "read", file: "f2" } as Fields),
    operation(7, { at: 7, answeredAt: 9, kind: "flush", file: "f1" } as Fields),
  ];
  withAfter(operations);
  assertEquals(operations.map(({ enabledBy }) => enabledBy), [null, null, 2, 1, 4, 3, 4]);
});

Deno.test("a watch that waits is no work under way, and a break enables", () => {
  const operations = [
    operation(1, { at: 0, answeredAt: 9, kind: "changeNotify", file: "f1" } as Fields),
    operation(2, { at: 1, answeredAt: 2, kind: "create", file: "f2", contexts: [] } as Fields),
    operation(3, { at: 3, answeredAt: 3, kind: "break", file: "f2" } as Fields),
    operation(4, { at: 4, answeredAt: 5, kind: "flush", file: "f2" } as Fields),
  ];
  withAfter(operations);
  assertEquals(operations.map(({ enabledBy }) => enabledBy), [null, null, 2, 3]);
});
