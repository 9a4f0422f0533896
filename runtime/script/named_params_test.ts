import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { ParamsError } from "./params.ts";
import type { RunOptions } from "./host.ts";
import { withNamed } from "./named_params.ts";
import { Definition } from "./scenario.ts";

function definition(names: { users?: Record<string, string>; folders?: Record<string, string> }) {
  return new Definition({
    kind: "replay",
    name: "x",
    params: z.object({ who: z.string().default("JSmith"), where: z.string().default("docs") }),
    ...names,
  });
}

const OPTIONS = { paths: [{ from: "a", to: "b" }] } as unknown as RunOptions;

Deno.test("values of parameters stand for users, and for folders before all other rules", () => {
  const both = definition({ users: { who: "JSmith" }, folders: { where: "docs" } });
  const { users, paths } = withNamed(OPTIONS, both, { who: "alice", where: "lab" });
  assertEquals(users, { jsmith: "alice" });
  assertEquals(paths, [{ from: "docs", to: "lab" }, { from: "a", to: "b" }]);
  const same = withNamed(OPTIONS, both, { who: "JSmith", where: "docs" });
  assertEquals(same.paths, OPTIONS.paths, "where nothing else is said, all stays where it is");
});

Deno.test("what is no name is refused", () => {
  for (const users of [{ other: "JSmith" }, { who: "" }]) {
    assertThrows(() => definition({ users }), TypeError, "Cannot define user");
  }
  for (const folders of [{ other: "docs" }, { where: "\\" }, { where: "d*" }]) {
    assertThrows(() => definition({ folders }), TypeError, "Cannot define folder");
  }
  const folders = definition({ folders: { where: "docs" } });
  for (const where of ["a*", 7]) {
    assertThrows(() => withNamed(OPTIONS, folders, { where }), ParamsError, '"where"');
  }
});
