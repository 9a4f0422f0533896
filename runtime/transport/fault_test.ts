import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FaultTransport, type Transport, TransportError, transportPair } from "./mod.ts";

function bytes(...values: number[]): Uint8Array {
  return new Uint8Array(values);
}

/** A faulty end, its peer, and a clock that a test moves. */
function faulty(): { near: FaultTransport; far: Transport; wake: (() => void)[] } {
  const [here, far] = transportPair();
  const wake: (() => void)[] = [];
  const near = new FaultTransport(here, {
    sleep: () => new Promise((resolve) => wake.push(resolve)),
  });
  return { near, far, wake };
}

async function readOnce(transport: Transport): Promise<number[] | null> {
  const into = new Uint8Array(16);
  const count = await transport.read(into);
  return count === null ? null : [...into.subarray(0, count)];
}

async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

/** What a promise has come to by now. */
async function stateOf(promise: Promise<unknown>): Promise<"pending" | "resolved" | "rejected"> {
  let state: "pending" | "resolved" | "rejected" = "pending";
  promise.then(() => state = "resolved", () => state = "rejected");
  await turns();
  return state;
}

Deno.test("without a fault everything passes, the end too", async () => {
  const { near, far } = faulty();
  await near.write([bytes(1), bytes(2)]);
  assertEquals(await readOnce(far), [1, 2]);
  await far.write([bytes(3)]);
  assertEquals(await readOnce(near), [3]);
  far.close();
  assertEquals([await readOnce(near), await near.closed], [null, null]);
});

Deno.test("a stalled direction holds bytes back, in order, and the other one goes on", async () => {
  const { near, far } = faulty();
  near.stall("tx");
  const writes = [near.write([bytes(1)]), near.write([bytes(2)])];
  await far.write([bytes(9)]);
  assertEquals(await readOnce(near), [9]);
  assertEquals(await stateOf(Promise.race(writes)), "pending");
  near.resume();
  const last = near.write([bytes(3)]);
  await Promise.all([...writes, last]);
  assertEquals(await readOnce(far), [1, 2, 3]);
});

Deno.test("a stalled reader does not see what has arrived until it resumes", async () => {
  const { near, far } = faulty();
  const read = readOnce(near);
  near.stall("rx");
  await far.write([bytes(5)]);
  assertEquals(await stateOf(read), "pending");
  near.resume();
  assertEquals(await read, [5]);
});

Deno.test("closing ends what is stalled", async () => {
  const { near } = faulty();
  near.stall();
  const read = readOnce(near);
  const write = near.write([bytes(1)]);
  near.close();
  assertEquals(await read, null);
  await assertRejects(() => write, TransportError);
  assertEquals(await near.closed, null);
});

Deno.test("a delay holds every chunk for its time, and keeps the order", async () => {
  const { near, far, wake } = faulty();
  near.delay(20, "tx");
  const writes = [near.write([bytes(1)]), near.write([bytes(2)])];
  await turns();
  assertEquals(wake.length, 1);
  wake[0]?.();
  await writes[0];
  assertEquals(await readOnce(far), [1]);
  await turns();
  wake[1]?.();
  await writes[1];
  assertEquals(await readOnce(far), [2]);
  near.delay(0);
  await near.write([bytes(3)]);
  assertEquals(wake.length, 2);
});

Deno.test("a half-open connection takes bytes for nothing and hears nothing, not even the end", async () => {
  const { near, far } = faulty();
  const read = readOnce(near);
  near.halfOpen();
  await near.write([bytes(1)]);
  await far.write([bytes(2)]);
  const arrived = readOnce(far);
  far.close();
  assertEquals(await stateOf(read), "pending");
  assertEquals(await stateOf(near.closed), "pending");
  assertEquals(await arrived, null);
  near.drop();
  const error = await assertRejects(() => read, TransportError);
  assertEquals([error.reason, (await near.closed)?.reason], ["reset", "reset"]);
});

Deno.test("the connection ends behind the last byte that is allowed, in either direction", async () => {
  const sending = faulty();
  sending.near.dropAfter(3);
  await sending.near.write([bytes(1, 2)]);
  const error = await assertRejects(() => sending.near.write([bytes(3), bytes(4)]), TransportError);
  assertEquals(error.reason, "reset");
  assertEquals([await readOnce(sending.far), await readOnce(sending.far)], [[1, 2, 3], null]);

  const receiving = faulty();
  receiving.near.dropAfter(2, "rx");
  await receiving.far.write([bytes(1, 2, 3)]);
  assertEquals(await readOnce(receiving.near), [1, 2]);
  await assertRejects(() => readOnce(receiving.near), TransportError);
});

Deno.test("a limit on what is received holds for a read that was under way before", async () => {
  const { near, far } = faulty();
  const read = readOnce(near);
  near.dropAfter(1, "rx");
  await far.write([bytes(7, 8, 9)]);
  assertEquals(await read, [7]);
  await assertRejects(() => readOnce(near), TransportError);
});

Deno.test("drop ends a pending read with an error, and every later use", async () => {
  const { near, far } = faulty();
  const read = readOnce(near);
  near.drop();
  await assertRejects(() => read, TransportError, "dropped on purpose");
  await assertRejects(() => near.write([bytes(1)]), TransportError);
  assertEquals(await readOnce(far), null);
  near.drop();
  assertEquals((await near.closed)?.reason, "reset");
});

Deno.test("the connection ends in place of the next write, behind those of the same turn", async () => {
  const { near, far } = faulty();
  const before = near.write([bytes(1)]);
  near.dropNext();
  await assertRejects(() => near.write([bytes(2)]), TransportError);
  await before;
  assertEquals([await readOnce(far), await readOnce(far)], [[1], null]);
});

Deno.test("a limit that is not reached is forgotten by resume", async () => {
  const { near, far } = faulty();
  near.dropAfter(2);
  await near.write([bytes(1)]);
  near.resume();
  await near.write([bytes(2, 3)]);
  assertEquals(await readOnce(far), [1, 2, 3]);
});

Deno.test("the system's timer waits, and does not outlive the connection", async () => {
  const [here, far] = transportPair();
  const near = new FaultTransport(here);
  near.delay(1);
  await near.write([bytes(1)]);
  assertEquals(await readOnce(far), [1]);
  near.delay(1e6);
  const write = near.write([bytes(2)]);
  near.drop();
  await assertRejects(() => write, TransportError);
});

Deno.test("what is no count or duration is refused", () => {
  const { near } = faulty();
  assertThrows(() => near.delay(-1), RangeError);
  assertThrows(() => near.dropAfter(1.5), RangeError);
  assert(near.remote.length > 0);
});

Deno.test("the end of writes passes, and is the end of all where a fault would hold it back", async () => {
  const { near, far } = faulty();
  near.endWrites();
  assertEquals(await readOnce(far), null);
  await far.write([bytes(3)]);
  assertEquals(await readOnce(near), [3]);
  const stalled = faulty();
  stalled.near.stall("tx");
  stalled.near.endWrites();
  assertEquals([await readOnce(stalled.far), await readOnce(stalled.near)], [null, null]);
});
