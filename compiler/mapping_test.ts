import { assertEquals } from "@std/assert";
import { mapped as mappedPlan, Mapping, type Names } from "./mapping.ts";
import {
  FSCTL_DFS_GET_REFERRALS,
  FSCTL_SET_REPARSE_POINT,
  utf16Bytes,
  utf16Text,
} from "./name_bodies.ts";
import type { PlanOperation } from "./plan.ts";

const NAMES: Names = {
  server: (name) => name === "old" ? "newhost" : name,
  share: (name) => name.toLowerCase() === "data" ? "vol1" : name,
  user: (name) => name === "jo" ? "joan" : name,
  domain: (name) => name === "CORP" ? "LAB" : name,
  path: (path) => path.replace(/^in(?=\\|$)/i, "out\\deep"),
};

/** Maps operations of one client that has `\\old\data` connected as t1 and IPC$ as t2. */
function mapped(...operations: Record<string, unknown>[]): Record<string, unknown>[] {
  const mapping = new Mapping(NAMES);
  const common = { client: "a", status: 0, frames: {}, after: [], contexts: [], granted: {} };
  const all = [
    { kind: "connect", connection: "n1", server: "old:445" },
    { kind: "login", connection: "n1", session: "s1", user: "jo", domain: "CORP" },
    { kind: "tree", session: "s1", tree: "t1", path: "\\\\old\\data" },
    { kind: "tree", session: "s1", tree: "t2", path: "\\\\old\\IPC$" },
    ...operations,
  ].map((operation) =>
    mapping.operation({ ...common, ...operation } as unknown as PlanOperation)
  ) as unknown as Record<string, unknown>[];
  return operations.length === 0 ? all : all.slice(4);
}

function hexOf(...parts: (Uint8Array | number[])[]): string {
  return parts.map((part) => Uint8Array.from(part).toHex()).join("");
}

Deno.test("servers, shares, users and domains have their other names", () => {
  const [connect, login, tree, pipes] = mapped();
  assertEquals(connect!["server"], "newhost:445");
  assertEquals([login!["user"], login!["domain"]], ["joan", "LAB"]);
  assertEquals([tree!["path"], pipes!["path"]], ["\\\\newhost\\vol1", "\\\\newhost\\IPC$"]);
});

Deno.test("paths have, but those of pipes and those that no rule means stay as they were written", () => {
  const create = (tree: string, path: string) => ({ kind: "create", tree, file: "f1", path });
  const [one, two, three] = mapped(
    create("t1", "IN\\a.txt"),
    create("t2", "in\\pipe"),
    create("t1", "\\other\\"),
  );
  assertEquals(one!["path"], "out\\deep\\a.txt");
  assertEquals(two!["path"], "in\\pipe");
  assertEquals(three!["path"], "\\other\\");
});

Deno.test("a path of DFS begins with server and share", () => {
  const [one] = mapped({
    kind: "create",
    tree: "t1",
    file: "f1",
    path: "old\\data\\in\\x",
    header: { dfs: true },
  });
  assertEquals(one!["path"], "newhost\\vol1\\out\\deep\\x");
});

Deno.test("a rename has the other name, and its length", () => {
  const name = utf16Bytes("in\\b");
  const [, rename] = mapped(
    { kind: "create", tree: "t1", file: "f1", path: "in\\a" },
    {
      kind: "setInfo",
      tree: "t1",
      file: "f1",
      infoType: 1,
      class: 10,
      input: hexOf([1, ...new Array(15).fill(0), name.length, 0, 0, 0], name),
    },
  );
  const bytes = Uint8Array.fromHex(rename!["input"] as string);
  assertEquals(utf16Text(bytes.subarray(20)), "out\\deep\\b");
  assertEquals([bytes[0], bytes[16]], [1, 20]);
});

Deno.test("a question for DFS referrals names the other server, share and path", () => {
  const input = hexOf([4, 0], utf16Bytes("\\old\\data\\in\\x\0"));
  const [ioctl] = mapped({
    kind: "ioctl",
    tree: "t2",
    file: null,
    code: FSCTL_DFS_GET_REFERRALS,
    input,
  });
  const bytes = Uint8Array.fromHex(ioctl!["input"] as string);
  assertEquals(utf16Text(bytes.subarray(2)), "\\newhost\\vol1\\out\\deep\\x\0");
});

