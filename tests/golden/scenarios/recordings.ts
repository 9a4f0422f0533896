/** The captures behind the golden scenarios, made message by message; nothing in them comes from anywhere else. */
import {
  type BuiltPacket,
  closeAnswer,
  closeBody,
  Conversation,
  createAnswer,
  createBody,
  fileId,
  queryInfoBody,
  readBody,
  RELATED,
  SAME_FILE,
  Wire,
  writeAnswer,
  writeBody,
} from "../../captures/conversation.ts";

/** One golden scenario: the folder has `name.pcap`, `name.expected.ts` and `name.notes.json`. */
export interface Recording {
  readonly name: string;
  readonly pcap: () => Uint8Array<ArrayBuffer>;
}

/** All of them. */
export const RECORDINGS: readonly Recording[] = [
  { name: "office", pcap: office },
  { name: "overlap", pcap: overlap },
  { name: "lease_break", pcap: leaseBreak },
  { name: "reconnect", pcap: reconnect },
  { name: "damaged", pcap: damaged },
];

const SET_INFO = { reserved: 0, additionalInformation: 0, infoType: 1 };
const SHARING_VIOLATION = 0xc0000043;
const OBJECT_NAME_NOT_FOUND = 0xc0000034;
const NO_MORE_FILES = 0x80000006;
const PENDING = 0x00000103;
const CANCELLED = 0xc0000120;
const NOTIFICATION = 0xffffffffffffffffn;

/** One user writes, lists, renames, truncates and deletes; some of it fails. */
function office(): Uint8Array<ArrayBuffer> {
  const talk = new Conversation().open("j.smith");
  talk.exchange("CREATE", createBody("missing.txt", { createDisposition: 1 }), null, {
    status: OBJECT_NAME_NOT_FOUND,
  });
  talk.exchange("CREATE", createBody("reports\\Q1.docx"), createAnswer(fileId(1)));
  talk.exchange("WRITE", writeBody(fileId(1), 0n, text("first draft")), writeAnswer(11));
  talk.exchange("WRITE", writeBody(fileId(1), 11n, text("first draft")), writeAnswer(11));
  talk.exchange("FLUSH", { reserved1: 0, reserved2: 0, fileId: fileId(1) }, { reserved: 0 });
  const data = text("first draftfirst draft");
  talk.exchange("READ", readBody(fileId(1), 0n, 65_536), { data, dataRemaining: 0, flags: 0 });
  talk.exchange("QUERY_INFO", queryInfoBody(fileId(1)), { output: new Uint8Array(24) });
  talk.exchange("LOCK", {
    lockSequence: 0,
    fileId: fileId(1),
    locks: [{ offset: 0n, length: 10n, flags: 0x12, reserved: 0 }],
  }, { reserved: 0 });
  const name = new Uint8Array(
    [..."reports\\Q2.docx"].flatMap((letter) => [letter.charCodeAt(0), 0]),
  );
  const rename = new Uint8Array(20 + name.length);
  rename.set(name, 20);
  rename[16] = name.length;
  const setInfo = { ...SET_INFO, fileId: fileId(1) };
  talk.exchange("SET_INFO", { ...setInfo, fileInfoClass: 10, input: rename }, {});
  talk.exchange("SET_INFO", {
    ...setInfo,
    fileInfoClass: 20,
    input: new Uint8Array([11, 0, 0, 0, 0, 0, 0, 0]),
  }, {});
  talk.exchange("SET_INFO", { ...setInfo, fileInfoClass: 13, input: new Uint8Array([1]) }, {});
  talk.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  talk.exchange(
    "CREATE",
    createBody("reports", { createDisposition: 1, createOptions: 1, fileAttributes: 0 }),
    createAnswer(fileId(2), { createAction: 1 }),
  );
  const list = {
    fileInformationClass: 37,
    flags: 0,
    fileIndex: 0,
    fileId: fileId(2),
    outputBufferLength: 65_536,
    pattern: "*",
  };
  talk.exchange("QUERY_DIRECTORY", list, { output: new Uint8Array(0) });
  talk.exchange("QUERY_DIRECTORY", list, null, { status: NO_MORE_FILES });
  talk.exchange("CLOSE", closeBody(fileId(2)), closeAnswer());
  talk.exchange("ECHO", { reserved: 0 }, { reserved: 0 });
  talk.exchange("TREE_DISCONNECT", { reserved: 0 }, { reserved: 0 });
  talk.exchange("LOGOFF", { reserved: 0 }, { reserved: 0 });
  talk.segment("request", { flags: "FA" });
  return talk.wire.pcap();
}

