import { assertEquals } from "@std/assert";
import { encodeInformation } from "../runtime/wire/mod.ts";
import { blocksOf } from "./payload.ts";
import type { CreateOperation, OperationBase, PlanOperation } from "./plan.ts";
import { inferPreState } from "./prestate.ts";

const NOT_FOUND = 0xc0000034;
const NO_PATH = 0xc000003a;
const COLLISION = 0xc0000035;
const OPENED = 1;
const CREATED = 2;
const OVERWRITTEN = 3;
const DIRECTORY = 0x10;

/** Operations as a compiler makes them, one after the other. */
class Story {
  readonly operations: PlanOperation[] = [];
  #files = 0;

  constructor(...shares: string[]) {
    this.#add({ kind: "login", connection: "n1", session: "s1" });
    for (const [index, share] of shares.entries()) {
      this.#add({
        kind: "tree",
        session: "s1",
        tree: `t${index + 1}`,
        path: `\\\\lab\\${share}`,
        shareType: 1,
      });
    }
  }

  #add(fields: object, base: Partial<OperationBase> = {}): void {
    const id = this.operations.length;
    const operation = {
      id,
      client: "alice",
      at: id,
      answeredAt: id + 0.5,
      frames: { request: 10 * id, response: 10 * id + 1 },
      status: 0,
      after: [],
      ...fields,
      ...base,
    };
    this.operations.push(operation as unknown as PlanOperation);
  }

  /** A CREATE; gives the name of the open. */
  open(
    path: string,
    how: {
      action?: number;
      size?: number;
      attributes?: number;
      status?: number;
      options?: number;
      disposition?: number;
      tree?: string;
      contexts?: CreateOperation["contexts"];
    } = {},
    base: Partial<OperationBase> = {},
  ): string {
    const file = `f${++this.#files}`;
    const { status = 0, action = OPENED, size = 0, attributes = 0x20 } = how;
    this.#add({
      kind: "create",
      tree: how.tree ?? "t1",
      file,
      path,
      disposition: how.disposition ?? 1,
      options: how.options ?? 0,
      contexts: how.contexts ?? [],
      status,
      granted: status === 0 ? { action, size: String(size), attributes } : null,
    }, base);
    return file;
  }

  close(file: string): void {
    this.#on(file, { kind: "close", flags: 0 });
  }

  /** The connection ends. */
  end(): void {
    this.#add({ kind: "disconnect", connection: "n1" });
  }

  read(file: string, offset: number, data: Uint8Array, length = data.length): void {
    const returned = { length: data.length, blocks: blocksOf(data) };
    this.#on(file, { kind: "read", offset: String(offset), length, minimumCount: 0, returned });
  }

  write(file: string, offset: number, length: number): void {
    this.#on(file, { kind: "write", offset: String(offset), data: { length } });
  }

  rename(file: string, to: string, replace = false): void {
    this.set(file, {
      kind: "FileRenameInformation",
      replaceIfExists: replace,
      rootDirectory: 0n,
      name: to,
    });
  }

  delete(file: string): void {
    this.set(file, { kind: "FileDispositionInformation", deletePending: true });
  }

  set(file: string, value: Parameters<typeof encodeInformation>[0]): void {
    const classes: Record<string, number> = {
      FileRenameInformation: 10,
      FileDispositionInformation: 13,
      FileEndOfFileInformation: 20,
    };
    this.#on(file, {
      kind: "setInfo",
      infoType: 1,
      class: classes[value.kind],
      additional: 0,
      input: encodeInformation(value).toHex(),
    });
  }

  list(file: string, entries: readonly { name: string; size?: string; attributes?: number }[]) {
    this.#on(file, { kind: "queryDirectory", class: 37, pattern: "*", entries });
  }

  told(file: string, told: object): void {
    this.#on(file, { kind: "queryInfo", infoType: 1, class: 18, told });
  }

  ioctl(file: string, fields: object): void {
    this.#on(file, { kind: "ioctl", ...fields });
  }

  #on(file: string, fields: object): void {
    this.#add({ tree: "t1", file, ...fields });
  }

  /** `path kind size` of every entry. */
  get tree(): string[] {
    return inferPreState(this.operations).shares.flatMap(({ share, entries }) =>
      entries.map(({ path, kind, size }) =>
        `${share} ${path} ${kind}${size === undefined ? "" : ` ${size}`}`
      )
    );
  }

  content(path: string) {
    const { shares } = inferPreState(this.operations);
    return shares.flatMap(({ entries }) => entries).find((entry) => entry.path === path)?.content;
  }
}