/** A symbolic link (MS-FSCC 2.1.2.4). */
function symlink(target: string, flags: number): string {
  const name = utf16Bytes(target);
  const head = new Uint8Array(20);
  const view = new DataView(head.buffer);
  view.setUint32(0, 0xa000000c, true);
  view.setUint16(4, 12 + 2 * name.length, true);
  view.setUint16(10, name.length, true);
  view.setUint16(12, name.length, true);
  view.setUint16(14, name.length, true);
  view.setUint32(16, flags, true);
  return hexOf(head, name, name);
}

Deno.test("a link leads where it led: by its full name, and from its own folder", () => {
  const set = (input: string) => ({
    kind: "ioctl",
    tree: "t1",
    file: "f1",
    code: FSCTL_SET_REPARSE_POINT,
    input,
  });
  const [, full, relative, same] = mapped(
    { kind: "create", tree: "t1", file: "f1", path: "in\\link" },
    set(symlink("\\??\\UNC\\old\\data\\in\\x", 0)),
    set(symlink("..\\other\\x", 1)),
    set(symlink("x", 1)),
  );
  assertEquals(full!["input"], symlink("\\??\\UNC\\newhost\\vol1\\out\\deep\\x", 0));
  assertEquals(relative!["input"], symlink("..\\..\\other\\x", 1));
  assertEquals(same!["input"], symlink("x", 1));
});

Deno.test("a link of its server's own disk is left to who gives the names", () => {
  const link = (target: string) => target.replace("Users", "Xxxxx");
  const mapping = new Mapping({ ...NAMES, link });
  const operation = {
    kind: "ioctl",
    client: "a",
    tree: "t1",
    file: "f1",
    code: FSCTL_SET_REPARSE_POINT,
    input: symlink("\\??\\C:\\Users\\jo", 0),
  } as unknown as PlanOperation;
  assertEquals(
    (mapping.operation(operation) as unknown as { input: string }).input,
    symlink("\\??\\C:\\Xxxxx\\jo", 0),
  );
});

Deno.test("a plan with other names is as long as it was, whatever kind of object tells it", () => {
  class Source {
    readonly source = { name: "x", start: null, seconds: 0 };
    readonly clients = [];
    get count() {
      return 7;
    }
    operations() {
      return [];
    }
  }
  assertEquals(mappedPlan(new Source(), NAMES).count, 7);
});

Deno.test("a listing names what is still in the folder", () => {
  const [, listing] = mapped(
    { kind: "create", tree: "t1", file: "f1", path: "" },
    {
      kind: "queryDirectory",
      tree: "t1",
      file: "f1",
      pattern: "*",
      entries: [{ name: "in" }, { name: "else" }],
    },
  );
  assertEquals(listing!["pattern"], "*");
  assertEquals(listing!["entries"], [{ name: "else" }]);
  const [, inner] = mapped(
    { kind: "create", tree: "t1", file: "f1", path: "IN" },
    { kind: "queryDirectory", tree: "t1", file: "f1", pattern: "*", entries: [{ name: "a" }] },
  );
  assertEquals(inner!["entries"], [{ name: "a" }]);
});

Deno.test("bodies of any bytes are mapped without an error", () => {
  let seed = 11;
  const random = (limit: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % limit;
  };
  const templates = [symlink("..\\x", 1), hexOf([4, 0], utf16Bytes("\\old\\data\\x\0")), ""];
  const codes = [FSCTL_DFS_GET_REFERRALS, FSCTL_SET_REPARSE_POINT, 0x000601b0, 0x00110018];
  for (let round = 0; round < 1000; round++) {
    const bytes = Uint8Array.fromHex(
      templates[random(templates.length)]! + "00".repeat(random(30)),
    );
    for (let change = random(6); change > 0; change--) {
      if (bytes.length > 0) bytes[random(bytes.length)] = random(256);
    }
    const input = bytes.subarray(0, random(bytes.length + 1)).toHex();
    mapped(
      { kind: "create", tree: "t1", file: "f1", path: "in\\a" },
      { kind: "ioctl", tree: "t1", file: "f1", code: codes[random(codes.length)], input },
      { kind: "setInfo", tree: "t1", file: "f1", infoType: 1, class: 10, input },
    );
  }
});