/** Requests under way at the same time, a compound, a watch that is cancelled, and a lock that waits. */
function overlap(): Uint8Array<ArrayBuffer> {
  const talk = new Conversation().open();
  talk.exchange("CREATE", createBody("big.bin"), createAnswer(fileId(1)));
  const reads = [0n, 4096n, 8192n].map((offset) =>
    talk.ask("READ", readBody(fileId(1), offset, 4096))
  );
  talk.wire.wait(0.002);
  const answer = { data: new Uint8Array(4096), dataRemaining: 0, flags: 0 };
  for (const messageId of [reads[1]!, reads[0]!]) talk.answer("READ", answer, { messageId });
  const written = talk.ask("WRITE", writeBody(fileId(1), 0n, new Uint8Array(100)));
  talk.answer("READ", answer, { messageId: reads[2]! });
  talk.answer("WRITE", writeAnswer(100), { messageId: written });
  const [create, query, close] = talk.askAll([
    { command: "CREATE", body: createBody("") },
    { command: "QUERY_INFO", body: queryInfoBody(SAME_FILE), header: RELATED },
    { command: "CLOSE", body: closeBody(SAME_FILE), header: RELATED },
  ]);
  talk.wire.wait(0.001);
  talk.messages("response", [
    talk.response("CREATE", createAnswer(fileId(2)), { messageId: create! }),
    talk.response("QUERY_INFO", { output: new Uint8Array(24) }, { messageId: query! }),
    talk.response("CLOSE", closeAnswer(), { messageId: close! }),
  ]);
  const watch = talk.ask("CHANGE_NOTIFY", {
    flags: 1,
    outputBufferLength: 65_536,
    fileId: fileId(1),
    completionFilter: 0x17,
    reserved: 0,
  });
  talk.answer("CHANGE_NOTIFY", null, { messageId: watch, status: PENDING, asyncId: 4n });
  talk.wire.wait(0.5);
  talk.exchange("FLUSH", { reserved1: 0, reserved2: 0, fileId: fileId(1) }, { reserved: 0 });
  talk.ask("CANCEL", { reserved: 0 }, { messageId: watch, asyncId: 4n });
  talk.answer("CHANGE_NOTIFY", null, { messageId: watch, status: CANCELLED, asyncId: 4n });
  talk.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  return talk.wire.pcap();
}

