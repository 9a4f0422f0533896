import { assertEquals, assertThrows } from "@std/assert";
import { Reader } from "../reader.ts";
import {
  AceType,
  decodeSecurityDescriptor,
  decodeSid,
  encodeSecurityDescriptor,
  SecurityControl,
  type SecurityDescriptor,
  sidBytes,
} from "./security.ts";
import { assertMutationsSafe, assertTruncationsSafe, bytesOf, hexOf } from "./testing.ts";

/** What a server answered in suricata-verify smb-length-5786.pcap. */
const CAPTURED_HEX = "01 00 0480 14000000 30000000 00000000 40000000" +
  "0105 000000000005 15000000 8254bf8c 7edebaab d3c364f7 d6070000" +
  "0102 000000000005 20000000 21020000" +
  "02 00 5c00 0300 0000" +
  "01 00 1c00 00000000 0103 000000000005 58000000 03000000 80810000" +
  "01 00 1c00 00000000 0103 000000000005 58000000 01000000 f7010000" +
  "01 00 1c00 00000000 0103 000000000005 58000000 02000000 14000000";

const NOTHING = new Uint8Array(0);

const CAPTURED: SecurityDescriptor = {
  revision: 1,
  sbz1: 0,
  control: SecurityControl.SELF_RELATIVE | SecurityControl.DACL_PRESENT,
  owner: "S-1-5-21-2361349250-2881150590-4150576083-2006",
  group: "S-1-5-32-545",
  sacl: null,
  dacl: {
    revision: 2,
    aces: [
      { type: AceType.ACCESS_DENIED, flags: 0, mask: 0, sid: "S-1-5-88-3-33152", data: NOTHING },
      { type: AceType.ACCESS_DENIED, flags: 0, mask: 0, sid: "S-1-5-88-1-503", data: NOTHING },
      { type: AceType.ACCESS_DENIED, flags: 0, mask: 0, sid: "S-1-5-88-2-20", data: NOTHING },
    ],
  },
};

Deno.test("a captured descriptor is its value, both ways", () => {
  assertEquals(decodeSecurityDescriptor(bytesOf(CAPTURED_HEX)), CAPTURED);
  assertEquals(hexOf(encodeSecurityDescriptor(CAPTURED)), CAPTURED_HEX.replaceAll(" ", ""));
});

Deno.test("other kinds of entries keep their bodies, and what stands behind a SID is kept", () => {
  const descriptor: SecurityDescriptor = {
    ...CAPTURED,
    owner: null,
    group: null,
    sacl: {
      revision: 4,
      aces: [
        { type: AceType.ACCESS_ALLOWED_OBJECT, flags: 1, body: bytesOf("01020304") },
        { type: 0x77, flags: 0xff, body: NOTHING },
        {
          type: AceType.ACCESS_ALLOWED_CALLBACK,
          flags: 0,
          mask: 0x80000000,
          sid: "S-1-1-0",
          data: bytesOf("61727478"),
        },
      ],
    },
    dacl: null,
  };
  assertEquals(decodeSecurityDescriptor(encodeSecurityDescriptor(descriptor)), descriptor);
});

Deno.test("SIDs are text both ways, with a large authority in hexadecimal", () => {
  for (
    const sid of [
      "S-1-1-0",
      "S-1-5-18",
      "S-1-0",
      "S-1-22-1-4294967295",
      "S-1-0x123456789ABC-1",
      `S-1-5${"-7".repeat(15)}`,
    ]
  ) {
    assertEquals(decodeSid(new Reader(sidBytes(sid))), sid);
  }
});

Deno.test("texts that are no SID are refused", () => {
  for (
    const text of ["", "S-1", "S-1-x", "S-256-5", "S-1-5-4294967296", `S-1-5${"-1".repeat(16)}`]
  ) {
    assertThrows(() => sidBytes(text), Error, "is not SID text");
  }
});

Deno.test("impossible sizes and offsets are refused", () => {
  const changes: readonly (readonly [number, string])[] = [
    [4, "13000000"], // owner within the header
    [4, "00010000"], // owner behind the end
    [21, "10"], // sixteen sub-authorities
    [66, "0700"], // a list smaller than its header
    [74, "0300"], // an entry smaller than its header
    [68, "ff00"], // more entries than the list holds
  ];
  for (const [offset, hex] of changes) {
    const bytes = bytesOf(CAPTURED_HEX.replaceAll(" ", ""));
    bytes.set(bytesOf(hex), offset);
    assertThrows(() => decodeSecurityDescriptor(bytes), Error, "Cannot decode");
  }
});

Deno.test("descriptors cut anywhere or changed at random raise nothing but WireError", () => {
  const bytes = bytesOf(CAPTURED_HEX);
  assertTruncationsSafe(bytes, decodeSecurityDescriptor, { mustFail: true });
  assertMutationsSafe(bytes, decodeSecurityDescriptor, { rounds: 2000 });
});
