import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { describeParams, ParamsError, parseParams } from "./params.ts";
import { size } from "./units.ts";

const SCHEMA = z.object({
  users: z.number().int().min(1).default(3).describe("people at work"),
  size: z.string().default("64k").transform(size),
  fast: z.boolean().default(false),
  mode: z.enum(["read", "write"]).default("read"),
  name: z.string(),
  weights: z.array(z.number()).optional(),
});

Deno.test("text becomes what the schema takes", () => {
  assertEquals(
    parseParams(SCHEMA, {
      users: "5",
      size: "1m",
      fast: "true",
      mode: "write",
      name: "x",
      weights: "[1,2]",
    }),
    { users: 5, size: 2 ** 20, fast: true, mode: "write", name: "x", weights: [1, 2] },
  );
  assertEquals(parseParams(SCHEMA, { name: "5" }), {
    users: 3,
    size: 65536,
    fast: false,
    mode: "read",
    name: "5",
  });
  assertEquals(parseParams(null, {}), {});
});

Deno.test("what the schema does not take is refused by name", () => {
  const refuse = (given: Record<string, string>, says: string) =>
    assertThrows(() => parseParams(SCHEMA, given), ParamsError, says);
  refuse({ name: "x", users: "many" }, 'Cannot set parameter "users" to "many"');
  refuse({ name: "x", users: "0" }, 'Cannot set parameter "users" to "0"');
  refuse({ name: "x", fast: "yes" }, 'Cannot set parameter "fast"');
  refuse({}, 'Cannot run without parameter "name": give it with --set name=VALUE');
  refuse(
    { name: "x", user: "1" },
    'Cannot set parameter "user": the scenario has only users, size',
  );
  assertThrows(() => parseParams(null, { a: "1" }), ParamsError, "the scenario has no parameters");
});

Deno.test("parameters are described with type, default and meaning", () => {
  assertEquals(describeParams(SCHEMA), [
    {
      name: "users",
      type: "integer",
      required: false,
      default: "3",
      description: "people at work",
    },
    { name: "size", type: "string", required: false, default: "64k" },
    { name: "fast", type: "boolean", required: false, default: "false" },
    { name: "mode", type: "one of read, write", required: false, default: "read" },
    { name: "name", type: "string", required: true },
    { name: "weights", type: "array", required: false },
  ]);
});
