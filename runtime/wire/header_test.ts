import { assertEquals, assertThrows } from "@std/assert";
import {
  decodeHeader,
  encodeHeader,
  type Header,
  HeaderFlags,
  isResponse,
  makeHeader,
  Reader,
  WireError,
  Writer,
} from "./mod.ts";
import { fromHex, toHex } from "./testing.ts";

/** ProtocolId, sizes, Status, Command, Credits, Flags, NextCommand, MessageId: MS-SMB2 2.2.1.2. */
const BEFORE_IDS = "fe534d42 4000 0100 03000000 0500 1f00";
const NEXT_AND_MESSAGE = "50000000 0807060504030201";
const SESSION_AND_SIGNATURE = "1817161514131211 000102030405060708090a0b0c0d0e0f";

const COMMON = {
  creditCharge: 1,
  status: 3,
  command: 5,
  credits: 31,
  messageId: 0x0102030405060708n,
  sessionId: 0x1112131415161718n,
  signature: fromHex("000102030405060708090a0b0c0d0e0f"),
};

const CASES: readonly { name: string; hex: string; header: Header }[] = [
  {
    name: "a SYNC header",
    hex: `${BEFORE_IDS} 08000000 ${NEXT_AND_MESSAGE} fffe0000 44332211 ${SESSION_AND_SIGNATURE}`,
    header: { ...COMMON, flags: HeaderFlags.SIGNED, reserved: 0xfeff, treeId: 0x11223344 },
  },
  {
    name: "an ASYNC header",
    hex: `${BEFORE_IDS} 03000000 ${NEXT_AND_MESSAGE} 8877665544332211 ${SESSION_AND_SIGNATURE}`,
    header: {
      ...COMMON,
      flags: HeaderFlags.ASYNC_COMMAND | HeaderFlags.SERVER_TO_REDIR,
      asyncId: 0x1122334455667788n,
      reserved: 0,
      treeId: 0,
    },
  },
];

for (const { name, hex, header } of CASES) {
  Deno.test(`${name} reads and writes every field`, () => {
    const bytes = fromHex(hex);
    assertEquals(decodeHeader(new Reader(bytes)), { header, nextCommand: 0x50 });
    const writer = new Writer(64, 0xa5);
    encodeHeader(writer, header, 0x50);
    assertEquals(toHex(writer.bytes()), toHex(bytes));
  });

  Deno.test(`${name} that is cut raises WireError`, () => {
    const bytes = fromHex(hex);
    for (let length = 0; length < 64; length++) {
      assertThrows(() => decodeHeader(new Reader(bytes.subarray(0, length))), WireError);
    }
  });
}

Deno.test("a header of another protocol or size raises WireError", () => {
  const bytes = fromHex(CASES[0]?.hex ?? "");
  bytes[0] = 0xfd;
  assertThrows(() => decodeHeader(new Reader(bytes)), WireError, "0x424d53fd");
  bytes[0] = 0xfe;
  bytes[4] = 65;
  assertThrows(() => decodeHeader(new Reader(bytes)), WireError, "StructureSize is 65");
});

Deno.test("a signature of another length raises WireError", () => {
  const header = makeHeader({ command: 0, signature: new Uint8Array(15) });
  assertThrows(() => encodeHeader(new Writer(), header), WireError, "15 bytes");
});

Deno.test("the direction is told by SERVER_TO_REDIR", () => {
  assertEquals(isResponse(makeHeader({ command: 0, flags: 1 })), true);
  assertEquals(isResponse(makeHeader({ command: 0, flags: 0xfffffffe })), false);
});
