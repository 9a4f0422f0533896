import { assert, assertEquals, assertFalse } from "@std/assert";
import { type Break, FileCaching, type Grant, grantable, validState } from "./caching.ts";

const R = 1;
const RH = 3;
const RW = 5;
const RWH = 7;
const ALL = { revoke: RWH, waitFor: 4 };

function newFile(): { file: FileCaching<string>; breaks: string[] } {
  const breaks: string[] = [];
  const announce = ({ grant, from, to, ackRequired }: Break<string>) => {
    breaks.push(`${[...grant.holders].join("+")} ${from}>${to}${ackRequired ? " ack" : ""}`);
  };
  return { file: new FileCaching<string>({ announce, timeout: 100 }), breaks };
}

function lease(key: string, epoch = 0) {
  return { identity: { clientGuid: "c", key, version: 2 } as const, epoch };
}

Deno.test("rights that mean nothing without reading are not granted", () => {
  const granted = [0, 1, 2, 3, 4, 5, 6, 7].map(validState);
  assertEquals(granted, [0, 1, 0, 3, 0, 5, 0, 7]);
});

Deno.test("what others do limits what is granted", () => {
  const none = { opened: false, oplock: false, writer: false, handleLease: false, locked: false };
  const cases: [Partial<typeof none>, lease: number, oplock: number][] = [
    [{}, RWH, RWH],
    [{ opened: true }, RH, R],
    [{ opened: true, oplock: true }, R, R],
    [{ opened: true, handleLease: true }, RH, 0],
    [{ opened: true, writer: true }, 0, 0],
    [{ locked: true }, 0, 0],
  ];
  for (const [use, asLease, asOplock] of cases) {
    assertEquals(grantable(RWH, { ...none, ...use }, true), asLease);
    assertEquals(grantable(RWH, { ...none, ...use }, false), asOplock);
  }
  assertEquals(grantable(RH, none, false), R);
});

Deno.test("a break goes step by step where another operation asks for more meanwhile", () => {
  const { file, breaks } = newFile();
  const grant = file.grant("a", RWH, lease("k", 0x11));
  assertEquals(grant.epoch, 0x12);
  assert(file.contend({ revoke: 4, waitFor: 4 }, 0));
  assert(file.contend(ALL, 0));
  assert(file.acknowledge(grant, RH, 0));
  assert(file.contend({ revoke: 4, waitFor: 4 }, 0), "the break goes on");
  assert(file.acknowledge(grant, R, 0));
  assertEquals(breaks, ["a 7>3 ack", "a 3>1 ack", "a 1>0"]);
  assertEquals([grant.state, grant.breakingTo, grant.epoch], [0, undefined, 0x13]);
  assertFalse(file.contend(ALL, 0));
});

Deno.test("an acknowledgement may give up more than was asked, never keep more", () => {
  const { file } = newFile();
  const grant = file.grant("a", RWH, lease("k"));
  file.contend({ revoke: 4, waitFor: 4 }, 0);
  assertFalse(file.acknowledge(grant, RW, 0));
  assert(file.acknowledge(grant, 0, 0));
  assertEquals([grant.state, grant.required], [0, 0]);
  assertFalse(file.acknowledge(grant, 0, 0));
});

Deno.test("an overwrite does not wait for those who only read and keep handles", () => {
  const { file, breaks } = newFile();
  file.grant("a", RH, lease("k"));
  file.grant("b", R);
  assertFalse(file.contend(ALL, 0));
  assertFalse(file.contend(ALL, 0));
  assertEquals(breaks, ["a 3>0 ack", "b 1>0"]);
});

Deno.test("a lease spares its own opens, a level II oplock does not", () => {
  const { file, breaks } = newFile();
  const mine = file.grant("a", RWH, lease("k"));
  file.share(mine, "b", RWH);
  file.contend({ by: "b", ...ALL }, 0);
  assertEquals(breaks, []);
  const other = newFile();
  other.file.grant("x", R);
  other.file.contend({ by: "x", ...ALL }, 0);
  assertEquals(other.breaks, ["x 1>0"]);
});

Deno.test("sharing a lease adds rights and never takes any, and none while it breaks", () => {
  const { file } = newFile();
  const grant = file.grant("a", R, lease("k"));
  file.share(grant, "b", RWH);
  assertEquals([grant.state, grant.epoch], [RWH, 2]);
  file.share(grant, "c", R);
  assertEquals([grant.state, grant.epoch], [RWH, 2]);
  file.contend({ revoke: 4, waitFor: 4 }, 0);
  file.share(grant, "d", RWH);
  assertEquals([grant.state, grant.breakingTo], [RWH, RH]);
});

Deno.test("overdue breaks end with nothing kept, others go on", () => {
  const { file } = newFile();
  const grants: Grant<string>[] = [];
  grants.push(file.grant("a", RWH, lease("k")));
  file.contend({ revoke: 4, waitFor: 4 }, 50);
  assertEquals(file.nextDeadline, 150);
  assertFalse(file.expire(149));
  assert(file.expire(150));
  assertEquals([grants[0]?.state, file.nextDeadline], [0, Infinity]);
});

Deno.test("a grant goes with its last open", () => {
  const { file } = newFile();
  const grant = file.grant("a", R, lease("k"));
  file.share(grant, "b", R);
  assertFalse(file.release(grant, "a"));
  assert(file.release(grant, "b"));
  assertEquals(file.grants.size, 0);
});
