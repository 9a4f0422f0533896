import { assertEquals, assertThrows } from "@std/assert";
import { decodeSmb1Negotiate, encodeSmb1Negotiate, WireError } from "./mod.ts";
import { fromHex, toHex } from "./testing.ts";

/** MS-CIFS 2.2.3.1 and 2.2.4.52.1: header, WordCount 0, ByteCount, one dialect. */
const ONE_DIALECT = "ff534d42 72 00000000 18 53c8 0000 0000000000000000 0000 ffff fffe 0000 0000 " +
  "00 0c00 02 4e54204c4d20302e313200";

Deno.test("a request with one dialect has the bytes of the specification", () => {
  const bytes = encodeSmb1Negotiate({ dialects: ["NT LM 0.12"] });
  assertEquals(toHex(bytes), ONE_DIALECT.replaceAll(" ", ""));
});

Deno.test("dialects and ids read back", () => {
  const request = {
    flags: 0x08,
    flags2: 0x0001,
    processId: 7,
    multiplexId: 9,
    dialects: ["NT LM 0.12", "SMB 2.002", "SMB 2.???"],
  };
  assertEquals(decodeSmb1Negotiate(encodeSmb1Negotiate(request)), { ...request, response: false });
});

Deno.test("a response is known as such and shows no dialects", () => {
  const bytes = fromHex(ONE_DIALECT);
  bytes[9] = 0x98;
  assertEquals(decodeSmb1Negotiate(bytes)?.response, true);
  assertEquals(decodeSmb1Negotiate(bytes)?.dialects, []);
});

Deno.test("another SMB1 command, SMB2, and bytes that end early are null", () => {
  const bytes = fromHex(ONE_DIALECT);
  for (let length = 0; length < bytes.byteLength; length++) {
    assertEquals(decodeSmb1Negotiate(bytes.subarray(0, length)), null, `cut at ${length}`);
  }
  const echo = bytes.slice();
  echo[4] = 0x2b;
  assertEquals(decodeSmb1Negotiate(echo), null);
  const smb2 = bytes.slice();
  smb2[0] = 0xfe;
  assertEquals(decodeSmb1Negotiate(smb2), null);
  const format = bytes.slice();
  format[35] = 3;
  assertEquals(decodeSmb1Negotiate(format), null);
});

Deno.test("a dialect that is not ASCII raises WireError", () => {
  assertThrows(() => encodeSmb1Negotiate({ dialects: ["SMB \u00fc"] }), WireError, "ASCII");
  assertThrows(() => encodeSmb1Negotiate({ dialects: ["SMB\u0000"] }), WireError, "ASCII");
});
