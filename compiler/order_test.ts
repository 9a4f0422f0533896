import { assertEquals } from "@std/assert";
import { addAfter, inOrder } from "./order.ts";
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

Deno.test("operations are in the order of their times, then of their frames", () => {
  const given = [
    operation(3, { at: 1 }),
    operation(2, { at: 1, frames: { request: 9, first: 2 } }),
    operation(1, { at: 0 }),
  ];
  assertEquals(inOrder(given).map(({ id }) => id), [1, 2, 3]);
});

Deno.test("what makes a name comes before what needs it, whatever the times say", () => {
  const given = [
    operation(
      1,
      { kind: "close", file: "f1", tree: "t1", at: 1 } as Partial<PlanOperation> & {
        at: number;
      },
    ),
    operation(
      2,
      { kind: "create", file: "f1", tree: "t1", contexts: [], at: 2 } as unknown as
        & Partial<PlanOperation>
        & { at: number },
    ),
    operation(
      3,
      { kind: "tree", tree: "t1", session: "s1", at: 3 } as Partial<PlanOperation> & {
        at: number;
      },
    ),
    operation(4, { kind: "echo", client: "b", at: 0 }),
  ];
  assertEquals(inOrder(given).map(({ id }) => id), [4, 3, 2, 1]);
});

Deno.test("each operation names once what its client had been answered before it was sent", () => {
  const operations = [
    operation(1, { at: 0, answeredAt: 0.4 }),
    operation(2, { at: 0.1, answeredAt: 0.9 }),
    operation(3, { at: 0.5, answeredAt: null }),
    operation(4, { at: 1, answeredAt: 2 }),
    operation(5, { at: 1, answeredAt: 2, client: "b" }),
    operation(6, { at: 3, answeredAt: 4 }),
  ];
  addAfter(operations);
  assertEquals(operations.map(({ after }) => after), [[], [], [1], [2], [], [4]]);
});

Deno.test("at equal times the frames tell what came first", () => {
  const operations = [
    operation(1, { at: 0, answeredAt: 1, frames: { request: 1, response: 4 } }),
    operation(2, { at: 1, answeredAt: 2, frames: { request: 3, response: 9 } }),
    operation(3, { at: 1, answeredAt: 2, frames: { request: 5, response: 9 } }),
  ];
  addAfter(operations);
  assertEquals(operations.map(({ after }) => after), [[], [], [1]]);
});
