import { assertEquals } from "@std/assert";
import { addConflicts } from "./conflicts.ts";
import type { PlanOperation } from "./plan.ts";

/** `client kind file [from-to]`: an operation on an open of that client's; times are counted up unless given. */
function plan(...lines: string[]): PlanOperation[] {
  const operations: unknown[] = [];
  const common = { after: [], status: 0 };
  let id = 0;
  for (const client of ["a", "b", "c"]) {
    operations.push({
      ...common,
      id: id++,
      kind: "tree",
      client,
      tree: "t1",
      path: "\\\\lab\\share",
      at: 0,
      answeredAt: 0,
      frames: { request: 0, response: 0 },
    });
  }
  lines.forEach((line, index) => {
    const [client, kind, name = "", times] = line.split(" ");
    const [at, answered] = times?.split("-") ?? [`${index + 1}`, `${index + 1.5}`];
    operations.push({
      ...common,
      id: id++,
      kind,
      client,
      tree: "t1",
      file: `${name}.${client}`,
      path: name,
      contexts: [],
      granted: { oplock: 0, lease: null, action: 1, size: "0" },
      infoType: 1,
      class: 4,
      input: "",
      at: Number(at),
      answeredAt: answered === "" ? null : Number(answered),
      frames: { request: 10 * id, response: 10 * id + 5 },
    });
  });
  return operations as PlanOperation[];
}

/** Edges as `later<earlier`, by place among the given lines. */
function edges(...lines: string[]): string[] {
  const operations = plan(...lines);
  addConflicts(operations);
  return operations.flatMap(({ id, afterOthers }) =>
    (afterOthers ?? []).map((before) => `${id - 3}<${before - 3}`)
  );
}

Deno.test("what another client altered before comes before", () => {
  assertEquals(edges("a create x", "b create x", "a write x", "b read x"), ["1<0", "2<1", "3<2"]);
});

Deno.test("names are equal whatever their case", () => {
  assertEquals(edges("a create X", "b create x"), ["1<0"]);
});

Deno.test("other files, and clients alone, have no order", () => {
  assertEquals(edges("a create x", "b create y", "a write x", "b write y"), []);
  assertEquals(edges("a create x", "a write x", "a read x"), []);
});

Deno.test("reads among each other have no order", () => {
  assertEquals(edges("a create x", "b create x", "a read x", "b read x", "a read x"), [
    "1<0",
    "2<1",
  ]);
});

Deno.test("what had not been answered is no reason to wait", () => {
  assertEquals(edges("a create x 1-3", "b create x 2-4"), []);
  assertEquals(edges("a create x 1-", "b create x 2-4"), []);
});

Deno.test("a client waits once for what another one did", () => {
  assertEquals(edges("a create x", "b create x", "b write x", "b close x"), ["1<0"]);
});
