/** The examples against a real Samba, through the whole program. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { interopTest } from "../harness/interop.ts";
import { startSmbd } from "../harness/smbd.ts";
import { smbench } from "./harness.ts";

interopTest("the examples pass against Samba", { needs: ["smbd"] }, async (t) => {
  await using smbd = await startSmbd({ users: ["alice"] });
  const login = ["--target", smbd.target, "-U", "alice"];
  const env = { SMBENCH_PASSWORD: smbd.password };
  for (const name of ["lease_break", "two_writers", "office_mix"]) {
    await t.step(name, async () => {
      const { code, out, err } = await smbench(["run", `examples/${name}.ts`, ...login], { env });
      assertStringIncludes(out, "\nPassed\n", err);
      assertEquals(code, 0);
    });
  }
  await t.step("a wrong password is refused by the server, with its own exit code", async () => {
    const { code, err } = await smbench(["run", "examples/lease_break.ts", ...login], {
      env: { SMBENCH_PASSWORD: "not it" },
    });
    assertStringIncludes(err, "as alice: the server answered LOGON_FAILURE");
    assertEquals(code, 5);
  });
  await t.step("a share that is not there is refused by the server", async () => {
    const target = smbd.target.replace(/share$/, "nowhere");
    const { code, err } = await smbench(
      ["run", "examples/lease_break.ts", "--target", target, "-U", "alice"],
      { env },
    );
    assertStringIncludes(err, `share "nowhere"`);
    assertStringIncludes(err, "BAD_NETWORK_NAME");
    assertEquals(code, 5);
  });
  await t.step("the password may be asked for", async () => {
    const { code } = await smbench(["run", "examples/lease_break.ts", ...login, "--asap"], {
      secret: smbd.password,
    });
    assertEquals(code, 0);
  });
});
