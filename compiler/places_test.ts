import { assertEquals } from "@std/assert";
import { Places, Recent } from "./places.ts";
import type { PlanOperation } from "./plan.ts";

Deno.test("the latest entries are kept, and at most twice as many", () => {
  const recent = new Recent<number, string>(3);
  for (let key = 0; key < 20; key++) {
    recent.set(key, `${key}`);
    assertEquals(recent.has(Math.max(key - 2, 0)), true);
  }
  assertEquals([recent.has(0), recent.get(19), recent.size <= 6], [false, "19", true]);
  recent.delete(19);
  assertEquals(recent.get(19), undefined);
  recent.set(18, "again");
  assertEquals(recent.get(18), "again");
});

Deno.test("an operation takes place where its open is, also after a rename and after the close", () => {
  const places = new Places();
  const base = { client: "a", status: 0, contexts: [], granted: {}, frames: {}, after: [] };
  const placeOf = (operation: Record<string, unknown>) => {
    const { user, server, host, share, path, target, key } = places.of(
      { ...base, ...operation } as unknown as PlanOperation,
    );
    return { user, server, host, share, path, target, key };
  };
  placeOf({ kind: "connect", connection: "n1", server: "10.0.0.9:445" });
  placeOf({ kind: "login", connection: "n1", session: "s1", user: "jo" });
  placeOf({ kind: "tree", session: "s1", tree: "t1", path: "\\\\lab\\Data" });
  const common = { user: "jo", server: "10.0.0.9:445", host: "lab", share: "Data" };
  assertEquals(placeOf({ kind: "create", tree: "t1", file: "f1", path: "\\A\\b" }), {
    ...common,
    path: "A\\b",
    target: null,
    key: "data\\a\\b",
  });
  const name = [...new Uint8Array(16), 2, 0, 0, 0, 0x63, 0];
  const rename = { infoType: 1, class: 10, input: Uint8Array.from(name).toHex() };
  assertEquals(placeOf({ kind: "setInfo", tree: "t1", file: "f1", ...rename }).target, "c");
  assertEquals(placeOf({ kind: "close", tree: "t1", file: "f1" }).path, "c");
  assertEquals(placeOf({ kind: "read", tree: "t1", file: "f1", status: 1 }).key, "data\\c");
  assertEquals(placeOf({ kind: "read", tree: "t1", file: "f2", status: 1 }).path, null);
});
