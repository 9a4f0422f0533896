import { assert, assertEquals, assertThrows } from "@std/assert";
import { Access, Attributes, ChangeFilter, Share } from "./bits.ts";
import { StoreError, type StoreErrorCode } from "./errors.ts";
import type { StoreEvent } from "./events.ts";
import type { OpenRequest } from "./requests.ts";
import { allocationSize } from "./rules.ts";
import { FileStore } from "./store.ts";
import { shortNameOf } from "./names.ts";
import { pathOf } from "./tree.ts";
import type { FileOpen } from "./node.ts";

let clock = 100n;

function newStore(limits: { maxBytes?: number; maxNodes?: number; maxOpens?: number } = {}) {
  return new FileStore({ now: 0n, ...limits });
}

function open(store: FileStore, path: string, how: Partial<OpenRequest> = {}): FileOpen {
  return store.open({
    path,
    access: Access.ALL,
    share: Share.ALL,
    disposition: "openIf",
    now: ++clock,
    ...how,
  }).open;
}

function make(store: FileStore, path: string, how: Partial<OpenRequest> = {}): void {
  store.close(open(store, path, { disposition: "create", ...how }), ++clock);
}

function code(action: () => unknown): StoreErrorCode {
  return assertThrows(action, StoreError).code;
}

function names(store: FileStore, path = "", pattern = "*"): string[] {
  const directory = open(store, path, { disposition: "open", kind: "directory" });
  const found: string[] = [];
  store.enumerate(directory, { pattern, accept: ({ name }) => found.push(name) > 0 });
  store.close(directory, ++clock);
  return found;
}

function changes(events: StoreEvent[]): string[] {
  return events.flatMap((e) =>
    e.kind === "change" ? [`${e.action} ${e.name} ${e.filter.toString(16)}`] : []
  );
}

const TEXT = new TextEncoder().encode("some text");

Deno.test("each disposition does what MS-FSA 2.1.5.1 says to new and to existing files", () => {
  const onNew = {
    supersede: "created",
    open: "notFound",
    create: "created",
    openIf: "created",
    overwrite: "notFound",
    overwriteIf: "created",
  } as const;
  const onExisting = {
    supersede: "superseded",
    open: "opened",
    create: "exists",
    openIf: "opened",
    overwrite: "overwritten",
    overwriteIf: "overwritten",
  } as const;
  const request = { access: Access.ALL, share: Share.ALL, now: 1n };
  for (const disposition of Object.keys(onNew) as (keyof typeof onNew)[]) {
    const store = newStore();
    const attempt = (path: string) => {
      try {
        return store.open({ ...request, path, disposition }).action;
      } catch (error) {
        assert(error instanceof StoreError);
        return error.code;
      }
    };
    assertEquals(attempt("new"), onNew[disposition]);
    const existing = open(store, "existing");
    store.write(existing, 0, { data: TEXT, now: 2n });
    assertEquals(attempt("EXISTING"), onExisting[disposition]);
    const emptied = ["supersede", "overwrite", "overwriteIf"].includes(disposition);
    assertEquals(existing.stream?.content.size, emptied ? 0 : TEXT.length);
  }
});

Deno.test("overwriting drops streams and extended attributes and sets attributes anew", () => {
  const store = newStore();
  make(store, "f:alt");
  make(store, "f", {
    disposition: "overwriteIf",
    eas: [{ name: "old", value: TEXT, flags: 0 }],
    attributes: Attributes.HIDDEN,
  });
  const file = open(store, "f", {
    disposition: "overwriteIf",
    attributes: Attributes.HIDDEN,
    eas: [{ name: "user.x", value: TEXT, flags: 0 }],
  });
  assertEquals([...file.node.streams.keys()], [""]);
  assertEquals([...file.node.eas.values()].map((ea) => ea.name), ["user.x"]);
  assertEquals(file.node.attributes, Attributes.HIDDEN | Attributes.ARCHIVE);
  assertEquals(code(() => open(store, "f", { disposition: "overwrite" })), "accessDenied");
});

