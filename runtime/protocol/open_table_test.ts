import { assertEquals } from "@std/assert";
import type { FileId } from "../wire/mod.ts";
import { OpenTable } from "./open_table.ts";
import type { OpenState } from "./sessions.ts";

function open(persistent: bigint, volatile: bigint): OpenState {
  return { fileId: { persistent, volatile } } as OpenState;
}

function id(persistent: bigint, volatile: bigint): FileId {
  return { persistent, volatile };
}

Deno.test("OpenTable finds opens by both halves of their id", () => {
  const opens = new OpenTable();
  const first = open(1n, 7n);
  const second = open(2n, 7n);
  const third = open(3n, 7n);
  for (const each of [first, second, third]) opens.add(each);
  assertEquals([opens.size, opens.values().length], [3, 3]);
  assertEquals(opens.get(id(2n, 7n)), second);
  assertEquals(opens.get(id(4n, 7n)), undefined);
  assertEquals(opens.get(id(1n, 8n)), undefined);
  opens.delete(id(1n, 7n));
  assertEquals([opens.get(id(1n, 7n)), opens.get(id(2n, 7n)), opens.get(id(3n, 7n))], [
    undefined,
    second,
    third,
  ]);
  opens.delete(id(9n, 7n));
  opens.delete(id(3n, 7n));
  assertEquals(opens.values(), [second]);
  opens.clear();
  assertEquals(opens.size, 0);
});

Deno.test("OpenTable keeps the newest open of an id", () => {
  const opens = new OpenTable();
  const newer = open(1n, 7n);
  opens.add(open(1n, 7n));
  opens.add(newer);
  assertEquals([opens.size, opens.get(id(1n, 7n)) === newer], [1, true]);
});