/** Bytes that no other seed gives. */
function noise(seed: number, length = 4096): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed + 1;
  for (let i = 0; i < length; i++) {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

Deno.test("what is opened was there, with its parents; what is created or not found was not", () => {
  const story = new Story("projects");
  story.open("docs\\q1.xlsx", { size: 70_000 });
  story.open("docs\\~$q1.xlsx", { status: NOT_FOUND });
  story.open("new.txt", { action: CREATED });
  story.open("old.txt", { action: OVERWRITTEN });
  story.open("archive", { attributes: DIRECTORY });
  assertEquals(story.tree, [
    "projects archive directory",
    "projects docs directory",
    "projects docs\\q1.xlsx file 70000",
    "projects docs\\~$q1.xlsx absent",
    "projects new.txt absent",
    "projects old.txt file 0",
  ]);
});

Deno.test("names are compared without case, and kept as they were first seen", () => {
  const story = new Story("share", "SHARE");
  story.open("Docs\\A.txt", { size: 1 });
  story.open("DOCS\\a.TXT", { size: 1, tree: "t2" });
  assertEquals(story.tree, ["share Docs directory", "share Docs\\A.txt file 1"]);
});

Deno.test("what the capture made was not there before, whatever became of it", () => {
  const story = new Story("share");
  const made = story.open("tmp", { action: CREATED, options: 1, attributes: DIRECTORY });
  story.close(story.open("tmp\\a", { action: CREATED }));
  story.open("tmp\\b", { status: NOT_FOUND });
  story.rename(made, "kept");
  story.open("kept\\a", { size: 5 });
  story.open("tmp\\a", { status: NO_PATH });
  assertEquals(story.tree, ["share kept absent", "share tmp absent"]);
});

Deno.test("a name in a directory that was renamed was in it before", () => {
  const story = new Story("share");
  const folder = story.open("old", { attributes: DIRECTORY });
  story.rename(folder, "new");
  story.open("new\\report.doc", { size: 9 });
  story.open("new\\none.doc", { status: NOT_FOUND });
  story.open("old\\report.doc", { status: NO_PATH });
  assertEquals(story.tree, [
    "share new absent",
    "share old directory",
    "share old\\none.doc absent",
    "share old\\report.doc file 9",
  ]);
});

Deno.test("what was deleted was there, and its name is free when its last open is closed", () => {
  const story = new Story("share");
  const one = story.open("a", { size: 3 });
  const other = story.open("a", { size: 3 });
  story.delete(one);
  story.close(one);
  story.open("a", { size: 3 });
  story.close(other);
  const third = story.open("b", { size: 4, options: 0x1000 });
  story.close(third);
  story.open("b", { action: CREATED });
  assertEquals(story.tree, ["share a file 3", "share b file 4"]);
});

Deno.test("a rename that replaces says nothing of its target, one that does not says it was free", () => {
  const story = new Story("share");
  story.rename(story.open("a", { size: 1 }), "b");
  story.rename(story.open("c", { size: 1 }), "d", true);
  assertEquals(story.tree, ["share a file 1", "share b absent", "share c file 1"]);
});

Deno.test("answers count in the order in which they came", () => {
  const story = new Story("share");
  // It was sent first, and answered after the other client's CREATE made the file.
  story.open("late", { size: 0 }, { answeredAt: 100 });
  story.open("late", { action: CREATED }, { client: "alice", answeredAt: 50 });
  assertEquals(story.tree, ["share late absent"]);
});

Deno.test("a collision shows what was there, a missing path what was not", () => {
  const story = new Story("share");
  story.open("there", { status: COLLISION, options: 1, disposition: 2 });
  story.open("no\\way\\file", { status: NO_PATH });
  story.open("seen\\later\\file", { status: NO_PATH });
  story.open("seen\\other", { size: 2 });
  assertEquals(story.tree, [
    "share no absent",
    "share seen directory",
    "share seen\\other file 2",
    "share there directory",
  ]);
});

Deno.test("a durable open whose connection has ended keeps no file that is deleted then", () => {
  const story = new Story("data");
  story.open("a.txt", { action: CREATED, contexts: [{ kind: "DHnQ" }] });
  story.end();
  story.close(story.open("a.txt", { options: 0x1000 }));
  const [share] = inferPreState(story.operations).shares;
  assertEquals(share?.after, []);
  assertEquals(share?.entries.map(({ path, kind }) => [path, kind]), [["a.txt", "absent"]]);
});

Deno.test("what was denied was there, and says where", () => {
  const story = new Story("data");
  story.open("secret.txt", { status: 0xc0000022, options: 0x40 });
  const [share] = inferPreState(story.operations).shares;
  assertEquals(share?.entries.map(({ path, kind, denied }) => [path, kind, denied]), [
    ["secret.txt", "file", 21],
  ]);
});

Deno.test("listings tell names, sizes and attributes of what nobody opened", () => {
  const story = new Story("share");
  const root = story.open("", { attributes: DIRECTORY });
  story.close(story.open("made", { action: CREATED }));
  story.list(root, [
    { name: "a.txt", size: "10", attributes: 0x21 },
    { name: "sub", attributes: DIRECTORY },
    { name: "made", size: "0", attributes: 0x20 },
  ]);
  assertEquals(story.tree, ["share a.txt file 10", "share made absent", "share sub directory"]);
  const { shares } = inferPreState(story.operations);
  assertEquals(shares[0]?.entries.map(({ opened, attributes }) => [opened, attributes]), [
    [false, 0x21],
    [true, undefined],
    [false, DIRECTORY],
  ]);
});

Deno.test("a size that the capture changed is not the size before", () => {
  const story = new Story("share");
  const file = story.open("log", { size: 100 });
  story.write(file, 100, 50);
  story.told(file, { size: "150" });
  const other = story.open("cut", { size: 500, attributes: 0x20 });
  story.set(other, { kind: "FileEndOfFileInformation", endOfFile: 10n });
  story.open("cut", { size: 10 });
  assertEquals(story.tree, ["share cut file 500", "share log file 100"]);
});

Deno.test("streams are files of their own, below one that is there", () => {
  const story = new Story("share");
  story.open("a.doc:notes:$DATA", { size: 7 });
  story.open("a.doc::$DATA", { size: 70 });
  story.open("a.doc:none", { status: NOT_FOUND });
  const file = story.open("b.doc", { size: 1 });
  story.told(file, { streams: [{ name: "Zone.Identifier", size: "26" }] });
  assertEquals(story.tree, [
    "share a.doc file 70",
    "share a.doc:none absent",
    "share a.doc:notes file 7",
    "share b.doc file 1",
    "share b.doc:Zone.Identifier file 26",
  ]);
});

Deno.test("handles of before, snapshots and paths that are none tell nothing", () => {
  const story = new Story("share");
  const first = story.open("d", { action: CREATED, contexts: [{ kind: "DHnQ" }] });
  story.open("other", { contexts: [{ kind: "DHnC", file: first }] });
  story.open("foreign", { contexts: [{ kind: "raw", name: "44483243", data: "" }] });
  story.open("then", { contexts: [{ kind: "TWrp", timestamp: "1" }] });
  story.open("..\\..\\etc\\passwd", { size: 1 });
  story.open("@GMT-2020.01.01-00.00.00\\x", { size: 1 });
  assertEquals(story.tree, ["share d absent"]);
});

Deno.test("content has one seed where it is one piece, and holes where it was zero or never read", () => {
  const story = new Story("share");
  const file = story.open("disk.img", { size: 1_000_000 });
  const unlike = new Uint8Array([...noise(1), ...noise(2), ...noise(3)]);
  story.read(file, 0, unlike);
  story.read(file, 65_536, new Uint8Array(8192));
  assertEquals(story.content("disk.img"), [{ offset: 0, length: 12_288, seed: 1 }]);
});

Deno.test("blocks that were equal have equal seeds, also in other files", () => {
  const story = new Story("share");
  const one = story.open("one", { size: 12_288 });
  story.read(one, 0, new Uint8Array([...noise(1), ...noise(9), ...noise(1)]));
  const other = story.open("other", { size: 4096 });
  story.read(other, 0, noise(9));
  assertEquals(story.content("one"), [
    { offset: 0, length: 4096, seed: 1 },
    { offset: 4096, length: 4096, seed: 2 },
    { offset: 8192, length: 4096, seed: 1 },
  ]);
  assertEquals(story.content("other"), [{ offset: 0, length: 4096, seed: 2 }]);
});

Deno.test("two copies of a file are the same few runs", () => {
  const story = new Story("share");
  const bytes = new Uint8Array([...noise(1), ...noise(2), ...noise(3), ...noise(4)]);
  for (const name of ["a", "b"]) {
    const file = story.open(name, { size: bytes.length });
    story.read(file, 0, bytes.subarray(0, 8192));
    story.read(file, 8192, bytes.subarray(8192));
  }
  assertEquals(story.content("a"), [{ offset: 0, length: 16_384, seed: 1 }]);
  assertEquals(story.content("b"), [{ offset: 0, length: 16_384, seed: 1 }]);
});

Deno.test("what the capture wrote before it read it is not content of before", () => {
  const story = new Story("share");
  const file = story.open("f", { size: 16_384 });
  story.write(file, 4096, 6000);
  story.read(file, 0, new Uint8Array([...noise(1), ...noise(2), ...noise(3), ...noise(4)]));
  // From 4096 to 10096 it was written; the rest of the third block runs on into the fourth.
  assertEquals(story.content("f"), [
    { offset: 0, length: 4096, seed: 1 },
    { offset: 10_096, length: 6288, seed: 2 },
  ]);
});

Deno.test("what the server copied was in the source before", () => {
  const story = new Story("share");
  const source = story.open("source", { size: 8192 });
  const target = story.open("target", { action: CREATED });
  const input = new DataView(new ArrayBuffer(32 + 24));
  input.setUint32(24, 1, true);
  input.setBigUint64(32, 4096n, true);
  input.setBigUint64(40, 0n, true);
  input.setUint32(48, 4096, true);
  story.ioctl(target, {
    code: 0x001440f2,
    input: new Uint8Array(input.buffer).toHex(),
    resumeKey: source,
  });
  story.read(target, 0, noise(5));
  assertEquals(story.content("source"), [{ offset: 4096, length: 4096, seed: 1 }]);
});

Deno.test("a short answer tells the size, where nothing else did", () => {
  const story = new Story("share");
  const file = story.open("x", { status: COLLISION });
  assertEquals(file, "f1");
  const known = story.open("y", { size: 100 });
  story.read(known, 0, noise(1, 100), 4096);
  assertEquals(story.tree, ["share x file 0", "share y file 100"]);
});

Deno.test("paths beyond the limit are left out, and said", () => {
  const story = new Story("share");
  for (let i = 0; i < 10; i++) story.open(`f${i}`, { size: i });
  const { shares, notes } = inferPreState(story.operations, { maxEntries: 4 });
  assertEquals(shares[0]?.entries.length, 4);
  assertEquals(notes.map(({ reason }) => reason), [
    "Share share: only 4 paths are provided for",
  ]);
});

Deno.test("names that come and go in a directory that the capture made are forgotten", () => {
  const story = new Story("share");
  story.open("tmp", { action: CREATED, options: 1, attributes: DIRECTORY });
  for (let i = 0; i < 50; i++) {
    const file = story.open(`tmp\\${i}`, { action: CREATED });
    story.rename(file, `tmp\\${i}.done`);
    story.delete(file);
    story.close(file);
    story.open(`tmp\\${i}.done`, { status: NOT_FOUND });
  }
  story.open("late", { size: 3 });
  const { shares, notes } = inferPreState(story.operations, { maxEntries: 3 });
  assertEquals(shares[0]?.entries.map(({ path }) => path), ["late", "tmp"]);
  assertEquals(notes, []);
});

Deno.test("what there is no room for does no harm to what there is", () => {
  const story = new Story("share");
  for (let i = 0; i < 20; i++) {
    const file = story.open(`dir${i}\\file`, { size: i });
    story.rename(file, `dir${i}\\other`);
    story.close(file);
    const made = story.open(`dir${i}\\new`, { action: CREATED });
    story.delete(made);
    story.close(made);
  }
  const { shares } = inferPreState(story.operations, { maxEntries: 2 });
  assertEquals(shares[0]?.entries.map(({ path }) => path), ["dir0", "dir0\\file"]);
});

Deno.test("what the capture left otherwise is told with its size", () => {
  const story = new Story("share");
  const log = story.open("log", { size: 100 });
  story.write(log, 90, 50);
  const gone = story.open("gone", { size: 5, options: 0x1000 });
  story.close(gone);
  story.rename(story.open("old", { size: 7 }), "new");
  const made = story.open("made", { action: CREATED });
  story.write(made, 0, 10);
  const temporary = story.open("temporary", { action: CREATED, options: 0x1000 });
  story.close(temporary);
  story.open("same", { size: 3 });
  const { shares } = inferPreState(story.operations);
  assertEquals(
    shares[0]?.after.map(({ path, kind, size }) => `${path} ${kind} ${size ?? ""}`.trim()),
    ["gone absent", "log file 140", "made file 10", "new file 7", "old absent"],
  );
});
