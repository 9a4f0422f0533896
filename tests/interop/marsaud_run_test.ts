/** Runs with `--backend marsaud` against a real Samba, through the whole program. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { smbench } from "../cli/harness.ts";
import { checkMarsaudRuns } from "../cli/marsaud_plain.ts";
import { interopTest } from "../harness/interop.ts";
import { startSmbd } from "../harness/smbd.ts";

const NEEDS = { needs: ["smbd"] } as const;

interopTest(
  "--backend marsaud runs what the package can do against Samba, and refuses the rest",
  NEEDS,
  async (t) => {
    await using smbd = await startSmbd({ minProtocol: "SMB2_02" });
    await checkMarsaudRuns(t, {
      args: ["--target", smbd.target, "-U", smbd.user],
      env: { SMBENCH_PASSWORD: smbd.password },
    });
  },
);

interopTest(
  "--backend marsaud is refused before the run by a server that requires signing, with the reason",
  NEEDS,
  async () => {
    await using smbd = await startSmbd({ signing: "mandatory" });
    const { code, out, err } = await smbench([
      ...["run", "examples/two_writers.ts", "--backend", "marsaud"],
      ...["--target", smbd.target, "-U", smbd.user],
    ], { env: { SMBENCH_PASSWORD: smbd.password } });
    assertEquals(out, "");
    assertStringIncludes(err, "the server requires signing, and it does not sign");
    assertEquals(code, 2);
  },
);
