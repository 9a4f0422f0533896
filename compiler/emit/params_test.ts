import { assertEquals } from "@std/assert";
import type { PlanOperation } from "../plan.ts";
import { parametersOf, paramsLines, paramsMembers } from "./params.ts";

function tree(path: string) {
  return { kind: "tree", client: "a", tree: "t1", path };
}

function login(user: string | null, status = 0) {
  return { kind: "login", user, status };
}

function open(path: string, more: object = {}) {
  return { kind: "create", client: "a", tree: "t1", path, granted: { action: 1 }, ...more };
}

function of(...operations: readonly object[]) {
  const found = parametersOf(operations as unknown as PlanOperation[], []);
  return [found.users, found.folders].map((list) =>
    list.map(({ name, captured }) => `${name}=${captured}`)
  );
}

Deno.test("users that logged in are parameters, the only one as such", () => {
  assertEquals(of(login("JSmith"), login("jsmith"), login("eve", 0xc000006d), login(null)), [
    ["user=JSmith"],
    [],
  ]);
  assertEquals(
    of(login("LAB-alice"), login("bob"), login("日本")),
    [
      ["labAlice=LAB-alice", "bob=bob", "user=日本"],
      [],
    ].map((list) => list.map((text) => text.replace("jsmith", "JSmith"))),
  );
  assertEquals(of(...Array.from({ length: 9 }, (_, index) => login(`u${index}`)))[0], []);
});

Deno.test("folders in which all is done are parameters, as deep as they are common", () => {
  const work = ["Users\\ann\\a.txt", "users\\Ann\\b\\c.txt", "root.txt", "share\\x"];
  assertEquals(of(tree("\\\\s\\d"), ...work.map((path) => open(path)))[1], [
    "annFolder=Users\\ann",
    "shareFolder=share",
  ]);
  const opened = [...work, "Users"].map((path) => open(path));
  assertEquals(of(tree("\\\\s\\d"), ...opened)[1], ["usersFolder=Users", "shareFolder=share"]);
  const many = ["a", "b", "c", "d", "e"].map((name) => open(`${name}\\x`));
  assertEquals(of(tree("\\\\s\\d"), ...many)[1], []);
});

Deno.test("pipes, what was refused, and names that are none are no folders", () => {
  assertEquals(of(tree("\\\\s\\IPC$"), open("x\\srvsvc"))[1], []);
  assertEquals(
    of(tree("\\\\s\\d"), open("no\\x", { granted: null }), open("..\\..\\etc\\x"))[1],
    [],
  );
});

Deno.test("parameters are declared, and told apart", () => {
  const parameters = parametersOf(
    [login("user"), tree("\\\\s\\d"), open("docs\\x")] as unknown as PlanOperation[],
    [{ name: "readSize", kind: "read", size: 4096 }],
  );
  assertEquals(paramsLines(parameters).slice(1), [
    "const params = z.object({",
    '  user: z.string().default("user").describe("account of --users-csv"),',
    '  docsFolder: z.string().default("docs").describe("place of that folder"),',
    "  readSize: z.number().int().min(1).default(4096)",
    '    .describe("bytes of each READ in a row"),',
    "});",
    "",
  ]);
  assertEquals(paramsMembers(parameters), [
    "  params,",
    '  users: { user: "user" },',
    '  folders: { docsFolder: "docs" },',
  ]);
  assertEquals(paramsMembers(parametersOf([], [])), []);
  const deep = `${"folder\\".repeat(9)}last`;
  const long = parametersOf(
    [tree("\\\\s\\d"), open(`${deep}\\x`)] as unknown as PlanOperation[],
    [],
  );
  assertEquals(paramsLines(long).slice(2, 6), [
    "  lastFolder: z.string().default(",
    `    ${JSON.stringify(deep)},`,
    "  )",
    '    .describe("place of that folder"),',
  ]);
});
