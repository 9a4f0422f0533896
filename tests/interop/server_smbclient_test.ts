/**
 * The embedded server against programs that were not written for it: smbclient and smbtorture speak to it, tshark reads
 * what was said.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type RunningServer, startServer } from "../../runtime/server/mod.ts";
import { interopTest } from "../harness/interop.ts";
import { type Finished, requireTool, run } from "../harness/tools.ts";
import { expertInfo, malformedFrames, startCapture } from "../harness/tshark.ts";

const DIALECTS = ["SMB2_02", "SMB2_10", "SMB3_00", "SMB3_02", "SMB3_11"] as const;
const LARGE = 64 * 2 ** 20;

function start(maxTransactSize?: number): RunningServer {
  return startServer({
    shares: [{ name: "data", comment: "Files of the test" }, { name: "ro", readOnly: true }],
    users: [{ name: "alice", password: "secret" }],
    port: 0,
    ...(maxTransactSize === undefined ? {} : { maxTransactSize }),
  });
}

function smbclient(
  server: RunningServer,
  args: readonly string[],
  options: { readonly cwd?: string; readonly share?: string; readonly password?: string } = {},
): Promise<Finished> {
  const port = String(server.address.port);
  const account = `alice%${options.password ?? "secret"}`;
  const share = `//127.0.0.1/${options.share ?? "data"}`;
  return run(requireTool("smbclient"), {
    args: [share, "-p", port, "-U", account, ...args],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

async function inTemporaryFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function randomFile(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, length)));
  }
  return bytes;
}

interopTest("smbclient lists the shares", { needs: ["smbclient"] }, async () => {
  await using server = start();
  const port = String(server.address.port);
  const list = ["-L", "//127.0.0.1", "-p", port];
  for (const account of [["-U", "alice%secret"], ["-N"]]) {
    const { code, stdout } = await run(requireTool("smbclient"), { args: [...list, ...account] });
    assertEquals(code, 0);
    assertStringIncludes(stdout, "Files of the test");
    assertStringIncludes(stdout, "IPC$");
  }
});

interopTest("smbclient is told what is wrong", { needs: ["smbclient"] }, async () => {
  await using server = start();
  const wrong = await smbclient(server, ["-c", "ls"], { password: "wrong" });
  assertStringIncludes(wrong.stdout, "NT_STATUS_LOGON_FAILURE");
  const missing = await smbclient(server, ["-c", "ls"], { share: "nothing" });
  assertStringIncludes(missing.stdout, "NT_STATUS_BAD_NETWORK_NAME");
  const locked = await smbclient(server, ["-c", "mkdir d"], { share: "ro" });
  assertStringIncludes(locked.stdout, "NT_STATUS_ACCESS_DENIED");
  const absent = await smbclient(server, ["-c", "get a\\b"]);
  assertStringIncludes(absent.stdout, "NT_STATUS_OBJECT_PATH_NOT_FOUND");
});

for (const dialect of DIALECTS) {
  for (const protection of ["off", "sign"]) {
    const name = `smbclient works with files over ${dialect}, signing ${protection}`;
    interopTest(name, { needs: ["smbclient"] }, async () => {
      await using server = start();
      await inTemporaryFolder(async (cwd) => {
        const bytes = randomFile(300_000);
        await Deno.writeFile(`${cwd}/local`, bytes);
        const commands = [
          "mkdir folder",
          "put local folder\\first",
          "allinfo folder\\first",
          "rename folder\\first folder\\second",
          "ls folder\\*",
          "get folder\\second back",
          "setmode folder\\second +h",
          "del folder\\second",
          "rmdir folder",
          "volume",
          "du",
        ];
        const { code, stdout, stderr } = await smbclient(server, [
          "-m",
          dialect,
          `--option=client min protocol=${dialect}`,
          `--client-protection=${protection}`,
          "-c",
          commands.join("; "),
        ], { cwd });
        assertEquals(code, 0, stdout + stderr);
        assert(!stdout.includes("NT_STATUS"), stdout);
        assertStringIncludes(stdout, "altname: FIRST");
        assertStringIncludes(stdout, "second");
        assertEquals(await Deno.readFile(`${cwd}/back`), bytes);
      });
    });
  }
}

interopTest(
  "smbclient begins with SMB1 and goes on with SMB2",
  { needs: ["smbclient"] },
  async () => {
    await using server = start();
    const { code, stdout } = await smbclient(server, [
      "--option=client min protocol=NT1",
      "-c",
      "ls",
    ]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "blocks available");
  },
);

interopTest("smbclient moves 64 MiB there and back", { needs: ["smbclient"] }, async () => {
  await using server = start();
  await inTemporaryFolder(async (cwd) => {
    const bytes = randomFile(LARGE);
    await Deno.writeFile(`${cwd}/large`, bytes);
    const { code, stdout } = await smbclient(server, ["-c", "put large; get large back"], { cwd });
    assertEquals(code, 0, stdout);
    const back = await Deno.readFile(`${cwd}/back`);
    assertEquals(back.length, LARGE);
    assert(back.every((byte, index) => byte === bytes[index]));
  });
});

interopTest(
  "smbclient copies a tree of Unicode names, streams and many files",
  { needs: ["smbclient"] },
  async () => {
    await using server = start();
    await inTemporaryFolder(async (cwd) => {
      await Deno.mkdir(`${cwd}/tree/ünïcödé 日本`, { recursive: true });
      for (let i = 0; i < 300; i++) {
        await Deno.writeTextFile(`${cwd}/tree/ünïcödé 日本/file ${i} 😀.txt`, `content ${i}`);
      }
      await Deno.writeTextFile(`${cwd}/tree/empty`, "");
      const commands = "recurse; prompt; mput tree; lcd back; mget tree; deltree tree; ls";
      await Deno.mkdir(`${cwd}/back`);
      const { code, stdout } = await smbclient(server, ["-c", commands], { cwd });
      assertEquals(code, 0, stdout);
      const names = [...Deno.readDirSync(`${cwd}/back/tree/ünïcödé 日本`)].map((it) => it.name);
      assertEquals(names.length, 300);
      const read = await Deno.readTextFile(`${cwd}/back/tree/ünïcödé 日本/file 77 😀.txt`);
      assertEquals(read, "content 77");
      assert(!/^ {2}tree/m.test(stdout), "the tree is deleted");
    });
  },
);

interopTest(
  "tshark finds nothing wrong with what the server says",
  { needs: ["smbclient", "tcpdump", "tshark"] },
  async () => {
    // Off port 445 tshark reads 17 bits of the length, so nothing may be longer.
    await using server = start(65_536);
    const { port } = server.address;
    const capture = await startCapture({ port });
    await inTemporaryFolder(async (cwd) => {
      await Deno.writeFile(`${cwd}/local`, randomFile(200_000));
      for (const dialect of DIALECTS) {
        const { code } = await smbclient(server, [
          "-m",
          dialect,
          `--option=client min protocol=${dialect}`,
          "--client-protection=sign",
          "-c",
          "mkdir d; put local d\\f; allinfo d\\f; ls d\\*; get d\\f back; del d\\f; rmdir d; get none",
        ], { cwd });
        assertEquals(code, 1);
      }
      await run(requireTool("smbclient"), {
        args: ["-L", "//127.0.0.1", "-p", String(port), "-U", "alice%secret"],
      });
    });
    const pcap = await capture.stop();
    // tshark 4.0 calls the token of every NEGOTIATE response malformed, Samba's and Windows' alike.
    assertEquals(await malformedFrames(pcap, { port, filter: "not smb2.cmd == 0" }), []);
    const remarks = await expertInfo(pcap, {
      port,
      filter: `smb2 and not smb2.cmd == 0 and tcp.srcport == ${port}`,
      atLeast: "warn",
    });
    assertEquals(remarks, []);
  },
);

/** Suites of smbtorture whose every test here the server passes. Those left out are named in the server's notes. */
const TORTURE = [
  "smb2.connect",
  "smb2.read.eof",
  "smb2.read.position",
  "smb2.read.dir",
  "smb2.read.access",
  "smb2.setinfo",
  "smb2.getinfo.complex",
  "smb2.getinfo.fsinfo",
  "smb2.getinfo.qfs_buffercheck",
  "smb2.getinfo.qfile_buffercheck",
  "smb2.getinfo.qsec_buffercheck",
  "smb2.getinfo.granted",
  "smb2.getinfo.normalized",
  "smb2.create.open",
  "smb2.create.brlocked",
  "smb2.create.multi",
  "smb2.create.delete",
  "smb2.create.blob",
  "smb2.create.aclfile",
  "smb2.dir.find",
  "smb2.dir.fixed",
  "smb2.dir.one",
  "smb2.dir.many",
  "smb2.dir.modify",
  "smb2.dir.sorted",
  "smb2.rename.simple",
  "smb2.rename.msword",
  "smb2.lock.valid-request",
  "smb2.lock.rw-exclusive",
  "smb2.lock.async",
  "smb2.lock.cancel",
  "smb2.lock.stacking",
  "smb2.lock.contend",
  "smb2.lock.overlap",
  "smb2.compound.related3",
  "smb2.compound.related6",
  "smb2.compound.unrelated1",
  "smb2.compound.invalid1",
  "smb2.compound.interim1",
  "smb2.compound.interim2",
  "smb2.compound.compound-break",
  "smb2.compound.compound-padding",
  "smb2.compound.create-write-close",
  "smb2.compound_find.compound_find_related",
  "smb2.lease.request",
  "smb2.lease.upgrade",
  "smb2.lease.upgrade3",
  "smb2.lease.multibreak",
  "smb2.lease.breaking1",
  "smb2.lease.breaking2",
  "smb2.lease.breaking3",
  "smb2.lease.breaking4",
  "smb2.lease.v2_epoch1",
  "smb2.lease.v2_epoch2",
  "smb2.lease.v2_epoch3",
  "smb2.lease.v2_complex1",
  "smb2.lease.v2_rename",
  "smb2.lease.lock1",
  "smb2.lease.statopen",
  "smb2.oplock.exclusive1",
  "smb2.oplock.exclusive6",
  "smb2.oplock.batch1",
  "smb2.oplock.batch9",
  "smb2.oplock.batch16",
  "smb2.oplock.brl1",
  "smb2.oplock.levelii500",
  "smb2.durable-open",
  "smb2.durable-v2-open.create-blob",
  "smb2.durable-v2-open.open-oplock",
  "smb2.durable-v2-open.open-lease",
  "smb2.durable-v2-open.reopen1",
  "smb2.durable-v2-open.reopen1a-lease",
  "smb2.durable-v2-open.reopen2",
  "smb2.durable-v2-open.reopen2b",
  "smb2.durable-v2-open.reopen2c",
  "smb2.durable-v2-open.reopen2-lease",
  "smb2.durable-v2-open.reopen2-lease-v2",
  "smb2.durable-v2-open.durable-v2-setinfo",
  "smb2.durable-v2-open.persistent-open-oplock",
  "smb2.replay.replay-dhv2-oplock1",
  "smb2.replay.replay-dhv2-oplock2",
  "smb2.replay.replay-dhv2-oplock3",
  "smb2.replay.replay-dhv2-oplock-lease",
  "smb2.replay.replay-dhv2-lease1",
  "smb2.replay.replay-dhv2-lease2",
  "smb2.replay.replay-dhv2-lease3",
  "smb2.replay.replay-dhv2-lease-oplock",
  "smb2.notify.dir",
  "smb2.notify.mask-change",
  "smb2.notify.rec",
  "smb2.notify.double",
  "smb2.notify.overflow",
  "smb2.notify.rmdir1",
  "smb2.notify.tcon",
] as const;

interopTest("smbtorture passes over breaks, locks, chains and the rest", {
  needs: ["smbtorture"],
}, async (t) => {
  await using server = start();
  const port = String(server.address.port);
  for (const test of TORTURE) {
    await t.step(test, async () => {
      const { code, stdout } = await run(requireTool("smbtorture"), {
        args: ["//127.0.0.1/data", "-p", port, "-U", "alice%secret", test],
      });
      assertEquals(code, 0, stdout);
      assertStringIncludes(stdout, "success:");
    });
  }
});
