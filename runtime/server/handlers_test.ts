import { assert, assertEquals } from "@std/assert";
import {
  decodeFsctlOutput,
  decodeInformation,
  decodeNotify,
  encodeFsctlBody,
  encodeInformation,
  type FileId,
  Fsctl,
  type FsctlBody,
  HeaderFlags,
  type Information,
  informationClassOf,
  type LockElement,
  Status,
} from "../wire/mod.ts";
import { Lab, type Peer } from "./testing.ts";

const TEXT = new TextEncoder().encode("0123456789");
const NONE = new Uint8Array();
const EXCLUSIVE_NOW = 0x12;
const EXCLUSIVE = 0x02;
const UNLOCK = 0x04;

function lock(peer: Peer, fileId: FileId, flags: number, offset = 0n, length = 10n) {
  const element: LockElement = { offset, length, flags, reserved: 0 };
  return peer.make("LOCK", { lockSequence: 0, fileId, locks: [element] });
}

function lockStatus(peer: Peer, fileId: FileId, flags: number, offset = 0n, length = 10n) {
  const request = lock(peer, fileId, flags, offset, length);
  peer.send([request]);
  return peer.answer(request.header.messageId)?.header.status;
}

function query(peer: Peer, fileId: FileId, infoType: number, infoClass: number, room = 4096) {
  return peer.exchange("QUERY_INFO", {
    infoType,
    fileInfoClass: infoClass,
    outputBufferLength: room,
    reserved: 0,
    additionalInformation: 7,
    flags: 0,
    fileId,
    input: NONE,
  });
}

function information(peer: Peer, fileId: FileId, infoType: number, infoClass: number): Information {
  const answer = query(peer, fileId, infoType, infoClass);
  assert(answer?.kind === "response" && answer.command === "QUERY_INFO");
  return decodeInformation(infoType, infoClass, answer.body.output);
}

function set(peer: Peer, fileId: FileId, value: Information): number | undefined {
  const { infoType, informationClass } = informationClassOf(value);
  return peer.status("SET_INFO", {
    infoType,
    fileInfoClass: informationClass,
    reserved: 0,
    additionalInformation: 7,
    fileId,
    input: encodeInformation(value),
  });
}

function ioctl(peer: Peer, fileId: FileId, ctlCode: number, input: Uint8Array = NONE, room = 4096) {
  return peer.exchange("IOCTL", {
    reserved: 0,
    ctlCode,
    fileId,
    input,
    maxInputResponse: 0,
    output: NONE,
    maxOutputResponse: room,
    flags: 1,
    reserved2: 0,
  });
}

function fsctl(peer: Peer, fileId: FileId, ctlCode: number, body?: FsctlBody): FsctlBody {
  const answer = ioctl(peer, fileId, ctlCode, body === undefined ? NONE : encodeFsctlBody(body));
  assert(answer?.kind === "response" && answer.command === "IOCTL", String(answer?.header.status));
  return decodeFsctlOutput(ctlCode, answer.body.output);
}

Deno.test("a lock waits until the range is free, and can be cancelled by either id", () => {
  const lab = new Lab();
  const alice = lab.connect();
  const bob = lab.connect({ user: "bob" });
  const mine = alice.create("f").fileId;
  const theirs = bob.create("f").fileId;
  assertEquals(lockStatus(alice, mine, EXCLUSIVE_NOW), Status.SUCCESS);
  assertEquals(lockStatus(bob, theirs, EXCLUSIVE_NOW), Status.LOCK_NOT_GRANTED);
  assertEquals(bob.write(theirs, 5n, TEXT), Status.FILE_LOCK_CONFLICT);
  const waiting = lock(bob, theirs, EXCLUSIVE);
  bob.send([waiting]);
  const { messageId } = waiting.header;
  const interim = bob.answer(messageId);
  assertEquals(interim?.header.status, Status.PENDING);
  const second = lock(bob, theirs, EXCLUSIVE);
  bob.send([second]);
  const asyncId = bob.answer(second.header.messageId)?.header.asyncId;
  assert(asyncId !== undefined);
  const cancel = { flags: HeaderFlags.ASYNC_COMMAND, asyncId, messageId: 0n };
  bob.send([bob.make("CANCEL", { reserved: 0 }, cancel)]);
  assertEquals(bob.answer(second.header.messageId)?.header.status, Status.CANCELLED);
  assertEquals(lockStatus(alice, mine, UNLOCK), Status.SUCCESS);
  const granted = bob.answer(messageId);
  assertEquals([granted?.header.status, granted?.header.credits], [Status.SUCCESS, 0]);
  assertEquals(bob.write(theirs, 5n, TEXT), Status.SUCCESS);
});

