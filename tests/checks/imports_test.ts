import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { checkImports } from "./imports.ts";
import { type RoomName, ROOMS } from "./rooms.ts";
import { fromFileUrl } from "./tree.ts";

const FIXTURE = fromFileUrl(new URL("../fixtures/rooms", import.meta.url).href);

Deno.test("every import that breaks a rule is found, and no other", async () => {
  const found = (await checkImports(FIXTURE)).map(({ file, line }) => `${file}:${line}`);
  assertEquals(found, [
    "examples/bad.ts:1",
    "mod.ts:1",
    "runtime/client/mod.ts:1", // tests from a room
    "runtime/client/mod.ts:3", // import() type of a room that it may not import
    "runtime/client/mod.ts:5", // dynamic import of the compiler outside cli
    "runtime/lost.ts:1", // in no room
    "runtime/security/mod.ts:1", // past the mod.ts
    "runtime/wire/mod.ts:1", // type-only
    "runtime/wire/mod.ts:2", // a package that deno.json does not pin
    "tests/helper.ts:1", // past the mod.ts
  ]);
});

Deno.test("a message says which rule is broken and what to edit", async () => {
  const violations = await checkImports(FIXTURE);
  const typeOnly = violations.find(({ file, line }) =>
    file === "runtime/wire/mod.ts" && line === 1
  );
  assert(typeOnly);
  assertStringIncludes(typeOnly.message, "room wire imports room security");
  assertStringIncludes(typeOnly.message, "it may import no other room");
  assertStringIncludes(typeOnly.message, "edit runtime/wire/mod.ts");
  const past = violations.find(({ file }) => file === "runtime/security/mod.ts");
  assertStringIncludes(past?.message ?? "", "import runtime/wire/mod.ts");
});

Deno.test("the allowed imports have no cycle", () => {
  const done = new Set<RoomName>();
  function visit(room: RoomName, path: readonly RoomName[]): void {
    assert(!path.includes(room), `cycle: ${[...path, room].join(" -> ")}`);
    if (done.has(room)) return;
    for (const next of ROOMS[room].imports) visit(next, [...path, room]);
    done.add(room);
  }
  for (const room of Object.keys(ROOMS) as RoomName[]) visit(room, []);
});
