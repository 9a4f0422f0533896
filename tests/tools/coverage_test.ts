import { assert, assertEquals } from "@std/assert";
import { encodeChain, makeHeader, type Message } from "../../runtime/wire/mod.ts";
import { projectRoot } from "../checks/tree.ts";
import { joined } from "../harness/scripted_server.ts";
import { type PcapMessage, writePcap } from "../harness/pcap.ts";
import { coverageTable, TABLE } from "./coverage.ts";
import { Conversation, Notes, seenIn } from "./coverage_samba.ts";

const RESPONSE = 0x01;
const CANCELLED = 0xc0000120;
const INVALID_DEVICE_REQUEST = 0xc0000010;

Deno.test("the committed table of the protocol's coverage is what the code gives", async () => {
  const root = projectRoot();
  const committed = await Deno.readTextFile(`${root}/${TABLE}`);
  assertEquals(
    committed,
    await coverageTable(root),
    `${TABLE} is out of date: run deno run -A tests/tools/coverage.ts`,
  );
});

function bytesOf(message: Message): Uint8Array {
  return joined(encodeChain([message]).frame).subarray(4);
}

function ioctl(messageId: bigint): Message {
  return {
    kind: "request",
    command: "IOCTL",
    header: makeHeader({ command: 11, messageId }),
    body: {
      reserved: 0,
      ctlCode: 0x00144064,
      fileId: { persistent: 0n, volatile: 0n },
      input: new Uint8Array(0),
      maxInputResponse: 0,
      output: new Uint8Array(0),
      maxOutputResponse: 0,
      flags: 1,
      reserved2: 0,
    },
  };
}

function refusal(messageId: bigint, status: number): Message {
  return {
    kind: "error",
    command: "IOCTL",
    header: makeHeader({ command: 11, messageId, status, flags: RESPONSE }),
    body: { reserved: 0, errorData: new Uint8Array(0), contextCount: 0 },
  };
}

Deno.test("only what was answered counts, with the status of its answer", () => {
  const notes = new Notes();
  const conversation = new Conversation(notes);
  conversation.asked(bytesOf(ioctl(1n)));
  conversation.asked(bytesOf(ioctl(2n)));
  conversation.answered(bytesOf(refusal(1n, INVALID_DEVICE_REQUEST)));
  conversation.answered(bytesOf(refusal(7n, CANCELLED)));
  assertEquals(notes.seen.fsctl, { SRV_ENUMERATE_SNAPSHOTS: ["INVALID_DEVICE_REQUEST"] });
  assertEquals(Object.keys(notes.seen.command), ["IOCTL"]);
});

Deno.test("a CANCEL counts when what it cancels ends so", () => {
  const notes = new Notes();
  const conversation = new Conversation(notes);
  conversation.asked(bytesOf(ioctl(1n)));
  conversation.asked(bytesOf({
    kind: "request",
    command: "CANCEL",
    header: makeHeader({ command: 12, messageId: 1n }),
    body: { reserved: 0 },
  }));
  conversation.answered(bytesOf(refusal(1n, CANCELLED)));
  assertEquals(notes.seen.command, { CANCEL: ["SUCCESS"], IOCTL: ["CANCELLED"] });
});

Deno.test("a capture is read by the ports of the tests' servers, and no others", () => {
  const messages: PcapMessage[] = [
    { time: 0, from: "client", bytes: bytesOf(ioctl(1n)) },
    { time: 1, from: "server", bytes: bytesOf(refusal(1n, INVALID_DEVICE_REQUEST)) },
  ];
  const seen = seenIn(writePcap(messages, { port: 20_445 }));
  assertEquals(seen.command, { IOCTL: ["INVALID_DEVICE_REQUEST"] });
  const elsewhere = seenIn(writePcap(messages, { port: 445 }));
  assert(Object.values(elsewhere).every((names) => Object.keys(names).length === 0));
});
