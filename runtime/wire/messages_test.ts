import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { GOLDEN_MESSAGES } from "../../tests/golden/wire_messages.ts";
import {
  COMMAND_NAMES,
  decodeMessage,
  describe,
  encodeMessage,
  makeHeader,
  MAX_DESCRIPTION_LENGTH,
  type Message,
  MESSAGES,
  splitChain,
  WireError,
  Writer,
} from "./mod.ts";
import { encoded, fromHex, SeededRandom, toHex } from "./testing.ts";

const RESPONSE = 0x00000001;

for (const { name, hex, value } of GOLDEN_MESSAGES) {
  Deno.test(`${name}: the bytes decode to the value`, () => {
    assertEquals(decodeMessage(fromHex(hex)), value);
  });

  Deno.test(`${name}: the value encodes to the bytes, every one of them written`, () => {
    assertEquals(toHex(encoded(value)), hex);
    assertEquals(toHex(encoded(value, 0xa5)), hex);
  });

  Deno.test(`${name}: a cut anywhere raises WireError or takes nothing away`, () => {
    const whole = fromHex(hex);
    for (let length = 0; length < whole.byteLength; length++) {
      const message = decodeOrWireError(whole.slice(0, length));
      if (message !== null) assertEquals(message, value, `cut at ${length}`);
    }
  });

  Deno.test(`${name}: bytes behind the message change nothing`, () => {
    assertEquals(decodeMessage(new Uint8Array([...fromHex(hex), 0xff, 0xff, 0xff])), value);
  });

  Deno.test(`${name}: bytes before it in the same memory change nothing`, () => {
    const memory = new Uint8Array([...fromHex("ffffffffff"), ...fromHex(hex)]);
    assertEquals(decodeMessage(memory.subarray(5)), value);
  });

  Deno.test(`${name}: its description is one bounded line with its command`, () => {
    const line = describe(value);
    assertStringIncludes(line, value.kind === "raw" ? "COMMAND" : value.command);
    assert(line.length <= MAX_DESCRIPTION_LENGTH && !/[\r\n]/.test(line), line);
  });
}

Deno.test("every request and every response of the table has a golden message", () => {
  const seen = new Set(
    GOLDEN_MESSAGES.map(({ value }) =>
      value.kind === "raw" ? "raw" : `${value.command} ${value.kind}`
    ),
  );
  for (const command of COMMAND_NAMES) {
    assert(seen.has(`${command} request`), command);
    assertEquals(seen.has(`${command} response`), MESSAGES[command].response !== null, command);
  }
});

Deno.test("the structure sizes of the table are those that the codecs write", () => {
  for (const { name, value, hex } of GOLDEN_MESSAGES) {
    if (value.kind !== "request" && value.kind !== "response") continue;
    const row = MESSAGES[value.command];
    const sizes = (value.kind === "request" ? row.request : row.response)?.structureSizes ?? [];
    const bytes = fromHex(hex);
    assert(sizes.includes((bytes[64] ?? 0) | ((bytes[65] ?? 0) << 8)), name);
  }
});

Deno.test("a wrong StructureSize raises WireError in every request", () => {
  for (const { name, value, hex } of GOLDEN_MESSAGES) {
    if (value.kind !== "request") continue;
    const bytes = fromHex(hex);
    bytes[64] = 0x77;
    const error = assertThrows(() => decodeMessage(bytes), WireError, undefined, name);
    assertEquals(error.field, "StructureSize", name);
  }
});

Deno.test("a message of an unknown command survives in both directions", () => {
  for (const flags of [0, RESPONSE]) {
    const message: Message = {
      kind: "raw",
      header: makeHeader({ command: 0x77, flags, status: 0xdeadbeef, messageId: 9n }),
      body: fromHex("0102030405"),
    };
    assertEquals(decodeMessage(encoded(message)), message);
    assertStringIncludes(describe(message), "COMMAND_0x0077");
  }
});

Deno.test("numbers that no table names survive", () => {
  const header = makeHeader({
    command: 0x10,
    status: 0xcafebabe,
    flags: 0xf8ffff74 >>> 0,
    credits: 0xffff,
    creditCharge: 0xffff,
    reserved: 0xfeedface,
    treeId: 0xffffffff,
    sessionId: 0xffffffffffffffffn,
  });
  const message: Message = {
    kind: "request",
    command: "QUERY_INFO",
    header,
    body: {
      infoType: 0xee,
      fileInfoClass: 0xdd,
      outputBufferLength: 0xffffffff,
      reserved: 0xffff,
      additionalInformation: 0xffffffff,
      flags: 0xffffffff,
      fileId: { persistent: 1n, volatile: 2n },
      input: new Uint8Array(0),
    },
  };
  assertEquals(decodeMessage(encoded(message)), message);
});

Deno.test("names keep lone surrogates, byte order marks and NUL", () => {
  const golden = GOLDEN_MESSAGES.find(({ name }) => name === "TREE_CONNECT request")?.value;
  assert(golden?.kind === "request" && golden.command === "TREE_CONNECT");
  const path = "\ufeff\\\\a\ud800\\b\udfff\u0000";
  const message: Message = { ...golden, body: { flags: 0, path } };
  assertEquals(decodeMessage(encoded(message)), message);
});

/** Bodies of 9 bytes as an ERROR response lays them out; four commands' own bodies look the same. */
const NINE = "0900000000000000 00";

