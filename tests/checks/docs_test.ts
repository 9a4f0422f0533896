import { assertEquals } from "@std/assert";
import { checkCommands, checkDocstrings, commandsOf } from "./docs.ts";

const README = `
Prose with \`npx -y deno@1.0.0 task nothing\` in it.

\`\`\`sh
$ npx -y deno@2.9.6 task demo   # a comment
SMBENCH_PASSWORD=x npx -y deno@2.9.6 task smbench run scenario.ts \\
  --target smb://host/share -U user --nonsense
./smbench frobnicate
git clone https://example.com/x
\`\`\`

\`\`\`ts
npx -y deno@0.0.1 task nothing
\`\`\`
`;

function check(readme: string) {
  const help = (subcommand: string) =>
    Promise.resolve(
      subcommand === "run" ? "Options:\n  -U, --user NAME\n  --target URL\n" : undefined,
    );
  return checkCommands(readme, { tasks: ["demo", "smbench"], denoVersion: "2.9.6", help });
}

Deno.test("commands are read from sh blocks only, continued lines as one", () => {
  assertEquals(commandsOf(README).map(({ line, words }) => [line, words.length]), [
    [5, 5],
    [7, 13],
    [8, 2],
    [9, 3],
  ]);
});

Deno.test("an option or a subcommand that there is not is found", async () => {
  assertEquals((await check(README)).map(({ place, message }) => `${place} ${message}`), [
    "README.md:7 smbench run has no option --nonsense",
    "README.md:8 there is no command smbench frobnicate",
  ]);
});

Deno.test("another version of Deno and an unknown task are found", async () => {
  const readme = "```sh\nnpx -y deno@2.9.5 task demo\nnpx -y deno@2.9.6 task tset\n```\n";
  assertEquals((await check(readme)).map(({ message }) => message), [
    "names Deno 2.9.5, but 2.9.6 is in use",
    "there is no task tset",
  ]);
});

Deno.test("exports without a docstring and modules without a comment are found", async () => {
  const root = await Deno.makeTempDir({ prefix: "smbench-docs-" });
  try {
    await Deno.writeTextFile(`${root}/deno.json`, "{}");
    await Deno.writeTextFile(
      `${root}/mod.ts`,
      `/** What it does.\n *\n * @module\n */\n\n/** Good. */\nexport function good(): void {}\nexport { bad } from "./bad.ts";\n`,
    );
    await Deno.writeTextFile(`${root}/bad.ts`, "\nexport const bad = 1;\n");
    await Deno.writeTextFile(`${root}/silent.ts`, `/** Good. */\nexport const good = 1;\n`);
    assertEquals(await checkDocstrings(root, ["mod.ts", "silent.ts"]), [
      { place: "bad.ts:2", message: "bad has no docstring (public by mod.ts)" },
      { place: "silent.ts", message: "has no @module comment: say what it is for" },
    ]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
