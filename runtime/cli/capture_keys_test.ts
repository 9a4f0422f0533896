import { assertEquals, assertRejects } from "@std/assert";
import { KEYTAB } from "../../tests/golden/kerberos.ts";
import { readKeys } from "./capture_keys.ts";
import { CommandError, UsageError } from "./command.ts";

async function keysOf(option: string, content: string | Uint8Array) {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    return await readKeys({
      operands: [],
      has: () => false,
      value: (name) => name === option ? path : undefined,
      values: () => [],
    });
  } finally {
    await Deno.remove(path);
  }
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes?.toHex();
}

async function sessionsOf(content: string) {
  const { sessions } = await keysOf("keys", content);
  return [...sessions ?? []].map(([id, { sessionKey, serverToClient, clientToServer }]) => [
    id,
    hex(sessionKey),
    hex(serverToClient),
    hex(clientToServer),
  ]);
}

const A = "aa".repeat(16);
const B = "bb".repeat(16);
const C = "cc".repeat(32);

Deno.test("keys are read from Wireshark's list, as a file or as its option has it", async () => {
  const list = `# comment\n3900000000400000,${A}\n"0100000000000000","","${B}","${C}"\n`;
  assertEquals(await sessionsOf(list), [
    [0x0000400000000039n, A, undefined, undefined],
    [1n, undefined, B, C],
  ]);
  assertEquals(await sessionsOf(`uat:smb2_seskey_list:0100000000000000,${A},"",""\r\n`), [
    [1n, A, undefined, undefined],
  ]);
});

/** smbd 4.17.12 in the foreground, and smbclient, both with \`debug encryption = yes\`; the text column is damaged on purpose. */
const SMBD_LOG = `/usr/sbin/smbd: debug encryption: dumping generated session keys
/usr/sbin/smbd: Session Id    [0000] D3 6A A6 42 00 00 00 00                             AB CD EF ..
/usr/sbin/smbd: Session Key   [0000] DD AB 90 D5 3A 45 4C 38   4F F8 25 65 DB 59 0F 45   AB CD EF 01 02
/usr/sbin/smbd: [0010] 91 DE 23 B0 F5 C1 65 89   FD 97 31 ED 6B 1E 7C D9   ..#...e. ..1.k.|.
/usr/sbin/smbd: Signing Algo: 2
/usr/sbin/smbd: Signing Key   [0000] 71 CB 58 81 F3 D9 44 7D   0E D0 3D F8 BB 79 86 BA   q.X...D} ..=..y..
/usr/sbin/smbd: App Key       [0000] F6 5B 6C 42 CB AD 2F 35   2F D8 14 33 7F 5E 8F EC   .[lB../5 /..3.^..
/usr/sbin/smbd: Cipher Algo: 2
/usr/sbin/smbd: ServerIn Key  [0000] D8 53 10 AA C6 39 AC 16   3B CD CB 89 E2 30 D1 01   .S...9.. ;....0..
/usr/sbin/smbd: ServerOut Key [0000] EF 52 CD BC 61 DD A3 46   23 B2 1E F5 88 47 2C D7   .R..a..F #....G,.
`;
const CLIENT_LOG = `[2026/11/20 15:33:58.1, 0] ../../source3/libsmb/cliconnect.c:1(x)
  debug encryption: dumping generated session keys
Session Id    [0000] 4B C9 E7 1C 00 00 00 00                             K.......
Session Key   [0000] 70 1D 1A 9C BE D0 C2 DD   7A 3D 06 8D 31 B6 FB FE   p....... z=..1...
Signing Key   [0000] 0E 47 FB 67 96 74 4F A5   A9 93 AB E9 D9 52 02 F8   .G.g.tO. .....R..
putting file a as \\a (11.2 kb/s) (average 11.2 kb/s)
`;

Deno.test("keys are read from a log of Samba with debug encryption", async () => {
  assertEquals(await sessionsOf(SMBD_LOG + CLIENT_LOG), [
    [
      0x42a66ad3n,
      "ddab90d53a454c384ff82565db590f4591de23b0f5c16589fd9731ed6b1e7cd9",
      "ef52cdbc61dda34623b21ef588472cd7",
      "d85310aac639ac163bcdcb89e230d101",
    ],
    [0x1ce7c94bn, "701d1a9cbed0c2dd7a3d068d31b6fbfe", undefined, undefined],
  ]);
});

Deno.test("passwords are one a line, and hashes stand alone or in a line of pwdump", async () => {
  assertEquals(await keysOf("password-file", "one\r\ntwo words:3\n\n"), {
    passwords: ["one", "two words:3"],
  });
  const { ntHashes } = await keysOf(
    "nt-hash-file",
    `# lab\n${A}\nbob:${B}\nalice:1001:${"0".repeat(32)}:${A.toUpperCase()}:::\n`,
  );
  assertEquals(ntHashes?.map(hex), [A, B, A]);
});

Deno.test("a keytab is read as it is", async () => {
  const { keytab } = await keysOf("keytab", KEYTAB);
  assertEquals(keytab?.map(({ type }) => type), [18, 17, 23]);
});

const REFUSED: [string, string, string][] = [
  ["keys", "abc,def", "line 1 is no session id with keys"],
  ["keys", `0100000000000000,${A.slice(1)}`, "line 1 is no session id with keys"],
  ["password-file", "\n", "it has none"],
  ["nt-hash-file", `${A}\nhello`, "line 2 has none"],
  ["keytab", "hello", "it is no keytab, or a damaged one"],
  ["password-file", "x".repeat(0x100001), "it has 1048577 bytes"],
];
for (const [option, content, message] of REFUSED) {
  Deno.test(`--${option} of another form is refused: ${message}`, async () => {
    await assertRejects(() => keysOf(option, content), UsageError, message);
  });
}

Deno.test("a file of keys that is missing is named", async () => {
  await assertRejects(
    () =>
      readKeys({
        operands: [],
        has: () => false,
        value: (name) => name === "keytab" ? "/nonexistent/a.keytab" : undefined,
        values: () => [],
      }),
    CommandError,
    "Cannot read keys from /nonexistent/a.keytab: no such file",
  );
});