Deno.test("malformed lock requests are refused", () => {
  const peer = new Lab().connect();
  const { fileId } = peer.create("f");
  const none = { lockSequence: 0, fileId, locks: [] };
  assertEquals(peer.status("LOCK", none), Status.INVALID_PARAMETER);
  assertEquals(lockStatus(peer, fileId, 0), Status.INVALID_PARAMETER);
  const beyond = lockStatus(peer, fileId, EXCLUSIVE_NOW, (1n << 64n) - 1n, 2n);
  assertEquals(beyond, Status.INVALID_LOCK_RANGE);
  assertEquals(lockStatus(peer, fileId, UNLOCK), Status.RANGE_NOT_LOCKED);
  const element = { offset: 0n, length: 1n, flags: EXCLUSIVE, reserved: 0 };
  const two = { lockSequence: 0, fileId, locks: [element, element] };
  assertEquals(peer.status("LOCK", two), Status.INVALID_PARAMETER);
});

Deno.test("changes of a directory are told to those who wait, and kept for those who come back", () => {
  const lab = new Lab();
  const alice = lab.connect();
  const bob = lab.connect({ user: "bob" });
  const { fileId } = alice.create("d", { createOptions: 1 });
  const body = {
    flags: 1,
    outputBufferLength: 1000,
    fileId,
    completionFilter: 0x03,
    reserved: 0,
  };
  const request = alice.make("CHANGE_NOTIFY", body);
  alice.send([request]);
  const { messageId } = request.header;
  assertEquals(alice.answer(messageId)?.header.status, Status.PENDING);
  bob.create("d\\sub", { createOptions: 1, desiredAccess: 1 });
  const first = alice.answer(messageId);
  assert(first?.kind === "response" && first.command === "CHANGE_NOTIFY");
  assertEquals(decodeNotify(first.body.output), [{ action: 1, name: "sub" }]);
  const file = bob.create("d\\sub\\f").fileId;
  const to = { replaceIfExists: false, rootDirectory: 0n, name: "d\\sub\\g" };
  assertEquals(set(bob, file, { kind: "FileRenameInformation", ...to }), Status.SUCCESS);
  assertEquals(decodeNotify(alice.call("CHANGE_NOTIFY", body).output), [
    { action: 1, name: "sub\\f" },
    { action: 4, name: "sub\\f" },
    { action: 5, name: "sub\\g" },
  ]);
  for (let i = 0; i < 40; i++) bob.create(`d\\a rather long name ${i}`);
  assertEquals(alice.status("CHANGE_NOTIFY", body), Status.NOTIFY_ENUM_DIR);
  const last = alice.make("CHANGE_NOTIFY", body);
  alice.send([last]);
  alice.answer(last.header.messageId);
  alice.close(fileId);
  assertEquals(alice.answer(last.header.messageId)?.header.status, Status.NOTIFY_CLEANUP);
});

