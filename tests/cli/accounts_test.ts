/** Accounts of many users: by a pattern, by a file; and that no password is ever told. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { accountsOf, readAccounts } from "../../runtime/cli/accounts.ts";
import { startServer } from "../../runtime/server/mod.ts";
import { smbench } from "./harness.ts";

const PASSWORDS = ["first-secret", 'second, with "quotes"', "third-secret"];

async function withFile(content: string, use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    await Deno.writeTextFile(path, content);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("a pattern numbers its users, with as many digits as it says", () => {
  const name = (user: string, number: number) =>
    accountsOf({ user, domain: "", password: "x" }).of(number).user;
  assertEquals(
    [name("user#", 7), name("user####", 7), name("u###", 12), name("load-#-x", 5000)],
    ["user7", "user0007", "u012", "load-5000-x"],
  );
  assertEquals(name("alice", 3), "alice");
});

Deno.test("a file has an account a line, with quotation marks where they are needed", async () => {
  const text = '# users\n\nann,x\nben,"a ""b"", c",LAB\r\ncat,\n';
  await withFile(text, async (path) => {
    const accounts = await readAccounts(path, "HOME");
    assertEquals([1, 2, 3, 4].map((number) => accounts.of(number)), [
      { user: "ann", password: "x", domain: "HOME" },
      { user: "ben", password: 'a "b", c', domain: "LAB" },
      { user: "cat", password: "", domain: "HOME" },
      { user: "ann", password: "x", domain: "HOME" },
    ]);
    assertEquals(accounts.names(2), ["ann", "ben"]);
    const named = ["Ben", "stranger", undefined].map((name) => accounts.of(null, name).user);
    assertEquals(named, ["ben", "ann", "ann"], "without load a login has the account of its user");
    assertEquals(accounts.of(3, "ben").user, "cat", "under load each user has one");
  });
});

Deno.test("a line that is no account is named, and its password is not", async () => {
  for (const line of ["only-a-name", ",secret-word", 'x,"secret-word', "a,secret-word,c,d"]) {
    await withFile(`ann,x\n${line}\n`, async (path) => {
      const { code, err } = await smbench([
        "run",
        "examples/office_load.ts",
        "--target",
        "smb://127.0.0.1:1/share",
        "--users-csv",
        path,
      ]);
      assertEquals(code, 2);
      assertStringIncludes(err, "line 2: it is not of the form user,password[,domain]");
      assertEquals(err.includes("secret-word"), false);
    });
  }
});

Deno.test("each user logs in with its own account, and no output has a password", async () => {
  const names = ["ann", "ben", "cat"];
  const users = names.map((name, index) => ({ name, password: PASSWORDS[index] ?? "" }));
  const server = startServer({
    hostname: "127.0.0.1",
    port: 0,
    shares: [{ name: "share" }],
    users,
  });
  const folder = await Deno.makeTempDir({ prefix: "smbench-accounts-" });
  try {
    const csv = users.map(({ name, password }) => `${name},"${password.replaceAll('"', '""')}"`)
      .join("\n");
    await Deno.writeTextFile(`${folder}/users.csv`, csv);
    const { code, out, err } = await smbench([
      "run",
      "examples/office_load.ts",
      "--target",
      `smb://127.0.0.1:${server.address.port}/share`,
      "--users-csv",
      `${folder}/users.csv`,
      "--users",
      "3",
      "--iterations",
      "6",
      "--isolate",
      "path",
      "--oplog",
      `${folder}/log.ndjson`,
      "--json",
    ]);
    assertEquals(code, 0, err);
    const log = await Deno.readTextFile(`${folder}/log.ndjson`);
    const clients = log.trimEnd().split("\n").map((line) => JSON.parse(line).client);
    assertEquals([...new Set(clients)].sort(), names);
    for (const text of [out, err, log]) {
      for (const password of PASSWORDS) assertEquals(text.includes(password), false);
    }
  } finally {
    await server.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("half of the logins are refused: the others go on, and the run says so", async () => {
  const server = startServer({
    hostname: "127.0.0.1",
    port: 0,
    shares: [{ name: "share" }],
    users: [{ name: "u1", password: "x" }, { name: "u3", password: "x" }],
  });
  try {
    const { code, out } = await smbench([
      "run",
      "examples/office_load.ts",
      "--target",
      `smb://127.0.0.1:${server.address.port}/share`,
      "-U",
      "u#",
      "--users",
      "4",
      "--json",
    ], { env: { SMBENCH_PASSWORD: "x" } });
    assertEquals(code, 1);
    const { summary, outcome } = JSON.parse(out);
    assertEquals([summary.iterations.count, summary.iterations.failed], [20, 10]);
    assertEquals(outcome, "10 of 20 iterations failed");
  } finally {
    await server.close();
  }
});
