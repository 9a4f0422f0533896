import { assertEquals, assertThrows } from "@std/assert";
import { type Command, nearestName, parseGiven, UsageError } from "./command.ts";

const COMMAND: Command = {
  name: "demo",
  operands: [{ name: "file" }, { name: "more", optional: true }],
  details: [],
  options: [
    { name: "speed", value: "N", help: "" },
    { name: "set", short: "s", value: "A=B", many: true, help: "" },
    { name: "quiet", short: "q", help: "" },
  ],
  examples: [],
  run: () => Promise.resolve(0),
};

Deno.test("options come before, between and behind operands, with and without an equals sign", () => {
  const given = parseGiven(COMMAND, [
    "-q",
    "a.ts",
    "--speed=2",
    "b.ts",
    "-s",
    "x=1",
    "--set",
    "y=2=3",
  ]);
  assertEquals(given.operands, ["a.ts", "b.ts"]);
  assertEquals([given.has("quiet"), given.has("help")], [true, false]);
  assertEquals([given.value("speed"), given.value("nothing")], ["2", undefined]);
  assertEquals(given.values("set"), ["x=1", "y=2=3"]);
});

Deno.test("operands that look like numbers stay text, and those behind -- may look like options", () => {
  assertEquals(parseGiven(COMMAND, ["007", "1e3"]).operands, ["007", "1e3"]);
  assertEquals(parseGiven(COMMAND, ["--", "-odd.ts"]).operands, ["-odd.ts"]);
});

Deno.test("help asks for no operands", () => {
  assertEquals(parseGiven(COMMAND, ["-h"]).has("help"), true);
});

Deno.test("a value that begins with a dash is no option", () => {
  assertEquals(parseGiven(COMMAND, ["f", "--speed=-1"]).value("speed"), "-1");
});

Deno.test("unknown options are refused whatever their form", () => {
  for (const arg of ["--sped", "--sped=1", "-x", "--no-quiet"]) {
    assertThrows(() => parseGiven(COMMAND, ["f", arg]), UsageError, "is unknown");
  }
});

Deno.test("only a name that is near is suggested", () => {
  const known = ["--target", "--timeout", "--user"];
  assertEquals(nearestName("--tagret", known), "--target");
  assertEquals(nearestName("--usr", known), "--user");
  assertEquals(nearestName("--verbose", known), null);
});
