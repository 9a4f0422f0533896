import { assertEquals } from "@std/assert";
import { Exchange } from "./exchange.ts";
import { OutstandingTable } from "./outstanding_table.ts";

function exchange(messageId: bigint): Exchange {
  const made = new Exchange({ command: "ECHO", body: { reserved: 0 } });
  made.messageId = messageId;
  return made;
}

function idsOf(table: OutstandingTable): bigint[] {
  return [...table.values()].map(({ messageId }) => messageId).sort((a, b) => a < b ? -1 : 1);
}

Deno.test("requests are found by their message ids, however many are outstanding", () => {
  const table = new OutstandingTable();
  const all = Array.from({ length: 100 }, (_, id) => exchange(BigInt(id)));
  for (const one of all) table.add(one);
  assertEquals(all.every((one) => table.get(one.messageId) === one), true);
  for (const one of all.slice(0, 90)) table.delete(one);
  assertEquals([table.size, table.get(89n), table.get(95n)], [10, null, all[95] ?? null]);
  assertEquals(idsOf(table), all.slice(90).map(({ messageId }) => messageId));
  table.clear();
  assertEquals([table.size, table.get(95n)], [0, null]);
});

Deno.test("a request that the server holds is found among those that came long after it, as is one with an id of 64 bits", () => {
  const table = new OutstandingTable();
  const held = exchange(3n);
  const largest = exchange(0xffffffffffffffffn);
  table.add(held);
  table.add(largest);
  for (let id = 4n; id < 1000n; id++) {
    const one = exchange(id);
    table.add(one);
    if (table.get(id) !== one) throw new Error(`${id} is lost`);
    table.delete(one);
  }
  assertEquals([table.get(3n), table.get(0xffffffffffffffffn)], [held, largest]);
  assertEquals([table.get(19n), table.get(15n), table.size], [null, null, 2]);
});