Deno.test("a path must lead through directories, and to the kind that was asked for", () => {
  const store = newStore();
  make(store, "dir", { kind: "directory" });
  make(store, "dir\\file");
  assertEquals(code(() => open(store, "none\\file")), "pathNotFound");
  assertEquals(code(() => open(store, "dir\\file\\below")), "pathNotFound");
  assertEquals(code(() => open(store, "dir", { kind: "file" })), "isDirectory");
  assertEquals(code(() => open(store, "dir\\file", { kind: "directory" })), "notDirectory");
  assertEquals(code(() => open(store, "dir::$DATA", { disposition: "open" })), "isDirectory");
  assertEquals(code(() => open(store, "dir", { disposition: "overwriteIf" })), "exists");
  assertEquals(code(() => open(store, "d:s", { kind: "directory" })), "notDirectory");
  assertEquals(pathOf(open(store, "DIR\\FILE").link), "dir\\file");
  assertEquals(open(store, "").node, store.root.node);
});

Deno.test("sharing is checked both ways and not for opens that touch no data", () => {
  const R = Access.FILE_READ_DATA;
  const W = Access.FILE_WRITE_DATA;
  const D = Access.DELETE;
  const rights = [R, W, D];
  const bits = [Share.READ, Share.WRITE, Share.DELETE];
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      const store = newStore();
      make(store, "f");
      open(store, "f", { access: rights[i] ?? 0, share: Share.ALL & ~(bits[j] ?? 0) });
      const second = () => open(store, "f", { access: rights[j] ?? 0 });
      assertEquals(code(second), "sharingViolation");
      const back = () =>
        open(store, "f", { access: R | W | D, share: Share.ALL & ~(bits[i] ?? 0) });
      assertEquals(code(back), "sharingViolation");
      open(store, "f", { access: Access.FILE_READ_ATTRIBUTES, share: 0 });
    }
  }
});

Deno.test("streams of one file are shared apart from each other", () => {
  const store = newStore();
  const file = open(store, "f", { share: 0 });
  open(store, "f:alt", { share: 0 });
  assertEquals(code(() => open(store, "F:ALT:$DATA")), "sharingViolation");
  store.close(file, 1n);
  assertEquals(code(() => open(store, "f", { access: Access.DELETE })), "sharingViolation");
  open(store, "f", { access: Access.FILE_WRITE_DATA });
});

Deno.test("overwriting counts as writing for sharing", () => {
  const store = newStore();
  open(store, "f", { share: Share.READ | Share.DELETE, access: Access.FILE_READ_DATA });
  const how = { access: Access.FILE_READ_DATA, disposition: "overwriteIf" } as const;
  assertEquals(code(() => open(store, "f", how)), "sharingViolation");
});

Deno.test("what an open was not opened for is refused", () => {
  const store = newStore();
  make(store, "f");
  const nothing = open(store, "f", { access: Access.FILE_READ_ATTRIBUTES });
  const now = 1n;
  assertEquals(code(() => store.read(nothing, 0, { length: 1, now })), "accessDenied");
  assertEquals(code(() => store.write(nothing, 0, { data: TEXT, now })), "accessDenied");
  assertEquals(code(() => store.setSize(nothing, 0, now)), "accessDenied");
  assertEquals(code(() => store.setBasic(nothing, { now })), "accessDenied");
  assertEquals(code(() => store.setDeletePending(nothing, true)), "accessDenied");
  assertEquals(
    code(() => store.rename(nothing, { path: "g", replace: false, now })),
    "accessDenied",
  );
  assertEquals(code(() => store.lock(nothing, [])), "accessDenied");
  store.close(nothing, now);
  assertEquals(code(() => store.read(nothing, 0, { length: 1, now })), "closed");
});

Deno.test("reading and writing keep bytes, times and attributes", () => {
  const store = newStore();
  const file = open(store, "f", { now: 10n });
  store.write(file, 5, { data: TEXT, now: 20n });
  store.write(file, -1, { data: TEXT, now: 30n });
  assertEquals(file.stream?.content.size, 5 + 2 * TEXT.length);
  assertEquals(store.read(file, 0, { length: 6, now: 40n }), new Uint8Array([0, 0, 0, 0, 0, 115]));
  assertEquals(file.node.times, { creation: 10n, lastAccess: 40n, lastWrite: 30n, change: 30n });
  store.setBasic(file, { times: { lastWrite: 7n }, now: 50n });
  store.write(file, 0, { data: TEXT, now: 60n });
  assertEquals(file.node.times.lastWrite, 7n);
  store.setBasic(file, { thaw: ["lastWrite"], now: 70n });
  store.write(file, 0, { data: TEXT, now: 80n });
  assertEquals(file.node.times.lastWrite, 80n);
});

