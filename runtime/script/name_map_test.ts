import { assert, assertEquals } from "@std/assert";
import { NameMap, nameMappingSchema, NO_NAMES } from "./name_map.ts";
import { pathTest } from "./path_glob.ts";

function paths(rules: Record<string, string>): (path: string) => string {
  const map = new NameMap(nameMappingSchema.parse({ paths: rules }));
  return (path) => map.path(path);
}

Deno.test("a folder's rule is for the folder and what is below it", () => {
  const map = paths({ "projects/2024": "archive" });
  assertEquals(map("Projects\\2024\\a\\b.txt"), "archive\\a\\b.txt");
  assertEquals(map("projects\\2024"), "archive");
  assertEquals(map("projects\\20245\\a"), "projects\\20245\\a");
  assertEquals(map("x\\projects\\2024"), "x\\projects\\2024");
});

Deno.test("wildcards take what they matched, the first rule counts", () => {
  const map = paths({
    "users/*/Desktop/**": "home/*/desk/**",
    "**/*.tmp": "**/scratch/*.tmp",
    "**/*.t?p": "never",
    "q?": "quarter?",
  });
  assertEquals(map("Users\\Ann\\Desktop\\a\\b"), "home\\Ann\\desk\\a\\b");
  assertEquals(map("a\\b\\x.tmp"), "a\\b\\scratch\\x.tmp");
  assertEquals(map("x.tmp"), "scratch\\x.tmp");
  assertEquals(map("Q1\\x"), "quarter1\\x");
});

Deno.test("a stream goes with its file", () => {
  const map = paths({ "a/b.txt": "c.txt" });
  assertEquals(map("a\\b.txt:note:$DATA"), "c.txt:note:$DATA");
});

Deno.test("names are told without case, and numbers are names", () => {
  const map = new NameMap(
    nameMappingSchema.parse({ shares: { Data: 2024 }, users: { Jo: "ann" } }),
  );
  assertEquals([map.share("DATA"), map.user("jo"), map.domain("x")], ["2024", "ann", "x"]);
  assertEquals(new NameMap(NO_NAMES).path("a\\b"), "a\\b");
});

Deno.test("what no rule can be is refused", () => {
  for (
    const file of [
      { paths: { "": "x" } },
      { paths: { "a": "*" } },
      { paths: { "*/**": "**/*" } },
      { shares: { a: "b\\c" } },
      { shares: { "a/b": "c" } },
      { users: { "LAB\\jo": "joan" } },
      { hosts: {} },
      { users: ["a"] },
    ]
  ) assert(!nameMappingSchema.safeParse(file).success, JSON.stringify(file));
});

Deno.test("a pattern without separator means any name, one with them the path from the share", () => {
  const cases: [string, string, boolean][] = [
    ["*.doc", "a\\b\\C.DOC", true],
    ["*.doc", "a.doc\\x", true],
    ["*.doc", "a.docx", false],
    ["a/*.doc", "a\\x.doc", true],
    ["a/*.doc", "b\\a\\x.doc", false],
    ["a/**/x", "a\\x", true],
    ["a/**/x", "a\\b\\c\\x\\y", true],
    ["note.txt", "d\\note.txt:stream", true],
    ["?", "ab", false],
  ];
  for (const [pattern, path, expected] of cases) {
    assertEquals(pathTest(pattern)(path), expected, `${pattern} ${path}`);
  }
});

Deno.test("a hostile path takes no time", () => {
  const test = pathTest("**/a*a*a*a*a*a*b/**/a*a*a*a*b");
  assertEquals(test(`${"a".repeat(2000)}\\`.repeat(8)), false);
});
