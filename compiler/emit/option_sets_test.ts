import { assertEquals } from "@std/assert";
import type { PlanOperation } from "../plan.ts";
import { type Code, object, oneLine, quoted, slot, variable } from "./code.ts";
import { Scope } from "./naming.ts";
import { OptionSets } from "./option_sets.ts";
import type { CallLine } from "./step.ts";

/** An open with these options. */
function open(options: Record<string, Code>, create: Record<string, unknown> = {}): CallLine {
  return {
    kind: "call",
    wait: true,
    receiver: variable("t1"),
    method: "open",
    args: ['p.path("a")', object(options)!],
    sends: {
      kind: "create",
      access: 0x00120089,
      disposition: 1,
      options: 0x40,
      ...create,
    } as unknown as PlanOperation,
  };
}

/** The last argument of each call, and the sets. */
function named(calls: readonly CallLine[]) {
  const sets = new OptionSets();
  for (const call of calls) sets.see(call);
  sets.name(new Scope());
  return {
    options: calls.map((call) => oneLine(sets.argsOf(call).at(-1)!)),
    sets: sets.all.map(({ name, type, code }) => `${name}: ${type} = ${oneLine(code)}`),
  };
}

const READING = { share: quoted("rw"), options: '["nonDirectory"]' };

Deno.test("options that come three times have a name, and what is one file's own stays beside it", () => {
  const lease = object({ state: quoted("RWH"), key: slot("string", "key", quoted("L1")) })!;
  const { options, sets } = named([
    open(READING),
    open({ ...READING, expect: quoted("ACCESS_DENIED") }),
    open({ ...READING, lease }),
  ]);
  assertEquals(sets, ['toRead: OpenOptions = { share: "rw", options: ["nonDirectory"] }']);
  assertEquals(options, [
    "toRead",
    '{ ...toRead, expect: "ACCESS_DENIED" }',
    '{ ...toRead, lease: { state: "RWH", key: "L1" } }',
  ]);
});

Deno.test("what is rare, short, or of one place has no name", () => {
  assertEquals(named([open(READING), open(READING)]).sets, []);
  const short = { share: quoted("r") };
  assertEquals(named([open(short), open(short), open(short)]).sets, []);
  const own = { ...READING, contexts: object({ file: variable("f1") })! };
  assertEquals(named([open(own), open(own), open(own)]).sets, []);
});

Deno.test("a name says what a file is opened for", () => {
  const purposes = [
    { disposition: 2, options: 1 },
    { disposition: 2 },
    { disposition: 5 },
    { disposition: 3 },
    { options: 1 },
    { access: 0x0012019f },
    { access: 0x00010000 },
    { access: 0x00000080 },
    { access: 0x00000080, options: 1 },
    { options: 0x1000 },
  ];
  const names = purposes.map((create, i) => {
    const call = open({ ...READING, n: String(i) }, create);
    return named([call, call, call]).sets[0]?.split(":")[0];
  });
  assertEquals(names, [
    "toMakeFolder",
    "toCreate",
    "toOverwrite",
    "toOpenOrCreate",
    "toList",
    "toWrite",
    "toDelete",
    "toQuery",
    "toQueryFolder",
    "toDelete",
  ]);
});
