import { assertEquals } from "@std/assert";
import { type Linked, LinkedList } from "./linked_list.ts";

interface Item extends Linked<Item> {
  readonly name: string;
}

function item(name: string): Item {
  return { name, before: null, after: null };
}

function names(list: LinkedList<Item>): string {
  return list.all().map(({ name }) => name).join("");
}

Deno.test("a list keeps the order in which things came, whichever of them leave", () => {
  const list = new LinkedList<Item>();
  const [a, b, c, d] = ["a", "b", "c", "d"].map(item) as [Item, Item, Item, Item];
  for (const one of [a, b, c, d]) list.add(one);
  list.remove(b);
  assertEquals([names(list), list.size], ["acd", 3]);
  list.remove(a);
  list.remove(d);
  assertEquals([names(list), list.size], ["c", 1]);
  list.add(b);
  assertEquals(names(list), "cb");
  list.remove(c);
  list.remove(b);
  assertEquals([names(list), list.size], ["", 0]);
});

Deno.test("what is in no list is taken out of none, and refers to nothing", () => {
  const list = new LinkedList<Item>();
  const [a, b] = ["a", "b"].map(item) as [Item, Item];
  list.add(a);
  list.remove(b);
  list.add(b);
  list.remove(a);
  list.remove(a);
  assertEquals([names(list), list.size, a.before, a.after], ["b", 1, null, null]);
});
