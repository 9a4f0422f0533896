/** FSCTLs, share listing and DFS from scripts, against a real Samba: what it refuses is asserted as refused. */
import { assert, assertEquals } from "@std/assert";
import { expect, scenario, type User } from "../../mod.ts";
import { Fsctl } from "../../runtime/wire/mod.ts";
import { interopTest } from "../harness/interop.ts";
import { type Smbd, startSmbd } from "../harness/smbd.ts";
import { malformedFrames, startCapture } from "../harness/tshark.ts";
import { projectRoot } from "../checks/tree.ts";
import { RECORD } from "../tools/coverage.ts";
import { Notes, type Seen } from "../tools/coverage_samba.ts";
import { Listening } from "../tools/coverage_tour.ts";
import { connectTcp } from "../../runtime/client/mod.ts";
import { playOn } from "./play.ts";

const NEEDS = { needs: ["smbd"] } as const;
const CAPTURED = { needs: ["smbd", "tshark", "tcpdump"] } as const;

/** BIND of call 1 to the Server Service, version 3.0, with NDR (MS-RPCE 2.2.2). */
const BIND = Uint8Array.fromHex(
  "05000b03100000004800000001000000b810b8100000000001000000" +
    "00000100c84f324b7016d30112785a47bf6ee18803000000" +
    "045d888aeb1cc9119fe808002b10486002000000",
);

/** STORAGE_OFFLOAD_TOKEN of all zeroes: type 0xFFFF0001, 504 bytes of id, big-endian. */
const ZEROES = new Uint8Array(512);
ZEROES.set([0xff, 0xff, 0, 1, 0, 0, 1, 0xf8]);

type Step = (user: User, smbd: Smbd) => Promise<void>;

const KIB = 1024;

/** FSCTLs with steps of their own. */
const ANSWERED: readonly string[] = [
  "CREATE_OR_GET_OBJECT_ID",
  "DELETE_REPARSE_POINT",
  "DFS_GET_REFERRALS",
  "DUPLICATE_EXTENTS_TO_FILE",
  "GET_COMPRESSION",
  "GET_REPARSE_POINT",
  "LMR_REQUEST_RESILIENCY",
  "PIPE_PEEK",
  "PIPE_TRANSCEIVE",
  "PIPE_WAIT",
  "QUERY_ALLOCATED_RANGES",
  "QUERY_NETWORK_INTERFACE_INFO",
  "SET_COMPRESSION",
  "SET_REPARSE_POINT",
  "SET_SPARSE",
  "SET_ZERO_DATA",
  "SRV_COPYCHUNK",
  "SRV_COPYCHUNK_WRITE",
  "SRV_REQUEST_RESUME_KEY",
  "VALIDATE_NEGOTIATE_INFO",
];

/** Refusals of Samba 4.17 that are not INVALID_DEVICE_REQUEST. */
const OTHERWISE: Readonly<Record<string, string>> = {
  DFS_GET_REFERRALS_EX: "INVALID_PARAMETER",
  FIND_FILES_BY_SID: "INVALID_PARAMETER",
};

function bytes(length: number, value = 7): Uint8Array {
  return new Uint8Array(length).fill(value);
}

/** The client's side alone: tshark 4.0 stumbles over the hint in Samba's NEGOTIATE response. */
function malformed(pcap: Uint8Array, { port }: Smbd): Promise<number[]> {
  return malformedFrames(pcap, { port, filter: `tcp.dstport == ${port}` });
}

/** Plays one step as a scenario of one user; `notes` hears what is said. */
async function as(smbd: Smbd, name: string, step: Step, notes = new Notes()): Promise<void> {
  const dial = async () => {
    return new Listening(await connectTcp({ hostname: smbd.host, port: smbd.port }), notes);
  };
  await playOn(
    { ...smbd, dial },
    scenario({ name }, async ({ client }) => {
      await step(await client("alice"), smbd);
    }),
  );
}

function file(user: User, path: string) {
  return user.open(path, { access: "rwd", disposition: "overwriteIf" });
}

