import { assert, assertEquals } from "@std/assert";
import { GOLDEN_MESSAGES } from "../../tests/golden/wire_messages.ts";
import { describe, makeHeader, MAX_DESCRIPTION_LENGTH, type Message } from "./mod.ts";

function line(name: string): string {
  const golden = GOLDEN_MESSAGES.find((it) => it.name === name);
  assert(golden !== undefined, name);
  return describe(golden.value);
}

for (
  const [name, expected] of [
    [
      "NEGOTIATE request of all dialects with contexts",
      "NEGOTIATE request mid=1 dialects=[2.0.2 2.1 3.0 3.0.2 3.1.1] capabilities=0x7f " +
      "contexts=[preauthIntegrity encryption compression signing netname]",
    ],
    [
      "SESSION_SETUP response that asks for more",
      "SESSION_SETUP response mid=2 MORE_PROCESSING_REQUIRED flags=0x0 security=40",
    ],
    [
      "CREATE request of a file with lease, durable handle and other contexts",
      'CREATE request mid=5 "dir\\Bericht \u00fc\u4e2d.txt" access=0x12019f share=rwd ' +
      "disposition=openIf options=0x44 oplock=lease contexts=[DH2Q AlSi MxAc QFid " +
      "RqLs2:RWH:a0a1a2a3a4a5a6a7a8a9aaabacadaeaf]",
    ],
    [
      "CREATE response without contexts",
      "CREATE response mid=6 SUCCESS file=0000001100000022:0000003300000044 opened oplock=none " +
      "size=0 attributes=0x10",
    ],
    ["ERROR response without data", "CREATE response mid=7 OBJECT_NAME_NOT_FOUND"],
    [
      "READ request",
      "READ request mid=10 file=0000001100000022:0000003300000044 offset=4886716416 length=65536",
    ],
    [
      "LOCK request of two ranges",
      "LOCK request mid=13 file=0000001100000022:0000003300000044 " +
      "locks=[0+100:0x11 18446744069414584320+1:0x12]",
    ],
    [
      "IOCTL response of FSCTL_SRV_REQUEST_RESUME_KEY",
      "IOCTL response mid=14 SUCCESS SRV_REQUEST_RESUME_KEY output=32",
    ],
    ["interim response", "CHANGE_NOTIFY response mid=18 async=77 PENDING"],
    [
      "SET_INFO request of FileEndOfFileInformation",
      "SET_INFO request mid=23 file=0000001100000022:0000003300000044 FileEndOfFileInformation " +
      "length=8",
    ],
    [
      "lease break notification that wants an acknowledgement",
      "OPLOCK_BREAK response mid=none SUCCESS key=a0a1a2a3a4a5a6a7a8a9aaabacadaeaf " +
      "lease=RWH->RH epoch=2 ackRequired",
    ],
  ] as const
) {
  Deno.test(`${name} is described by its facts`, () => assertEquals(line(name), expected));
}

function treeConnect(path: string): Message {
  return {
    kind: "request",
    command: "TREE_CONNECT",
    header: makeHeader({ command: 3 }),
    body: { flags: 0, path },
  };
}

Deno.test("control, format and line characters and lone surrogates of names are escaped", () => {
  assertEquals(
    describe(treeConnect('a\n\u001b[31m\u0085\u202e\u2028\ud800"b')),
    'TREE_CONNECT request mid=0 "a\\u{a}\\u{1b}[31m\\u{85}\\u{202e}\\u{2028}\\u{d800}\\"b"',
  );
});

Deno.test("a long name shows its beginning and its end", () => {
  const text = describe(treeConnect(`start${"x".repeat(30000)}end`));
  assert(text.includes('"start') && text.includes('end"') && text.includes("\u2026"), text);
  assert(text.length < 200);
});

Deno.test("the line stays bounded and well formed when every character needs an escape", () => {
  const text = describe(treeConnect("\u{1f600}\u0001".repeat(10000)));
  assert(text.length <= MAX_DESCRIPTION_LENGTH && text.isWellFormed());
});

Deno.test("a long list is cut and counted", () => {
  const message: Message = {
    kind: "request",
    command: "NEGOTIATE",
    header: makeHeader({ command: 0 }),
    body: {
      securityMode: 0,
      capabilities: 0,
      clientGuid: "00000000-0000-0000-0000-000000000000",
      dialects: Array.from({ length: 1000 }, () => 0x0202),
      clientStartTime: 0n,
    },
  };
  assert(describe(message).includes("988 more]"));
});
