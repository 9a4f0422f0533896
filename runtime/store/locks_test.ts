import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { RangeLocks } from "./locks.ts";
import { StoreError } from "./errors.ts";
import { MAX_LOCKS } from "./limits.ts";

function range(offset: number | bigint, length: number | bigint) {
  return { offset: BigInt(offset), length: BigInt(length) };
}
function shared(offset: number | bigint, length: number | bigint) {
  return { ...range(offset, length), exclusive: false };
}
function exclusive(offset: number | bigint, length: number | bigint) {
  return { ...range(offset, length), exclusive: true };
}
function refused(action: () => void): string {
  return assertThrows(action, StoreError).code;
}

Deno.test("shared locks go together, an exclusive one lets only its owner's shared ones in", () => {
  const locks = new RangeLocks<string>();
  locks.lock("a", shared(0, 10));
  locks.lock("b", shared(5, 10));
  locks.lock("a", shared(0, 10));
  assertEquals(refused(() => locks.lock("c", exclusive(9, 1))), "lockNotGranted");
  assertEquals(refused(() => locks.lock("a", exclusive(0, 1))), "lockNotGranted");
  locks.lock("c", exclusive(15, 1));
  assertEquals(refused(() => locks.lock("c", exclusive(15, 1))), "lockNotGranted");
  assertEquals(refused(() => locks.lock("a", shared(15, 1))), "lockNotGranted");
  locks.lock("c", shared(15, 1));
  locks.unlock("c", range(15, 1));
  locks.lock("a", shared(15, 1));
});

Deno.test("locks decide who may read and write", () => {
  const locks = new RangeLocks<string>();
  locks.lock("a", exclusive(0, 10));
  locks.lock("a", shared(20, 10));
  assertFalse(locks.blocksRead("a", range(0, 30)));
  assert(locks.blocksRead("b", range(9, 1)));
  assertFalse(locks.blocksRead("b", range(10, 20)));
  assertFalse(locks.blocksWrite("a", range(0, 10)));
  assert(locks.blocksWrite("a", range(29, 1)));
  assert(locks.blocksWrite("b", range(20, 1)));
  assertFalse(locks.blocksWrite("b", range(5, 0)));
});

Deno.test("a lock of no bytes conflicts only strictly inside another", () => {
  const locks = new RangeLocks<string>();
  locks.lock("a", exclusive(10, 10));
  locks.lock("b", exclusive(10, 0));
  locks.lock("b", exclusive(20, 0));
  assertEquals(refused(() => locks.lock("b", exclusive(11, 0))), "lockNotGranted");
});

Deno.test("a range may reach the last byte of 64 bits and not go beyond", () => {
  const locks = new RangeLocks<string>();
  const last = (1n << 64n) - 1n;
  locks.lock("a", exclusive(last, 1));
  assertEquals(refused(() => locks.lock("b", exclusive(last - 1n, 2))), "lockNotGranted");
  assertEquals(refused(() => locks.lock("b", exclusive(last, 2))), "invalidArgument");
});

Deno.test("waiting locks are granted in order of arrival as soon as they fit", () => {
  const locks = new RangeLocks<string>();
  locks.lock("a", exclusive(0, 10));
  const first = locks.wait("b", exclusive(0, 5));
  const second = locks.wait("c", exclusive(0, 5));
  const third = locks.wait("d", shared(5, 5));
  assert(first.waiting && second.waiting && third.waiting);
  assertEquals(locks.unlock("a", range(0, 10)), [first, third]);
  assertFalse(first.waiting);
  assert(second.waiting);
  assertEquals(locks.release("b"), [second]);
  assertFalse(locks.wait("e", exclusive(100, 1)).waiting);
});

Deno.test("a waiting lock can be withdrawn once", () => {
  const locks = new RangeLocks<string>();
  locks.lock("a", exclusive(0, 1));
  const ticket = locks.wait("b", exclusive(0, 1));
  assert(locks.cancel(ticket));
  assertFalse(locks.cancel(ticket));
  assertEquals(locks.release("a"), []);
  assertEquals(locks.waiting, 0);
});

Deno.test("an owner that goes takes its waiting locks along", () => {
  const locks = new RangeLocks<string>();
  locks.lock("a", exclusive(0, 1));
  const mine = locks.wait("a", exclusive(0, 1));
  const theirs = locks.wait("b", exclusive(0, 1));
  assertEquals(locks.release("a"), [theirs]);
  assertFalse(mine.waiting);
});

Deno.test("only a range that is held exactly can be released", () => {
  const locks = new RangeLocks<string>();
  locks.lock("a", exclusive(0, 10));
  assertEquals(refused(() => locks.unlock("a", range(0, 9))), "rangeNotLocked");
  assertEquals(refused(() => locks.unlock("b", range(0, 10))), "rangeNotLocked");
  assert(locks.holds("a", range(0, 10)));
  locks.unlock("a", range(0, 10));
  assertFalse(locks.holds("a", range(0, 10)));
});

Deno.test("the number of locks on a stream is bounded", () => {
  const locks = new RangeLocks<string>();
  for (let i = 0; i < MAX_LOCKS; i++) locks.lock("a", shared(0, 0));
  assertEquals(refused(() => locks.lock("a", shared(0, 0))), "noSpace");
  assertEquals(refused(() => locks.wait("a", shared(0, 0))), "noSpace");
});
