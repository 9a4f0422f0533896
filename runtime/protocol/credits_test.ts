import { assertEquals } from "@std/assert";
import type { RequestBodies } from "../wire/mod.ts";
import { creditCharge, creditRequest } from "./credits.ts";

const FILE_ID = { persistent: 1n, volatile: 1n };
const NOTHING = new Uint8Array(0);

function read(length: number): RequestBodies["READ"] {
  return {
    padding: 0x50,
    flags: 0,
    length,
    offset: 0n,
    fileId: FILE_ID,
    minimumCount: 0,
    channel: 0,
    remainingBytes: 0,
    channelInfo: NOTHING,
  };
}

Deno.test("one credit pays for 65536 bytes", () => {
  const lengths = [0, 1, 65536, 65537, 131072, 8 * 1024 * 1024];
  assertEquals(lengths.map((length) => creditCharge("READ", read(length))), [1, 1, 1, 2, 2, 128]);
});

Deno.test("the larger of what is sent and what may come back counts", () => {
  const ioctl: RequestBodies["IOCTL"] = {
    reserved: 0,
    ctlCode: 0,
    fileId: FILE_ID,
    input: new Uint8Array(70_000),
    maxInputResponse: 100_000,
    output: NOTHING,
    maxOutputResponse: 100_000,
    flags: 1,
    reserved2: 0,
  };
  assertEquals(creditCharge("IOCTL", ioctl), 4);
  assertEquals(creditCharge("IOCTL", { ...ioctl, maxInputResponse: 0, maxOutputResponse: 0 }), 2);
});

Deno.test("commands without payload cost one", () => {
  assertEquals(creditCharge("FLUSH", { reserved1: 0, reserved2: 0, fileId: FILE_ID }), 1);
  assertEquals(creditCharge("LOGOFF", { reserved: 0 }), 1);
});

Deno.test("a request asks for what it costs and what is missing to the target", () => {
  assertEquals(creditRequest({ charge: 1, available: 0, target: 512 }), 513);
  assertEquals(creditRequest({ charge: 16, available: 496, target: 512 }), 32);
  assertEquals(creditRequest({ charge: 0, available: 600, target: 512 }), 1);
  assertEquals(creditRequest({ charge: 1, available: 0, target: 1_000_000 }), 0xffff);
});