/** The FSCTLs of one file each, by name. Samba 4.17 without a special VFS module, on whatever file system /tmp has. */
const FILE_STEPS: Readonly<Record<string, Step>> = {
  async "resume key and copychunk, both forms"(user) {
    await user.writeFile("source", bytes(200 * KIB));
    await using source = await user.open("source", { access: "r" });
    await using target = await file(user, "target");
    expect((await source.requestResumeKey()).length).toBe(24);
    expect(
      await target.copyChunk(source, [
        { from: 0, to: 0, length: "64k" },
        { from: 64 * KIB, to: 100 * KIB, length: "36k" },
      ]),
    ).toEqual({ chunks: 2, chunkBytes: 0, bytes: 100 * KIB });
    expect(await target.read(135 * KIB, KIB)).toEqual(bytes(KIB));
    await using writeOnly = await user.open("write only", { access: "w", disposition: "openIf" });
    const range = [{ from: 0, to: 0, length: 10 }];
    expect((await writeOnly.copyChunk(source, range, { write: true })).bytes).toBe(10);
    expect(await writeOnly.copyChunk(source, range, { expect: "ACCESS_DENIED" })).toEqual({
      chunks: 0,
      chunkBytes: 0,
      bytes: 0,
    });
  },
  async "a copy beyond the limits is answered with the limits"(user) {
    await user.writeFile("source", bytes(10));
    await using source = await user.open("source", { access: "r" });
    await using target = await file(user, "target");
    await source.requestResumeKey();
    const limits = await target.copyChunk(source, [{ from: 0, to: 0, length: "2m" }], {
      expect: "INVALID_PARAMETER",
    });
    expect(limits).toEqual({ chunks: 256, chunkBytes: 1024 * KIB, bytes: 16 * 1024 * KIB });
    await target.copyChunk(source, [{ from: 5, to: 0, length: 10 }], {
      expect: 0xc000001f,
    });
  },
  async "snapshots"(user) {
    await using target = await file(user, "snapshots");
    // No module of Samba's keeps any here.
    const list = await target.snapshots({ expect: "INVALID_DEVICE_REQUEST" });
    expect(list).toEqual({ names: [], total: 0, size: 0 });
  },
  async "sparse files, allocated ranges and zeroed data"(user) {
    await using target = await file(user, "sparse");
    await target.setSparse();
    await target.write(0, bytes(64 * KIB));
    await target.write(1024 * KIB, bytes(64 * KIB));
    const ranges = await target.allocatedRanges(0, 2 * 1024 * KIB);
    expect(ranges[0]).toEqual({ offset: 0, length: 64 * KIB });
    expect(ranges.at(-1)).toEqual({ offset: 1024 * KIB, length: 64 * KIB });
    expect(ranges.length).toBe(2);
    await target.zeroData(0, 64 * KIB);
    expect(await target.read(0, 64 * KIB)).toEqual(bytes(64 * KIB, 0));
    expect(await target.allocatedRanges(0, 2 * 1024 * KIB)).toEqual([
      { offset: 1024 * KIB, length: 64 * KIB },
    ]);
    await target.setSparse(false);
    await target.zeroData(10, 5, { expect: "INVALID_PARAMETER" });
  },
  async "trim is refused"(user) {
    await using target = await file(user, "trim");
    expect(
      await target.trim([{ offset: 0, length: 4096 }], { expect: "INVALID_DEVICE_REQUEST" }),
    ).toBe(0);
  },
  async "offloaded copies are refused: they take a VFS module"(user) {
    await using target = await file(user, "offload");
    const expected = { expect: "INVALID_DEVICE_REQUEST" };
    const token = await target.offloadRead(0, 64 * KIB, { ...expected, timeToLive: 1000 });
    expect([token.token.length, token.length]).toEqual([0, 0]);
    const range = { offset: 0, length: 64 * KIB, tokenOffset: 512 };
    expect(await target.offloadWrite(ZEROES, range, expected)).toBe(0);
  },
  async "reparse points"(user) {
    await using target = await file(user, "reparse");
    expect((await target.reparsePoint({ expect: "NOT_A_REPARSE_POINT" })).tag).toBe(0);
    await target.setReparsePoint({ tag: 0xa000000c, data: bytes(20, 0) }, {
      expect: "NOT_A_REPARSE_POINT",
    });
    await target.deleteReparsePoint(0xa000000c, {
      expect: "NOT_A_REPARSE_POINT",
    });
  },
  async "duplicate extents, both forms"(user) {
    await user.writeFile("source", bytes(64 * KIB));
    await using source = await user.open("source", { access: "r" });
    await using target = await file(user, "duplicate");
    await target.truncate("64k");
    // SUCCESS where /tmp is a file system that shares blocks between files.
    const either = { expect: ["SUCCESS", "INVALID_DEVICE_REQUEST"] };
    const range = { from: 0, to: 0, length: "64k" };
    await target.duplicateExtents(source, range, either);
    await target.duplicateExtents(source, range, {
      flags: 0,
      expect: "INVALID_DEVICE_REQUEST",
    });
  },
  async "integrity and compression"(user) {
    await using target = await file(user, "attributes");
    expect((await target.integrity({ expect: "INVALID_DEVICE_REQUEST" })).checksumAlgorithm).toBe(
      0,
    );
    await target.setIntegrity({ checksumAlgorithm: 2 }, { expect: "INVALID_DEVICE_REQUEST" });
    expect(await target.compression()).toBe(0);
    // SUCCESS on btrfs.
    await target.setCompression(1, { expect: ["SUCCESS", "NOT_SUPPORTED"] });
  },
  async "object ids"(user) {
    await using target = await file(user, "object id");
    const { id, extended } = await target.objectId();
    expect(id).toMatch(/^[0-9a-f]{8}-/);
    expect(extended.length).toBe(48);
    await target.objectId({ create: false, expect: "INVALID_DEVICE_REQUEST" });
  },
  async "all other codes that have a name are refused"(user) {
    await using target = await file(user, "others");
    for (const name of Object.keys(Fsctl)) {
      if (ANSWERED.includes(name)) continue;
      await target.ioctl(name, { expect: OTHERWISE[name] ?? "INVALID_DEVICE_REQUEST" });
    }
  },
  async "any other code by its number, with raw bytes"(user) {
    await using target = await file(user, "raw");
    const operation = target.ioctl(0x00090fff & ~3, {
      input: bytes(12),
      expect: "INVALID_DEVICE_REQUEST",
    });
    expect((await operation).length).toBe(0);
  },
};