Deno.test("deletion waits for the last open of the name", () => {
  const store = newStore();
  const first = open(store, "f");
  const second = open(store, "f");
  store.setDeletePending(first, true);
  assertEquals(code(() => open(store, "f")), "deletePending");
  store.close(first, 1n);
  assertEquals(names(store), [".", "..", "f"]);
  store.close(second, 2n);
  assertEquals(names(store), [".", ".."]);
  const again = open(store, "f");
  store.setDeletePending(again, true);
  store.setDeletePending(again, false);
  store.close(again, 3n);
  assertEquals(names(store), [".", "..", "f"]);
});

Deno.test("delete on close takes files and empty directories, not full or read-only ones", () => {
  const store = newStore();
  make(store, "d", { kind: "directory" });
  make(store, "d\\f");
  store.close(open(store, "d", { deleteOnClose: true }), 1n);
  assertEquals(names(store, "d"), [".", "..", "f"]);
  const directory = open(store, "d");
  assertEquals(code(() => store.setDeletePending(directory, true)), "notEmpty");
  store.close(directory, 1n);
  make(store, "r", { attributes: Attributes.READONLY });
  const noDelete = { access: Access.DELETE, deleteOnClose: true };
  assertEquals(code(() => open(store, "r", noDelete)), "cannotDelete");
  assertEquals(code(() => open(store, "r", { access: Access.FILE_WRITE_DATA })), "accessDenied");
  assertEquals(code(() => open(store, "", { deleteOnClose: true })), "cannotDelete");
  store.close(open(store, "d\\f", { deleteOnClose: true }), 1n);
  store.close(open(store, "d", { deleteOnClose: true }), 1n);
  assertEquals(names(store), [".", "..", "r"]);
});

Deno.test("nothing is created in a directory that is being deleted", () => {
  const store = newStore();
  make(store, "f");
  const directory = open(store, "d", { kind: "directory" });
  store.setDeletePending(directory, true);
  assertEquals(code(() => open(store, "d\\f")), "deletePending");
  const file = open(store, "f");
  const into = { path: "d\\f", replace: false, now: 1n };
  assertEquals(code(() => store.rename(file, into)), "deletePending");
  store.close(directory, 1n);
  assertEquals(code(() => store.rename(file, into)), "pathNotFound");
});

Deno.test("a name moves with its opens, and replaces only what may go", () => {
  const store = newStore();
  for (const path of ["a", "b", "r"]) make(store, path);
  make(store, "d", { kind: "directory" });
  const file = open(store, "a");
  const to = (path: string, replace = false) => store.rename(file, { path, replace, now: ++clock });
  assertEquals(code(() => to("b")), "exists");
  const other = open(store, "b");
  assertEquals(code(() => to("b", true)), "accessDenied");
  store.close(other, 1n);
  assertEquals(code(() => to("d", true)), "accessDenied");
  assertEquals(code(() => to("none\\a")), "pathNotFound");
  assertEquals(code(() => to("")), "invalidName");
  to("b", true);
  to("B");
  assertEquals(names(store), [".", "..", "B", "d", "r"]);
  to("d\\c");
  assertEquals(pathOf(file.link), "d\\c");
  assertEquals(names(store), [".", "..", "d", "r"]);
});

Deno.test("a directory moves neither into itself nor while something below it is open", () => {
  const store = newStore();
  make(store, "d", { kind: "directory" });
  make(store, "d\\e", { kind: "directory" });
  const directory = open(store, "d");
  const to = (path: string) => store.rename(directory, { path, replace: false, now: 1n });
  assertEquals(code(() => to("d\\e\\f")), "invalidArgument");
  const below = open(store, "d\\e");
  assertEquals(code(() => to("x")), "accessDenied");
  store.close(below, 1n);
  to("x");
  assertEquals(names(store, "x"), [".", "..", "e"]);
});

Deno.test("renaming cannot build a path deeper than the limit", () => {
  const store = newStore();
  const deep: string[] = [];
  for (let i = 0; i < 200; i++) {
    make(store, (deep.push("d"), deep.join("\\")), { kind: "directory" });
  }
  const other: string[] = [];
  for (let i = 0; i < 100; i++) {
    make(store, (other.push("e"), other.join("\\")), { kind: "directory" });
  }
  const top = open(store, "e");
  const path = `${deep.join("\\")}\\e`;
  assertEquals(code(() => store.rename(top, { path, replace: false, now: 1n })), "invalidName");
});

