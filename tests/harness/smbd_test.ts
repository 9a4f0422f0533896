import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { interopTest } from "./interop.ts";
import { processesNaming, type Smbd, startSmbd } from "./smbd.ts";
import { type Finished, requireTool, run } from "./tools.ts";

function smbclient(smbd: Smbd, options: {
  readonly share?: string;
  readonly user?: string;
  readonly password?: string;
  readonly command: string;
  readonly args?: readonly string[];
}): Promise<Finished> {
  return run(requireTool("smbclient"), {
    args: [
      `//127.0.0.1/${options.share ?? "share"}`,
      `--port=${smbd.port}`,
      `--user=${options.user ?? smbd.user}%${options.password ?? smbd.password}`,
      ...options.args ?? [],
      `--command=${options.command}`,
    ],
  });
}

interopTest(
  "a private smbd serves a file both ways and is gone afterwards",
  { needs: ["smbd", "smbclient"] },
  async () => {
    const smbd = await startSmbd();
    try {
      await Deno.writeTextFile(`${smbd.shareDirectory}/there.txt`, "from the disk");
      const listed = await smbclient(smbd, { command: "ls; put /etc/hostname here.txt" });
      assertEquals(listed.code, 0, listed.stderr);
      assertStringIncludes(listed.stdout, "there.txt");
      assertEquals(
        await Deno.readTextFile(`${smbd.shareDirectory}/here.txt`),
        await Deno.readTextFile("/etc/hostname"),
      );
    } finally {
      await smbd.stop();
    }
    await assertRejects(() => Deno.stat(smbd.shareDirectory), Deno.errors.NotFound);
    const root = smbd.shareDirectory.replace(/\/share$/, "/");
    assertEquals(await processesNaming(root), []);
    await assertRejects(() => Deno.connect({ port: smbd.port }), Deno.errors.ConnectionRefused);
  },
);

interopTest(
  "every named user may log in, others and wrong passwords may not",
  { needs: ["smbd", "smbclient"] },
  async () => {
    await using smbd = await startSmbd({ users: ["alice", "bob"], password: "pass word 1" });
    assertEquals(smbd.user, "alice");
    assertEquals((await smbclient(smbd, { command: "ls" })).code, 0);
    assertEquals((await smbclient(smbd, { user: "bob", command: "ls" })).code, 0);
    for (const wrong of [{ user: "carol" }, { password: "pass word 2" }]) {
      const refused = await smbclient(smbd, { ...wrong, command: "ls" });
      assertStringIncludes(refused.stdout, "NT_STATUS_LOGON_FAILURE");
    }
  },
);

interopTest(
  "the share ro refuses writes and the share enc refuses clients that do not encrypt",
  { needs: ["smbd", "smbclient"] },
  async () => {
    await using smbd = await startSmbd();
    const written = await smbclient(smbd, { share: "ro", command: "put /etc/hostname a" });
    assertStringIncludes(written.stdout, "NT_STATUS_ACCESS_DENIED");
    const encrypted = await smbclient(smbd, {
      share: "enc",
      command: "put /etc/hostname a",
      args: ["--client-protection=encrypt"],
    });
    assertEquals(encrypted.code, 0, encrypted.stdout);
    const plain = await smbclient(smbd, {
      share: "enc",
      command: "ls",
      args: ["--client-protection=off", "--max-protocol=SMB2"],
    });
    assertStringIncludes(plain.stdout, "NT_STATUS_ACCESS_DENIED");
  },
);

interopTest(
  "the dialect range of the options is the one that the server speaks",
  { needs: ["smbd", "smbclient"] },
  async () => {
    await using smbd = await startSmbd({ maxProtocol: "SMB2_10" });
    const tooNew = await smbclient(smbd, {
      command: "ls",
      args: ["--option=client min protocol=SMB3_00"],
    });
    assert(tooNew.code !== 0, "a client that insists on SMB 3.0 was served");
    assertEquals((await smbclient(smbd, { command: "ls" })).code, 0);
  },
);

interopTest(
  "a server that cannot start says why",
  { needs: ["smbd"] },
  async () => {
    const error = await assertRejects(
      () => startSmbd({ global: { "lock directory": "/proc/nowhere" } }),
      Error,
      "Cannot start smbd",
    );
    assertStringIncludes(error.message, "smbd version");
  },
);