Deno.test("information about files is told in the classes of MS-FSCC", () => {
  const peer = new Lab().connect();
  const { fileId } = peer.create("a long file name.text");
  peer.write(fileId, 0n, TEXT);
  const standard = information(peer, fileId, 1, 5);
  assert(standard.kind === "FileStandardInformation");
  assertEquals([standard.endOfFile, standard.numberOfLinks], [10n, 1]);
  const all = information(peer, fileId, 1, 18);
  assert(all.kind === "FileAllInformation");
  assertEquals(all.name, "\\a long file name.text");
  const streams = information(peer, fileId, 1, 22);
  assert(streams.kind === "FileStreamInformation");
  assertEquals(streams.streams.map(({ name }) => name), ["::$DATA"]);
  const security = information(peer, fileId, 3, 0);
  assert(security.kind === "SecurityInformation");
  assertEquals(security.descriptor.dacl?.aces.length, 1);
  for (const infoClass of [1, 3, 4, 5, 6, 7, 8, 11]) {
    assertEquals(query(peer, fileId, 2, infoClass)?.header.status, Status.SUCCESS);
  }
  assertEquals(query(peer, fileId, 1, 200)?.header.status, Status.INVALID_INFO_CLASS);
  assertEquals(query(peer, fileId, 1, 18, 50)?.header.status, Status.INFO_LENGTH_MISMATCH);
  const cut = query(peer, fileId, 1, 18, 110);
  assertEquals(cut?.header.status, Status.BUFFER_OVERFLOW);
  assertEquals(query(peer, fileId, 3, 0, 8)?.header.status, Status.BUFFER_TOO_SMALL);
});

Deno.test("times, attributes, sizes, names and deletion are set", () => {
  const peer = new Lab().connect();
  const { fileId } = peer.create("f");
  const times = { creationTime: 5n, lastAccessTime: 0n, lastWriteTime: -1n, changeTime: 0n };
  const basic = { kind: "FileBasicInformation", ...times, fileAttributes: 2, reserved: 0 } as const;
  assertEquals(set(peer, fileId, basic), Status.SUCCESS);
  assertEquals(set(peer, fileId, { ...basic, creationTime: -9n }), Status.INVALID_PARAMETER);
  assertEquals(set(peer, fileId, { ...basic, fileAttributes: 16 }), Status.INVALID_PARAMETER);
  const end = { kind: "FileEndOfFileInformation", endOfFile: 100n } as const;
  assertEquals(set(peer, fileId, end), Status.SUCCESS);
  assertEquals(set(peer, fileId, { ...end, endOfFile: -1n }), Status.INVALID_PARAMETER);
  const told = information(peer, fileId, 1, 34);
  assert(told.kind === "FileNetworkOpenInformation");
  assertEquals([told.creationTime, told.fileAttributes, told.endOfFile], [5n, 0x22, 100n]);
  const target = { replaceIfExists: false, rootDirectory: 0n, name: "d\\g" };
  const rename = { kind: "FileRenameInformation", ...target } as const;
  assertEquals(set(peer, fileId, rename), Status.OBJECT_PATH_NOT_FOUND);
  peer.create("d", { createOptions: 1, desiredAccess: 0x1 });
  assertEquals(set(peer, fileId, rename), Status.SUCCESS);
  const link = { ...rename, kind: "FileLinkInformation", name: "second" } as const;
  assertEquals(set(peer, fileId, link), Status.SUCCESS);
  const ea = { flags: 0, name: "user.a", value: TEXT };
  const eas = { kind: "FileFullEaInformation", attributes: [ea] } as const;
  assertEquals(set(peer, fileId, eas), Status.SUCCESS);
  assertEquals(information(peer, fileId, 1, 15), eas);
  const gone = { kind: "FileDispositionInformation", deletePending: true } as const;
  assertEquals(set(peer, fileId, gone), Status.SUCCESS);
  assertEquals(peer.createStatus("d\\g"), Status.DELETE_PENDING);
  peer.close(fileId);
  assertEquals(peer.createStatus("d\\g", { createDisposition: 1 }), Status.OBJECT_NAME_NOT_FOUND);
  assertEquals(peer.createStatus("second", { createDisposition: 1 }), Status.SUCCESS);
});