/** A second client's open breaks the first one's lease; the first acknowledges late, the second waits for it. */
function leaseBreak(): Uint8Array<ArrayBuffer> {
  const wire = new Wire();
  const alice = new Conversation({ wire }).open("alice");
  const bob = new Conversation({ wire, client: "10.0.0.5:1000" });
  bob.negotiate(0x0300, "00000000-0000-0000-0000-000000000002");
  bob.login("bob", { sessionId: 0x200n });
  bob.tree();
  const lease = (key: number, leaseState: number) => ({
    kind: "RqLs",
    version: 2,
    leaseKey: new Uint8Array(16).fill(key),
    leaseState,
    leaseFlags: 0,
    leaseDuration: 0n,
    parentLeaseKey: new Uint8Array(16),
    epoch: 0,
    reserved: 0,
  } as const);
  const asked = { requestedOplockLevel: 0xff, contexts: [lease(1, 7), { kind: "MxAc" } as const] };
  alice.exchange(
    "CREATE",
    createBody("plan.xlsx", asked),
    createAnswer(fileId(1), { oplockLevel: 0xff, contexts: [lease(1, 7)] }),
  );
  alice.exchange("WRITE", writeBody(fileId(1), 0n, new Uint8Array(512)), writeAnswer(512));
  const waiting = bob.ask("CREATE", createBody("plan.xlsx"));
  bob.answer("CREATE", null, { messageId: waiting, status: PENDING, asyncId: 9n });
  alice.answer("OPLOCK_BREAK", {
    kind: "leaseNotification",
    newEpoch: 1,
    flags: 1,
    leaseKey: new Uint8Array(16).fill(1),
    currentLeaseState: 7,
    newLeaseState: 3,
    breakReason: 0,
    accessMaskHint: 0,
    shareMaskHint: 0,
  }, { messageId: NOTIFICATION, sessionId: 0n, treeId: 0 });
  wire.wait(0.3);
  alice.exchange("WRITE", writeBody(fileId(1), 512n, new Uint8Array(512)), writeAnswer(512));
  const acknowledgement = {
    kind: "lease",
    reserved: 0,
    flags: 0,
    leaseKey: new Uint8Array(16).fill(1),
    leaseState: 3,
    leaseDuration: 0n,
  } as const;
  alice.exchange("OPLOCK_BREAK", acknowledgement, acknowledgement);
  bob.answer("CREATE", createAnswer(fileId(2), { createAction: 1 }), {
    messageId: waiting,
    asyncId: 9n,
  });
  bob.exchange("READ", readBody(fileId(2), 0n, 1024), {
    data: new Uint8Array(1024),
    dataRemaining: 0,
    flags: 0,
  });
  bob.exchange("CREATE", createBody("plan.xlsx", { shareAccess: 0 }), null, {
    status: SHARING_VIOLATION,
  });
  bob.exchange("CLOSE", closeBody(fileId(2)), closeAnswer());
  alice.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  return wire.pcap();
}

/** A durable open survives its connection: the next one replaces the session and takes the open back. */
function reconnect(): Uint8Array<ArrayBuffer> {
  const wire = new Wire();
  const first = new Conversation({ wire }).open();
  const createGuid = "12345678-1234-1234-1234-123456789abc";
  const durable = { kind: "DH2Q", timeout: 0, flags: 0, reserved: 0n, createGuid } as const;
  first.exchange(
    "CREATE",
    createBody("kept.db", { requestedOplockLevel: 9, contexts: [durable] }),
    createAnswer(fileId(1), { oplockLevel: 9 }),
  );
  first.segment("request", { flags: "RA" });
  wire.wait(1.5);
  const second = new Conversation({ wire, client: "10.0.0.1:1001" });
  second.negotiate();
  second.login("alice", { sessionId: 0x101n, previousSessionId: 0x100n });
  second.tree();
  second.exchange(
    "CREATE",
    createBody("kept.db", {
      contexts: [{ kind: "DH2C", fileId: fileId(1), createGuid, flags: 0 }],
    }),
    createAnswer(fileId(1), { createAction: 1, oplockLevel: 9 }),
    { request: { flags: 0x20000000 } },
  );
  second.login("alice", { sessionId: 0x101n });
  second.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  second.exchange("CLOSE", closeBody(fileId(1)), null, { status: 0xc0000128 });
  second.segment("request", { flags: "FA" });
  return wire.pcap();
}

/** Begins within a conversation, lacks a segment of a WRITE, is cut within a READ, and names hostile files. */
function damaged(): Uint8Array<ArrayBuffer> {
  const talk = new Conversation({ mss: 700 }).open();
  const before = talk.wire.packets.length;
  talk.exchange("CLOSE", closeBody(fileId(7)), closeAnswer());
  talk.exchange("CREATE", createBody('..\\..\\"+evil()+"\n*/\u2028.txt'), createAnswer(fileId(1)));
  const write = talk.wire.packets.length;
  talk.exchange("WRITE", writeBody(fileId(1), 512n, new Uint8Array(1500)), writeAnswer(1500));
  talk.exchange("FLUSH", { reserved1: 0, reserved2: 0, fileId: fileId(1) }, { reserved: 0 });
  talk.exchange("READ", readBody(fileId(1), 0n, 1500), {
    data: new Uint8Array(1500),
    dataRemaining: 0,
    flags: 0,
  });
  const kept: BuiltPacket[] = talk.wire.packets.filter((_, index) =>
    index >= before && index !== write + 1
  );
  return talk.wire.pcap(kept.slice(0, -1));
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