Deno.test("a file with two names lives until the last is gone", () => {
  const store = newStore();
  const file = open(store, "a");
  store.write(file, 0, { data: TEXT, now: 1n });
  store.link(file, { path: "b", replace: false, now: 2n });
  assertEquals(code(() => store.link(file, { path: "b", replace: false, now: 2n })), "exists");
  store.setDeletePending(file, true);
  const second = open(store, "b", { disposition: "open" });
  assertEquals(second.node, file.node);
  store.close(file, 3n);
  assertEquals(names(store), [".", "..", "b"]);
  assertEquals(store.read(second, 0, { length: 100, now: 4n }), TEXT);
  store.setDeletePending(second, true);
  store.close(second, 5n);
  assertEquals(store.nodeById(file.node.id), undefined);
  assertEquals(store.free, store.capacity);
});

Deno.test("streams are made, renamed, deleted and told of", () => {
  const store = newStore();
  make(store, "f");
  store.takeEvents();
  const alt = open(store, "f:one");
  store.write(alt, 0, { data: TEXT, now: 1n });
  store.rename(alt, { path: ":two:$DATA", replace: false, now: 2n });
  assertEquals(store.find("f:ONE")?.streamExists, false);
  assertEquals(store.find("f:TWO")?.stream, alt.stream);
  store.setDeletePending(alt, true);
  assertEquals(code(() => open(store, "f:two")), "deletePending");
  store.close(alt, 3n);
  assertEquals(changes(store.takeEvents()), [
    "addedStream f:one 200",
    "modifiedStream f:one c00",
    "removedStream f:one 200",
    "addedStream f:two 200",
    "removedStream f:two 200",
  ]);
  assertEquals(store.free, store.capacity);
});

Deno.test("changes are told with the directory, the name and what changed", () => {
  const store = newStore();
  const file = open(store, "f");
  store.write(file, 0, { data: TEXT, now: 1n });
  store.write(file, 0, { data: TEXT, now: 1n });
  store.setBasic(file, { attributes: Attributes.HIDDEN, times: { creation: 5n }, now: 1n });
  store.setEas(file, [{ name: "x", value: TEXT, flags: 0 }], 1n);
  store.setSecurityDescriptor(file, TEXT, 1n);
  store.rename(file, { path: "g", replace: false, now: 1n });
  make(store, "d", { kind: "directory" });
  store.rename(file, { path: "d\\g", replace: false, now: 1n });
  store.setDeletePending(file, true);
  store.close(file, 1n);
  const { FILE_NAME, DIR_NAME } = ChangeFilter;
  assertEquals([FILE_NAME, DIR_NAME], [1, 2]);
  assertEquals(changes(store.takeEvents()), [
    "added f 1",
    "modified f 18",
    "modified f 10",
    "modified f 44",
    "modified f 80",
    "modified f 100",
    "renamedOld f 1",
    "renamedNew g 1",
    "modified g 44",
    "added d 2",
    "removed g 1",
    "added g 1",
    "modified g 44",
    "removed g 1",
  ]);
  assertEquals(store.takeEvents(), []);
});

Deno.test("events that nobody takes are bounded, and the loss is told", () => {
  const store = newStore();
  const file = open(store, "f");
  for (let i = 0; i < 20_000; i++) store.write(file, 0, { data: TEXT, now: 1n });
  const events = store.takeEvents();
  assertEquals(events.length, 16_385);
  assertEquals(events.at(-1), { kind: "overflow" });
  store.write(file, 0, { data: TEXT, now: 1n });
  assertEquals(store.takeEvents().length, 1);
});

Deno.test("locks are taken all or none, and closing hands them on", () => {
  const store = newStore();
  const one = open(store, "f");
  const two = open(store, "f");
  const lock = (offset: bigint) => ({ offset, length: 10n, exclusive: true });
  store.lock(one, [lock(0n)]);
  assertEquals(code(() => store.lock(two, [lock(20n), lock(5n)])), "lockNotGranted");
  store.lock(one, [lock(20n)]);
  assertEquals(code(() => store.write(two, 5, { data: TEXT, now: 1n })), "lockConflict");
  assertEquals(code(() => store.read(two, 25, { length: 1, now: 1n })), "lockConflict");
  store.write(one, 5, { data: TEXT, now: 1n });
  assertEquals(code(() => store.setSize(two, 3, 1n)), "lockConflict");
  const ticket = store.waitLock(two, lock(0n));
  assertEquals(ticket.waiting, true);
  store.takeEvents();
  store.close(one, 1n);
  assertEquals(store.takeEvents(), [{ kind: "lockGranted", ticket }]);
  const cancelled = store.waitLock(open(store, "f"), lock(0n));
  assertEquals(store.cancelLock(two, cancelled), true);
  store.unlock(two, lock(0n));
  assertEquals(code(() => store.unlock(two, lock(0n))), "rangeNotLocked");
  assertEquals(store.takeEvents().filter((e) => e.kind === "lockGranted"), []);
});

