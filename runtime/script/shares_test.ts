import { assert, assertEquals, assertThrows } from "@std/assert";
import { Reader, WireError, Writer } from "../wire/mod.ts";
import { bindRequest, MAX_ANSWER, RpcAnswer, shareEnumRequest } from "./shares_rpc.ts";

const RESPONSE = 2;
const FAULT = 3;
const BIND_ACK = 12;
const FIRST = 1;
const LAST = 2;

function fragment(
  type: number,
  body: Uint8Array,
  options: { flags?: number; callId?: number } = {},
) {
  const writer = new Writer(64);
  writer.u16(5);
  writer.u8(type);
  writer.u8(options.flags ?? FIRST | LAST);
  writer.u32(0x10);
  writer.u16(16 + body.length);
  writer.u16(0);
  writer.u32(options.callId ?? 1);
  writer.raw(body);
  return writer.bytes().slice();
}

/** AllocHint, ContextId and CancelCount before the stub. */
function response(stub: Uint8Array, options: { flags?: number; callId?: number } = {}) {
  const body = new Uint8Array(8 + stub.length);
  body.set(stub, 8);
  return fragment(RESPONSE, body, options);
}

function text(writer: Writer, value: string): void {
  writer.u32(value.length + 1);
  writer.u32(0);
  writer.u32(value.length + 1);
  writer.text(`${value}\0`);
  writer.align(4);
}

function stubOf(
  shares: readonly (readonly [string, number, string])[],
  end: { result?: number; resume?: number; count?: number } = {},
): Uint8Array {
  const writer = new Writer(256);
  writer.u32(1);
  writer.u32(1);
  writer.u32(4);
  writer.u32(end.count ?? shares.length);
  writer.u32(8);
  writer.u32(end.count ?? shares.length);
  for (const [, type] of shares) {
    writer.u32(12);
    writer.u32(type);
    writer.u32(16);
  }
  for (const [name, , comment] of shares) {
    text(writer, name);
    text(writer, comment);
  }
  writer.u32(shares.length);
  writer.u32(end.resume === undefined ? 0 : 20);
  if (end.resume !== undefined) writer.u32(end.resume);
  writer.u32(end.result ?? 0);
  return writer.bytes().slice();
}

const SHARES = [["data", 0, "all of it"], ["IPC$", 0x80000003, ""], ["lp", 1, ""], [
  "t",
  0x40000000,
  "x",
]] as const;

function pushed(...parts: Uint8Array[]): RpcAnswer {
  const answer = new RpcAnswer(1);
  for (const part of parts) answer.push(part);
  return answer;
}

Deno.test("the shares come with kind, flags and comment", () => {
  const { shares, resumeHandle } = pushed(response(stubOf(SHARES))).shares();
  assertEquals(shares.map(({ name, kind, comment }) => [name, kind, comment]), [
    ["data", "disk", "all of it"],
    ["IPC$", "ipc", ""],
    ["lp", "printer", ""],
    ["t", "disk", "x"],
  ]);
  assertEquals(shares.map(({ special, temporary }) => [special, temporary]), [
    [false, false],
    [true, false],
    [false, false],
    [false, true],
  ]);
  assertEquals(resumeHandle, null);
});

Deno.test("fragments are put together wherever the pipe splits them", () => {
  const stub = stubOf(SHARES);
  const whole = [
    response(stub.subarray(0, 50), { flags: FIRST }),
    response(stub.subarray(50, 51), { flags: 0 }),
    response(stub.subarray(51), { flags: LAST }),
  ];
  const bytes = new Uint8Array(whole.flatMap((part) => [...part]));
  for (const size of [1, 7, 64, bytes.length]) {
    const answer = new RpcAnswer(1);
    for (let at = 0; at < bytes.length; at += size) {
      assert(!answer.done);
      answer.push(bytes.subarray(at, at + size));
    }
    assertEquals(answer.shares().shares.length, 4);
  }
});

