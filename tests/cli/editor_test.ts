/** `smbench init`: what an editor is told of "smbench" is what mod.ts exports. */
import { assertEquals } from "@std/assert";
import { DECLARED_FUNCTIONS } from "../../runtime/cli/declarations.ts";
import * as smbenchModule from "../../mod.ts";
import { smbench } from "./harness.ts";

const ROOT = new URL("../../", import.meta.url);

async function check(...files: string[]): Promise<string> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", ...files],
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  return success ? "" : new TextDecoder().decode(stderr);
}

Deno.test("every function of mod.ts is declared, and nothing else", () => {
  const declared = [
    ...DECLARED_FUNCTIONS.matchAll(/^export declare (?:function|const|class) (\w+)/gm),
  ]
    .map(([, name]) => name).sort();
  assertEquals(declared, Object.keys(smbenchModule).sort());
});

Deno.test("in a folder made by init, scenarios are checked as within the project", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assertEquals((await smbench(["init", folder])).code, 0);
    for (const name of ["lease_break.ts", "two_writers.ts", "office_mix.ts"]) {
      await Deno.copyFile(new URL(`examples/${name}`, ROOT), `${folder}/${name}`);
    }
    // The declarations are those of the real functions: each takes what the other takes.
    await Deno.writeTextFile(
      `${folder}/same.ts`,
      `import type * as declared from "smbench";
import type * as real from ${JSON.stringify(new URL("mod.ts", ROOT).href)};
type Functions<M> = Omit<M, "StatusError" | "NoResponseError">;
export const one = (module: Functions<typeof real>): Functions<typeof declared> => module;
export const two = (module: Functions<typeof declared>): Functions<typeof real> => module;
`,
    );
    await Deno.writeTextFile(
      `${folder}/deno.json`,
      JSON.stringify({
        ...JSON.parse(await Deno.readTextFile(`${folder}/deno.json`)),
        lock: false,
      }),
    );
    assertEquals(
      await check(
        ...["lease_break", "two_writers", "office_mix"].map((name) => `${folder}/${name}.ts`),
      ),
      "",
    );
    await Deno.writeTextFile(
      `${folder}/wrong.ts`,
      `import { scenario } from "smbench";
export default scenario({ name: "x" }, async ({ client }) => {
  await (await client("a")).open("f", { oplock: "bach" });
});`,
    );
    assertEquals((await check(`${folder}/wrong.ts`)).includes(`Did you mean '"batch"'?`), true);
    await Deno.writeTextFile(
      `${folder}/deno.json`,
      JSON.stringify({
        imports: {
          ...JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT))).imports,
          smbench: "./smbench.d.ts",
        },
        compilerOptions: { strict: true, exactOptionalPropertyTypes: true },
        lock: false,
      }),
    );
    assertEquals(await check(`${folder}/same.ts`), "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