Deno.test("a security descriptor is kept in the parts that are set", () => {
  const peer = new Lab().connect();
  const { fileId } = peer.create("f");
  const before = information(peer, fileId, 3, 0);
  assert(before.kind === "SecurityInformation");
  const owner = "S-1-5-21-1-2-3-1000";
  const changed = { ...before, descriptor: { ...before.descriptor, owner } };
  assertEquals(set(peer, fileId, changed), Status.SUCCESS);
  assertEquals(information(peer, fileId, 3, 0), changed);
});

Deno.test("the server copies ranges by itself, within its limits", () => {
  const peer = new Lab().connect();
  const from = peer.create("from").fileId;
  const to = peer.create("to").fileId;
  peer.write(from, 0n, TEXT);
  const key = fsctl(peer, from, Fsctl.SRV_REQUEST_RESUME_KEY);
  assert(key.kind === "resumeKey");
  const chunk = { sourceOffset: 2n, targetOffset: 1n, length: 5, reserved: 0 };
  const copy = (length: number) =>
    ({
      kind: "copyChunkRequest",
      sourceKey: key.resumeKey,
      reserved: 0,
      chunks: [{ ...chunk, length }],
    }) as const;
  assertEquals(fsctl(peer, to, Fsctl.SRV_COPYCHUNK, copy(5)), {
    kind: "copyChunkResponse",
    chunksWritten: 1,
    chunkBytesWritten: 0,
    totalBytesWritten: 5,
  });
  const { data } = peer.call("READ", peer.readBody(to, 0n, 100));
  assertEquals(new TextDecoder().decode(data), "\x0023456");
  const tooLong = ioctl(peer, to, Fsctl.SRV_COPYCHUNK, encodeFsctlBody(copy(2 ** 21)));
  assertEquals(tooLong?.header.status, Status.INVALID_PARAMETER);
  const beyond = ioctl(peer, to, Fsctl.SRV_COPYCHUNK, encodeFsctlBody(copy(50)));
  assertEquals(beyond?.header.status, 0xc000001f);
});

Deno.test("holes are made and told of", () => {
  const peer = new Lab().connect();
  const { fileId } = peer.create("f");
  peer.write(fileId, 0n, new Uint8Array(65_536).fill(1));
  set(peer, fileId, { kind: "FileEndOfFileInformation", endOfFile: 200_000n });
  peer.write(fileId, 131_072n, TEXT);
  const asked = {
    kind: "allocatedRanges",
    ranges: [{ fileOffset: 0n, length: 200_000n }],
  } as const;
  assertEquals(fsctl(peer, fileId, Fsctl.QUERY_ALLOCATED_RANGES, asked), {
    kind: "allocatedRanges",
    ranges: [{ fileOffset: 0n, length: 65_536n }, { fileOffset: 131_072n, length: 65_536n }],
  });
  fsctl(peer, fileId, Fsctl.SET_ZERO_DATA, {
    kind: "zeroData",
    fileOffset: 0n,
    beyondFinalZero: 131_072n,
  });
  assertEquals(fsctl(peer, fileId, Fsctl.QUERY_ALLOCATED_RANGES, asked), {
    kind: "allocatedRanges",
    ranges: [{ fileOffset: 131_072n, length: 65_536n }],
  });
});

Deno.test("control codes that the server does not have are refused in their own ways", () => {
  const peer = new Lab().connect();
  const { fileId } = peer.create("f");
  const cases = [
    [Fsctl.DFS_GET_REFERRALS, 0xc000019c],
    [Fsctl.QUERY_NETWORK_INTERFACE_INFO, Status.NOT_SUPPORTED],
    [Fsctl.GET_REPARSE_POINT, Status.NOT_A_REPARSE_POINT],
    [0x00099999, Status.INVALID_DEVICE_REQUEST],
  ] as const;
  for (const [code, status] of cases) {
    assertEquals(ioctl(peer, fileId, code)?.header.status, status);
  }
});