for (
  const [command, status, body, kind] of [
    ["CREATE", 0xc0000034, NINE, "error"],
    ["READ", 0x80000005, NINE, "error"],
    ["READ", 0x80000005, "1100500004000000 00000000 00000000 01020304", "response"],
    ["SESSION_SETUP", 0xc0000016, "0900000048000000", "response"],
    ["SESSION_SETUP", 0xc000006d, NINE, "error"],
    ["SESSION_SETUP", 0x00000103, NINE, "error"],
    ["QUERY_INFO", 0x80000005, "0900480004000000 01020304", "response"],
    ["QUERY_INFO", 0xc0000023, NINE, "error"],
    ["QUERY_DIRECTORY", 0x80000006, NINE, "error"],
    ["QUERY_DIRECTORY", 0x00000000, "0900480004000000 01020304", "response"],
    ["CHANGE_NOTIFY", 0x00000103, NINE, "error"],
    ["CHANGE_NOTIFY", 0x0000010b, NINE, "error"],
    ["CHANGE_NOTIFY", 0x0000010c, NINE, "response"],
    ["IOCTL", 0xc000000d, NINE, "error"],
    ["CANCEL", 0xc0000120, NINE, "error"],
  ] as const
) {
  Deno.test(
    `${command} with status 0x${status.toString(16)}, body ${
      body.slice(0, 4)
    }.., is of kind ${kind}`,
    () => {
      const header = makeHeader({
        command: COMMAND_NAMES.indexOf(command),
        flags: RESPONSE,
        status,
      });
      const message = decodeMessage(withBody(header, body));
      assertEquals(message.kind, kind);
      assertEquals(decodeMessage(encoded(message)), message);
    },
  );
}

Deno.test("a response body that is neither the command's own nor an ERROR body raises WireError", () => {
  const header = makeHeader({ command: 5, flags: RESPONSE, status: 0xc0000022 });
  assertThrows(() => decodeMessage(withBody(header, "0a00 0000")), WireError, "CREATE response");
  assertThrows(() => decodeMessage(withBody(header, "")), WireError, "CREATE response");
});

Deno.test("an ERROR body under a successful status raises WireError", () => {
  const header = makeHeader({ command: 5, flags: RESPONSE });
  assertThrows(() => decodeMessage(withBody(header, NINE)), WireError, "StructureSize 9");
});

Deno.test("a response to CANCEL raises WireError unless it is an ERROR response", () => {
  const header = makeHeader({ command: 12, flags: RESPONSE });
  assertThrows(() => decodeMessage(withBody(header, "0400 0000")), WireError, "CANCEL");
});

Deno.test("a list whose count exceeds the bytes raises WireError before it takes memory", () => {
  const negotiate = withBody(
    makeHeader({ command: 0 }),
    "2400 ffff 0000 0000 00000000 00000000000000000000000000000000 0000000000000000 0202",
  );
  assertEquals(assertThrows(() => decodeMessage(negotiate), WireError).field, "Dialects");
  const lock = withBody(
    makeHeader({ command: 10 }),
    "3000 ffff 00000000 00000000000000000000000000000000",
  );
  assertEquals(assertThrows(() => decodeMessage(lock), WireError).field, "Locks");
});

Deno.test("a value that does not fit its field raises WireError instead of writing another one", () => {
  const message: Message = {
    kind: "request",
    command: "TREE_CONNECT",
    header: makeHeader({ command: 3 }),
    body: { flags: 0, path: "x".repeat(40000) },
  };
  assertThrows(() => encodeMessage(new Writer(), message), WireError, "80000");
});

Deno.test("READ and WRITE data is a view of the frame, not a copy", () => {
  for (const wanted of ["READ response", "WRITE request"]) {
    const golden = GOLDEN_MESSAGES.find(({ name }) => name === wanted);
    assert(golden !== undefined);
    const bytes = fromHex(golden.hex);
    const message = decodeMessage(bytes);
    assert(message.kind !== "raw" && "data" in message.body);
    assert(message.body.data.buffer === bytes.buffer);
  }
});

Deno.test("10000 mutated messages raise WireError or survive another round trip", () => {
  const random = new SeededRandom(0x5eed);
  const samples = GOLDEN_MESSAGES.map(({ hex }) => fromHex(hex));
  let survived = 0;
  for (let i = 0; i < 10_000; i++) {
    const bytes = mutate(samples[random.below(samples.length)] ?? new Uint8Array(), random);
    const message = decodeOrWireError(bytes);
    if (message === null) continue;
    survived++;
    assert(describe(message).length <= MAX_DESCRIPTION_LENGTH);
    assertEquals(decodeMessage(encoded(message)), message, toHex(bytes));
    wireErrorOnly(() => splitChain(bytes));
  }
  assert(survived > 1000 && survived < 9900, `${survived} survived`);
});

function withBody(header: ReturnType<typeof makeHeader>, body: string): Uint8Array {
  return encoded({ kind: "raw", header, body: fromHex(body) });
}

function decodeOrWireError(bytes: Uint8Array): Message | null {
  let message: Message | null = null;
  wireErrorOnly(() => message = decodeMessage(bytes));
  return message;
}

function wireErrorOnly(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    assertInstanceOf(error, WireError);
  }
}

/** Changes, cuts or extends a copy. Numbers at the edges of their fields are likely. */
function mutate(sample: Uint8Array, random: SeededRandom): Uint8Array {
  const bytes = sample.slice();
  const changes = 1 + random.below(4);
  for (let i = 0; i < changes; i++) {
    // Most changes hit the body: a broken ProtocolId is found at once and teaches nothing.
    const at = random.below(8) === 0
      ? random.below(bytes.byteLength)
      : 64 + random.below(Math.max(1, bytes.byteLength - 64));
    bytes[at] = [0, 1, 0x7f, 0x80, 0xff, random.below(256)][random.below(6)] ?? 0;
  }
  if (random.below(5) === 0) return bytes.slice(0, random.below(bytes.byteLength + 1));
  return bytes;
}