const SHARE_STEPS: Readonly<Record<string, Step>> = {
  async "network interfaces are not told where multichannel is off"(user) {
    expect(await user.tree.networkInterfaces({ expect: "INVALID_DEVICE_REQUEST" })).toEqual([]);
  },
  async "the negotiation is validated"(user) {
    await user.tree.validateNegotiate();
    // A wrong repetition of the offer makes the server drop the connection (MS-SMB2 3.3.5.15.12).
    const wrong = user.tree.ioctl("VALIDATE_NEGOTIATE_INFO", {
      input: bytes(26, 0),
      expect: "any",
    });
    wrong.catch(() => {});
    expect((await wrong.outcome).status).toBe("");
    await user.connection.disconnected();
  },
  async "pipes: transceive, peek and wait"(user) {
    const ipc = await user.session.tree("IPC$");
    const pipe = await ipc.open("srvsvc", { access: "rw" });
    // FS_DRIVER_REQUIRED is Samba's word for an FSCTL that it does not have for pipes.
    expect((await pipe.peek({ expect: "FS_DRIVER_REQUIRED" })).available).toBe(0);
    await ipc.waitPipe("srvsvc", { wait: "1s", expect: "FS_DRIVER_REQUIRED" });
    const answer = await pipe.transceive(BIND);
    // BIND_ACK, first and last fragment, for call 1.
    expect([answer[2], answer[3], answer[12]]).toEqual([12, 3, 1]);
    // BIND_NAK: the association has its interface already.
    await pipe.write(0, BIND);
    expect((await pipe.read(0, 4096))[2]).toBe(13);
    await pipe.close();
    await ipc.disconnect();
  },
  async "shares are listed, in every way that the answer may come"(user) {
    const shares = await user.shares();
    expect(shares.map(({ name }) => name).sort()).toEqual(["IPC$", "enc", "ro", "share"]);
    expect(shares.find(({ name }) => name === "IPC$")).toMatchObject({
      kind: "ipc",
      special: true,
      temporary: false,
    });
    expect(shares.find(({ name }) => name === "share")).toMatchObject({
      kind: "disk",
      special: false,
      comment: "",
    });
  },
};

for (const [title, steps] of Object.entries({ files: FILE_STEPS, shares: SHARE_STEPS })) {
  interopTest(
    `Samba answers the FSCTLs of ${title}, and tshark finds no malformed frame`,
    CAPTURED,
    async (t) => {
      await using smbd = await startSmbd();
      await using capture = await startCapture({ port: smbd.port });
      const notes = new Notes();
      for (const [name, step] of Object.entries(steps)) {
        await t.step(name, () => as(smbd, name, step, notes));
      }
      await t.step("the record of what Samba was asked has all of it", async () => {
        const record = JSON.parse(await Deno.readTextFile(`${projectRoot()}/${RECORD}`)) as Seen;
        const missing = Object.keys(notes.seen.fsctl).filter((code) => !(code in record.fsctl));
        assertEquals(missing, [], "run deno run -A tests/tools/coverage.ts --record");
      });
      assertEquals(await malformed(await capture.stop(), smbd), []);
    },
  );
}

interopTest("network interfaces are told where multichannel is on", NEEDS, async () => {
  await using smbd = await startSmbd({ multichannel: true });
  await as(smbd, "interfaces", async (user) => {
    const interfaces = await user.tree.networkInterfaces();
    expect(interfaces.map(({ address }) => address)).toContain("127.0.0.1");
    expect(interfaces.every(({ speed }) => speed > 0)).toBe(true);
  });
});