Deno.test("a list that goes on says where", () => {
  const more = pushed(response(stubOf(SHARES, { result: 234, resume: 9 })));
  assertEquals(more.shares().resumeHandle, 9);
  // Without progress there is nothing to go on with.
  const stuck = pushed(response(stubOf([], { result: 234, resume: 9 })));
  assertThrows(() => stuck.shares(), WireError, "failed with 234");
});

Deno.test("what is no answer to the call is refused", () => {
  const stub = stubOf(SHARES);
  const foreign = response(stub);
  foreign[0] = 4;
  const cases: [string, Uint8Array[]][] = [
    ["call 2, not 1", [response(stub, { callId: 2 })]],
    ["out of order", [response(stub, { flags: LAST })]],
    ["out of order", [response(stub, { flags: FIRST }), response(stub)]],
    ["a fragment of type 12", [response(stub, { flags: FIRST }), fragment(BIND_ACK, stub)]],
    ["a fragment of 8 bytes", [Uint8Array.of(5, 0, 2, 3, 16, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0)]],
    ["version", [foreign]],
  ];
  for (const [message, parts] of cases) {
    assertThrows(() => pushed(...parts), WireError, message);
  }
  assertThrows(() => pushed(response(stub, { flags: FIRST })).shares(), WireError, "missing");
  const fault = fragment(FAULT, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0x1c));
  assertThrows(() => pushed(fault).shares(), WireError, "fault 0x1c010002");
  assertThrows(() => pushed(response(stub)).checkBound(), WireError, "type 2");
});

Deno.test("an answer without end is cut", () => {
  const answer = new RpcAnswer(1);
  const part = response(new Uint8Array(60_000), { flags: FIRST });
  const next = response(new Uint8Array(60_000), { flags: 0 });
  answer.push(part);
  assertThrows(
    () => {
      for (let i = 0; i <= MAX_ANSWER / 60_000; i++) answer.push(next);
    },
    WireError,
    "longer than",
  );
});

Deno.test("a refused bind is an error, an accepted one is not", () => {
  const ack = (result: number) => {
    const writer = new Writer(64);
    writer.u16(4280);
    writer.u16(4280);
    writer.u32(1);
    writer.u16(5);
    writer.raw(new TextEncoder().encode("\\srv\0"));
    writer.zero(1);
    writer.u8(1);
    writer.zero(3);
    writer.u16(result);
    writer.zero(22);
    return fragment(BIND_ACK, writer.bytes());
  };
  pushed(ack(0)).checkBound();
  assertThrows(() => pushed(ack(2)).checkBound(), WireError, "the bind is refused (2)");
});

Deno.test("every truncation and mutation of an answer is a list or a WireError", () => {
  const stub = stubOf(SHARES);
  const expectSafe = (bytes: Uint8Array) => {
    try {
      const { shares } = pushed(response(bytes)).shares();
      assert(shares.length <= 16);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
  };
  for (let length = 0; length < stub.length; length++) {
    assertThrows(() => pushed(response(stub.subarray(0, length))).shares(), WireError);
  }
  let state = 42;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 8;
  for (let round = 0; round < 5000; round++) {
    const mutated = stub.slice();
    for (let i = random() % 3; i >= 0; i--) mutated[random() % stub.length] = random();
    expectSafe(mutated);
  }
  expectSafe(stubOf(SHARES, { count: 0xffff_ffff }));
});

Deno.test("the requests are what MS-RPCE lays out", () => {
  assertEquals(bindRequest(1).length, 72);
  const request = shareEnumRequest(7, { server: "\\\\host", resumeHandle: 5 });
  const reader = new Reader(request);
  assertEquals([reader.peekU16(8), reader.peekU16(12), reader.peekU16(22)], [
    request.length,
    7,
    15,
  ]);
  assertEquals(reader.peekU16(request.length - 4), 5);
});
