import { assertEquals } from "@std/assert";
import { Status, Writer } from "../wire/mod.ts";
import { RpcServer } from "./rpc.ts";
import { Lab } from "./testing.ts";

const SRVSVC = "4b324fc8-1670-01d3-1278-5a47bf6ee188";
const NDR = "8a885d04-1ceb-11c9-9fe8-08002b104860";

function packet(type: number, write: (writer: Writer) => void, flags = 3): Uint8Array {
  const writer = new Writer();
  writer.u16(5);
  writer.u8(type);
  writer.u8(flags);
  writer.u32(0x10);
  const length = writer.reserve(2);
  writer.u16(0);
  writer.u32(7);
  write(writer);
  writer.patch(length, writer.length);
  return writer.bytes();
}

function bind(abstract: string): Uint8Array {
  return packet(11, (writer) => {
    writer.u16(4280);
    writer.u16(4280);
    writer.u32(0);
    writer.u8(1);
    writer.zero(3);
    writer.u16(0);
    writer.u8(1);
    writer.u8(0);
    writer.guid(abstract);
    writer.u32(3);
    writer.guid(NDR);
    writer.u32(2);
  });
}

function shareEnum(level: number, operation = 15): Uint8Array {
  return packet(0, (writer) => {
    writer.u32(0);
    writer.u16(0);
    writer.u16(operation);
    writer.u32(0x20000);
    writer.u32(3);
    writer.u32(0);
    writer.u32(3);
    writer.text("ab\0");
    writer.align(4);
    writer.u32(level);
    writer.u32(level);
    writer.u32(0);
    writer.u32(0xffffffff);
    writer.u32(0);
  });
}

const SHARES = [
  { name: "data", comment: "Some files", store: {} },
  { name: "IPC$", comment: "", store: undefined },
];

function textOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-16le").decode(bytes.slice(0, bytes.length & ~1));
}

Deno.test("shares are listed over a bound pipe", () => {
  const server = new RpcServer(SHARES);
  const [ack] = server.answer(bind(SRVSVC));
  assertEquals([ack?.[2], ack?.at(-24)], [12, 0]);
  const [answer] = server.answer(shareEnum(1));
  assertEquals([answer?.[2], answer?.at(-1)], [2, 0]);
  assertEquals(textOf(answer ?? new Uint8Array()).includes("Some files"), true);
});

Deno.test("other interfaces, operations and levels are refused", () => {
  const server = new RpcServer(SHARES);
  const [ack] = server.answer(bind(NDR));
  assertEquals([ack?.at(-24), ack?.at(-22)], [2, 1]);
  const [fault] = server.answer(shareEnum(1, 99));
  assertEquals(fault?.[2], 3);
  const [level] = server.answer(shareEnum(502));
  assertEquals(level?.at(-4), 124);
  const [cut] = server.answer(packet(0, (writer) => writer.u32(0)));
  assertEquals(cut?.[2], 3);
});

Deno.test("a long list comes in fragments", () => {
  const many = Array.from({ length: 300 }, (_, i) => ({ ...SHARES[0], name: `share${i}` }));
  const server = new RpcServer(many as typeof SHARES);
  server.answer(bind(SRVSVC));
  const fragments = server.answer(shareEnum(1));
  const flags = fragments.map((fragment) => fragment[3]);
  assertEquals([flags.at(0), flags.at(1), flags.at(-1)], [1, 0, 2]);
  assertEquals(fragments.every((fragment) => fragment.length <= 4280), true);
});

Deno.test("a pipe takes fragments in pieces, and answers piece by piece", () => {
  const peer = new Lab().connect({ share: "IPC$" });
  assertEquals(peer.createStatus("other"), Status.OBJECT_NAME_NOT_FOUND);
  const { fileId } = peer.create("srvsvc");
  const request = bind(SRVSVC);
  assertEquals(peer.write(fileId, 0n, request.slice(0, 5)), Status.SUCCESS);
  assertEquals(peer.status("READ", peer.readBody(fileId, 0n, 10)), 0xc00000d9);
  assertEquals(peer.write(fileId, 0n, request.slice(5)), Status.SUCCESS);
  assertEquals(peer.status("READ", peer.readBody(fileId, 0n, 10)), Status.BUFFER_OVERFLOW);
  assertEquals(peer.status("READ", peer.readBody(fileId, 0n, 500)), Status.SUCCESS);
  assertEquals(peer.write(fileId, 0n, new Uint8Array(20)), Status.PIPE_DISCONNECTED);
});