Deno.test("an enumeration goes on where it stopped while entries come and go", () => {
  const store = newStore();
  for (const name of ["a", "b", "c", "e"]) make(store, name);
  const root = open(store, "", { kind: "directory" });
  const take = (limit: number, how: { pattern?: string; restart?: boolean } = {}) => {
    const found: string[] = [];
    const result = store.enumerate(root, {
      ...how,
      accept: ({ name }) => found.length < limit && found.push(name) > 0,
    });
    return [found.join(" "), result.first, result.ended];
  };
  assertEquals(take(3), [". .. a", true, false]);
  store.close(open(store, "b", { deleteOnClose: true }), 1n);
  make(store, "D");
  make(store, "0");
  assertEquals(take(2), ["c D", false, false]);
  assertEquals(take(9), ["e", false, true]);
  assertEquals(take(9), ["", false, true]);
  assertEquals(take(9, { restart: true, pattern: "?" }), [". 0 a c D e", true, true]);
  assertEquals(take(9, { restart: true, pattern: "d" }), ["D", true, true]);
  assertEquals(take(9), ["", false, true]);
  assertEquals(take(9, { restart: true, pattern: "nothing" }), ["", true, true]);
});

Deno.test("the limits on content, files and opens are kept without half-done work", () => {
  const store = newStore({ maxBytes: 1000, maxNodes: 3, maxOpens: 2 });
  const file = open(store, "f");
  assertEquals(
    code(() => store.write(file, 0, { data: new Uint8Array(2000), now: 1n })),
    "noSpace",
  );
  assertEquals(code(() => store.setAllocation(file, 1e9, 1n)), "noSpace");
  assertEquals(code(() => store.setSize(file, 2 ** 50, 1n)), "fileTooLarge");
  assertEquals(code(() => open(store, "g:s")), "noSpace");
  assertEquals(store.find("g"), undefined);
  make(store, "g");
  assertEquals(code(() => make(store, "h")), "noSpace");
  open(store, "g");
  assertEquals(code(() => open(store, "g")), "tooManyOpens");
  const ea = { name: "x", value: new Uint8Array(70_000), flags: 0 };
  assertEquals(code(() => store.setEas(file, [ea], 1n)), "noSpace");
  assertEquals(code(() => store.setEas(file, [{ ...ea, name: "a*" }], 1n)), "invalidName");
  assertEquals(
    code(() => store.setSecurityDescriptor(file, new Uint8Array(70_000), 1n)),
    "noSpace",
  );
});

Deno.test("reserved space shows until the last close, and less than the length cuts", () => {
  const store = newStore();
  const file = open(store, "f");
  store.write(file, 0, { data: new Uint8Array(5000), now: 1n });
  store.setAllocation(file, 100_000, 1n);
  const { stream } = file;
  assert(stream !== undefined);
  assertEquals(allocationSize(stream), 102_400);
  store.setAllocation(file, 4096, 1n);
  assertEquals([stream.content.size, allocationSize(stream)], [4096, 4096]);
  store.setAllocation(file, 100_000, 1n);
  store.close(file, 2n);
  assertEquals(allocationSize(stream), 4096);
});

Deno.test("a file is found by its short name too", () => {
  const store = newStore();
  make(store, "a long name.text");
  const node = store.find("a long name.text")?.link.node;
  assert(node !== undefined);
  assertEquals(store.find(shortNameOf("a long name.text", node.id))?.link.node, node);
  assertEquals(store.find("ALONGN~1.TEX"), undefined);
});

Deno.test("a directory that somebody may delete forbids renaming its entries", () => {
  const store = newStore();
  make(store, "d", { kind: "directory" });
  const file = open(store, "d\\f");
  const rename = () => store.rename(file, { path: "d\\g", replace: false, now: 1n });
  const kind = "directory";
  const deleting = open(store, "d", { kind });
  assertEquals(code(rename), "sharingViolation");
  store.close(deleting, 1n);
  const R = Access.FILE_READ_DATA;
  open(store, "d", { kind, access: R });
  rename();
  assertEquals(pathOf(file.link), "d\\g");
});
