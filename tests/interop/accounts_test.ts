/** Users of a run who have an account each, on a Samba that knows them all. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { smbench } from "../cli/harness.ts";
import { interopTest } from "../harness/interop.ts";
import { startSmbd } from "../harness/smbd.ts";

const SCENARIO = `import { scenario } from "smbench";

export default scenario({
  name: "everybody once",
  load: { executor: "per-user-iterations", users: 12, iterations: 1 },
}, async ({ client, user }) => {
  const me = await client();
  await using file = await me.open(user.name + ".txt", { access: "rw", disposition: "openIf" });
  await file.write(0, user.name);
});
`;

interopTest("each user of a load logs in with its own account and password", {
  needs: ["smbd"],
}, async () => {
  const accounts = Array.from({ length: 12 }, (_, index) => ({
    name: `user${String(index + 1).padStart(4, "0")}`,
    password: `Pa55-${index}`,
  }));
  await using smbd = await startSmbd({ accounts });
  const folder = await Deno.makeTempDir({ prefix: "smbench-accounts-" });
  try {
    await Deno.writeTextFile(`${folder}/each.ts`, SCENARIO);
    const csv = (wrong: string) =>
      accounts.map(({ name, password }) => `${name},${name === wrong ? "wrong" : password}\n`)
        .join("");
    await Deno.writeTextFile(`${folder}/users.csv`, csv(""));
    const args = ["run", `${folder}/each.ts`, "--target", smbd.target, "--quiet"];
    const all = await smbench([...args, "--users-csv", `${folder}/users.csv`]);
    assertStringIncludes(all.out, "\nPassed\n", all.err);
    const files = [...Deno.readDirSync(smbd.shareDirectory)].map(({ name }) => name).sort();
    assertEquals(files, accounts.map(({ name }) => `${name}.txt`));

    await Deno.writeTextFile(`${folder}/users.csv`, csv("user0007"));
    const some = await smbench([...args, "--users-csv", `${folder}/users.csv`]);
    assertStringIncludes(some.out, "1 of 12 iterations failed", some.err);
    assertStringIncludes(some.err, "user0007, iteration 0: ");
    assertStringIncludes(some.err, "LOGON_FAILURE");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
