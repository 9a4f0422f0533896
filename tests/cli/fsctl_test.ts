/** FSCTLs, share listing, and requests as given, from scripts against the server in memory. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { expect, replay, scenario, StatusError, type User } from "../../mod.ts";
import { passed, play } from "./harness.ts";

const KIB = 1024;

function bytes(length: number, value = 7): Uint8Array {
  return new Uint8Array(length).fill(value);
}

function one(name: string, body: (user: User) => Promise<void>) {
  return scenario({ name }, async ({ client }) => body(await client("alice")));
}

Deno.test("a copy on the server takes a resume key and tells what it copied", async () => {
  const { operations } = passed(
    await play(one("copy", async (user) => {
      await user.writeFile("a", bytes(1000));
      await using a = await user.open("a", { access: "r" });
      await using b = await user.open("b", { access: "rw", disposition: "create" });
      expect((await a.requestResumeKey()).length).toBe(24);
      const ranges = [{ from: 0, to: 500, length: 1000 }];
      expect(await b.copyChunk(a, ranges)).toEqual({ chunks: 1, chunkBytes: 0, bytes: 1000 });
      expect((await b.copyChunk(a, ranges, { write: true })).bytes).toBe(1000);
      expect(await b.read(1499, 1)).toEqual(bytes(1));
      const limits = await b.copyChunk(a, [{ from: 0, to: 0, length: "64m" }], {
        expect: "INVALID_PARAMETER",
      });
      expect(limits).toEqual({ chunks: 256, chunkBytes: 1024 * KIB, bytes: 16 * 1024 * KIB });
    })),
  );
  assertEquals(operations.filter(({ command }) => command === "IOCTL").length, 4);
});

Deno.test("a copy from a file without a resume key is not sent", async () => {
  const { error, operations } = await play(one("no key", async (user) => {
    await user.writeFile("a", bytes(10));
    await using a = await user.open("a", { access: "r" });
    await a.copyChunk(a, [{ from: 0, to: 5, length: 5 }]);
  }));
  assertInstanceOf(error, Error);
  assert(error.message.includes("no resume key"), error.message);
  assertEquals(operations.filter(({ skipped }) => skipped !== undefined).length, 1);
});

Deno.test("sparse files tell their ranges", async () => {
  passed(
    await play(one("sparse", async (user) => {
      await using file = await user.open("s", { access: "rw", disposition: "create" });
      await file.setSparse();
      await file.write(1024 * KIB, bytes(64 * KIB));
      const before = await file.allocatedRanges(0, 4096 * KIB);
      expect(before.length).toBe(1);
      await file.zeroData(1024 * KIB, 1088 * KIB);
      expect(await file.allocatedRanges(0, 4096 * KIB)).toEqual([]);
    })),
  );
});

Deno.test("what the server does not have is refused with its status, and gives the empty value", async () => {
  passed(
    await play(one("refused", async (user) => {
      await using file = await user.open("f", { access: "rw", disposition: "create" });
      const expected = { expect: "INVALID_DEVICE_REQUEST" };
      expect(await file.trim([{ offset: 0, length: 1 }], expected)).toBe(0);
      expect((await file.snapshots(expected)).names).toEqual([]);
      expect((await file.integrity(expected)).clusterSize).toBe(0);
      expect(await file.compression(expected)).toBe(0);
      expect((await file.peek(expected)).available).toBe(0);
      expect((await file.offloadRead(0, 1, expected)).length).toBe(0);
      await file.duplicateExtents(file, { from: 0, to: 0, length: 1 }, expected);
      await file.setReparsePoint({ tag: 1, data: bytes(1) }, expected);
      expect((await file.reparsePoint({ expect: "NOT_A_REPARSE_POINT" })).tag).toBe(0);
      expect((await file.objectId()).id.length).toBe(36);
      expect(await user.tree.networkInterfaces({ expect: "NOT_SUPPORTED" })).toEqual([]);
      expect((await user.resolveDfs("a\\b")).hops).toBe(0);
    })),
  );
});

Deno.test("the negotiation can be validated at any time, but not in 3.1.1, which ends the connection", async () => {
  passed(
    await play(scenario({ name: "validate" }, async ({ client }) => {
      const old = await client("old", { connect: { dialects: ["3.0.2"] } });
      await old.tree.validateNegotiate();
      const current = await client("current");
      const operation = current.tree.validateNegotiate();
      expect((await operation.outcome).status).toBe("");
      await current.connection.disconnected();
    })),
  );
});

Deno.test("an unexpected status of an FSCTL throws, and its outcome does not", async () => {
  const { error } = await play(one("unexpected", async (user) => {
    await using file = await user.open("f", { access: "rw", disposition: "create" });
    const quiet = file.trim([]);
    expect((await quiet.outcome).status).toBe("INVALID_DEVICE_REQUEST");
    await file.trim([]);
  }));
  assertInstanceOf(error, StatusError);
});

Deno.test("shares are listed over the pipe, many of them in fragments", async () => {
  const shares = Array.from(
    { length: 300 },
    (_, i) => ({ name: `share${i}`, comment: `no. ${i}` }),
  );
  const { operations } = passed(
    await play(
      one("shares", async (user) => {
        const list = await user.shares();
        expect(list.length).toBe(301);
        expect(list.filter(({ special }) => special)).toEqual([
          expect.objectContaining({ name: "IPC$", kind: "ipc" }),
        ]);
        expect(list.find(({ name }) => name === "share42")).toMatchObject({ kind: "disk" });
      }),
      { share: "share1", serving: { shares } },
    ),
  );
  assert(operations.filter(({ command }) => command === "READ").length > 2);
});

Deno.test("fields of the header and bytes of the body go out as given", async () => {
  passed(
    await play(one("raw", async (user) => {
      await using file = await user.open("f", { access: "rw", disposition: "create" });
      const tree = file.read(0, 1, {
        raw: { header: { treeId: 0xfefefefe } },
        expect: "NETWORK_NAME_DELETED",
      });
      expect((await tree).length).toBe(0);
      const session = file.flush({
        raw: { header: { sessionId: 1n } },
        expect: "USER_SESSION_DELETED",
      });
      await session;
      // StructureSize 48 in place of 24.
      const body = bytes(24, 0);
      body[0] = 48;
      await file.flush({ raw: { body }, expect: "INVALID_PARAMETER" });
      // Reserved bits and a body of an unknown command.
      await file.flush({ raw: { header: { reserved: 0xffff_ffff } } });
      await user.connection.echo({ raw: { body: Uint8Array.of(4, 0, 0xff, 0xff) } });
      await user.connection.echo({
        raw: { header: { command: 0x00ff } },
        expect: ["INVALID_PARAMETER", "NOT_SUPPORTED"],
      });
    })),
  );
});

Deno.test("in a replay an answer of another form is the empty value", async () => {
  const { operations } = passed(
    await play(replay({ source: "x.pcap", clients: { a: {} } }, {
      async a(c) {
        const tree = await (await (await c.connect()).login()).tree("share");
        const file = await tree.open("f", { access: "rw", disposition: "create" });
        expect(await file.compression()).toBe(0);
        expect((await tree.dfsReferral("\\a\\b")).targets).toEqual([]);
        await file.close();
      },
    })),
  );
  assertEquals(operations.filter(({ matched }) => !matched).length, 2);
});

Deno.test("a replay validates no negotiation where the server chose 3.1.1, and goes on", async () => {
  for (const dialects of [["3.0.2"], ["3.0.2", "3.1.1"]]) {
    const { operations, notes } = passed(
      await play(replay({ source: "x", clients: { a: {} } }, {
        async a(c, p) {
          const session = await (await c.connect({ dialects })).login({ signing: "required" });
          const tree = await session.tree(p.share("share"));
          await tree.ioctl("VALIDATE_NEGOTIATE_INFO");
          await tree.open("f", { access: "rw", disposition: "create" });
        },
      })),
    );
    const [validation, create] = operations.slice(3);
    assertEquals([create?.command, create?.matched], ["CREATE", true]);
    assertEquals([validation?.command, validation?.matched], ["IOCTL", true]);
    const isLeftOut = dialects.length > 1;
    assertEquals([validation?.skipped !== undefined, notes.length], [isLeftOut, isLeftOut ? 1 : 0]);
  }
});