interopTest("FSCTLs by name go into a compound", NEEDS, async () => {
  await using smbd = await startSmbd();
  await as(smbd, "compound", async (user) => {
    const source = await user.open("source", { access: "rw", disposition: "create" });
    await source.write(0, new Uint8Array(64 * KIB).fill(1));
    // Samba refuses what it cannot answer at once anywhere but at a compound's end.
    const single = user.tree.compound({ related: false });
    const info = single.on(source).queryInfo({ class: "FileStandardInformation" });
    const key = single.on(source).requestResumeKey();
    await single.send();
    expect([(await info).bytes.length, (await key).length]).toEqual([24, 24]);
    const related = user.tree.compound();
    const opened = related.open("target", { access: "rw", disposition: "create" });
    const sparse = related.file.setSparse();
    await related.send();
    await sparse;
    await (await opened).close();
    const target = await user.open("target", { access: "rw" });
    const copying = user.tree.compound();
    const copied = copying.on(target).copyChunk(source, [{ from: 0, to: 0, length: 10 }]);
    await copying.send();
    expect((await copied).bytes).toBe(10);
    await target.close();
    await source.close();
  });
});

interopTest("a list of many shares comes in fragments", NEEDS, async () => {
  const names = Array.from({ length: 80 }, (_, i) => `wide${String(i).padStart(3, "0")}`);
  await using smbd = await startSmbd({
    global: Object.fromEntries([
      ["server string", "many"],
      // Further sections of smb.conf, written as the value of a setting.
      [
        "comment",
        `x\n${
          names.map((name) => `[${name}]\n\tpath = /tmp\n\tcomment = ${"c".repeat(100)}\n`).join(
            "",
          )
        }[global]`,
      ],
    ]),
  });
  await playOn(
    smbd,
    scenario({ name: "many" }, async ({ client }) => {
      const alice = await client("alice");
      const shares = await alice.shares();
      const wide = shares.filter(({ name }) => name.startsWith("wide"));
      expect(wide.map(({ name }) => name)).toEqual(names);
      expect(wide.every(({ comment }) => comment.length === 100)).toBe(true);
    }),
  );
});

interopTest("DFS links are referred to, not covered, and followed", CAPTURED, async () => {
  await using smbd = await startSmbd({
    global: { "host msdfs": "yes" },
    share: { "msdfs root": "yes" },
  });
  await Deno.symlink("msdfs:otherhost\\elsewhere", `${smbd.shareDirectory}/link`);
  await Deno.mkdir(`${smbd.readOnlyDirectory}/sub`);
  await Deno.writeTextFile(`${smbd.readOnlyDirectory}/sub/file.txt`, "found");
  await using capture = await startCapture({ port: smbd.port });
  const { operations } = await playOn(
    smbd,
    scenario({ name: "dfs" }, async ({ client }) => {
      const alice = await client("alice");
      const link = await alice.tree.dfsReferral(`\\${smbd.host}\\share\\link\\sub\\file.txt`);
      expect(link.consumed).toBe(`\\${smbd.host}\\share\\link`.length);
      expect(link.targets).toMatchObject([{
        path: `\\${smbd.host}\\share\\link`,
        targets: ["\\otherhost\\elsewhere"],
      }]);
      const old = await alice.tree.dfsReferral(`${smbd.host}/share/link`, { maxLevel: 2 });
      expect(old.targets[0]?.version).toBe(2);
      await alice.tree.dfsReferral(`\\${smbd.host}\\share\\no link`, {
        expect: ["NOT_FOUND", "OBJECT_NAME_NOT_FOUND", "OBJECT_PATH_NOT_FOUND"],
      });
      await alice.open(`${smbd.host}\\share\\link\\sub\\file.txt`, {
        dfs: true,
        expect: "PATH_NOT_COVERED",
      });
      const place = await alice.resolveDfs("link\\sub\\file.txt", {
        map: { "\\\\otherhost\\elsewhere": "ro" },
      });
      expect(place).toEqual({
        unc: "\\\\otherhost\\elsewhere\\sub\\file.txt",
        share: "ro",
        path: "sub\\file.txt",
        hops: 1,
      });
      const tree = await alice.session.tree(place.share);
      await using file = await tree.open(
        `${smbd.host}\\${place.share}\\${place.path}`,
        { dfs: true },
      );
      expect(new TextDecoder().decode(await file.read(0, 10))).toBe("found");
      expect(await alice.resolveDfs("no link")).toMatchObject({ hops: 0, path: "no link" });
    }),
  );
  assert(operations.every(({ matched }) => matched));
  assertEquals(await malformed(await capture.stop(), smbd), []);
});

interopTest(
  "without DFS, a referral is refused and a path leads where it says",
  NEEDS,
  async () => {
    await using smbd = await startSmbd({ global: { "host msdfs": "no" } });
    await as(smbd, "no dfs", async (user) => {
      await user.tree.dfsReferral(`\\${smbd.host}\\share\\x`, { expect: "FS_DRIVER_REQUIRED" });
      expect((await user.resolveDfs("a\\b")).unc).toBe(`\\\\${smbd.host}\\share\\a\\b`);
    });
  },
);
