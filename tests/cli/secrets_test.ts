/**
 * Passwords of every source, in a run with every output: none of what it writes, says or shows to others has them, as text,
 * as UTF-16, in hexadecimal or base64, or as NT hash.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ntHash } from "../../runtime/security/mod.ts";
import { type Ended, startProgram } from "../harness/program.ts";
import { startWatchedServer } from "../harness/watched_server.ts";
import { smbench } from "./harness.ts";

const PASSWORD = "pässw0rd-of/env:file,prompt";
const OTHER = 'an"other-0f-csv';

/** What somebody could read a password off. */
function formsOf(password: string): string[] {
  const utf8 = new TextEncoder().encode(password);
  const utf16 = new Uint8Array(
    [...password].flatMap((character) => {
      const code = character.charCodeAt(0);
      return [code & 0xff, code >> 8];
    }),
  );
  const bytes = [utf8, utf16, ntHash(password)];
  const latin1 = (one: Uint8Array) => String.fromCharCode(...one);
  return [
    password,
    encodeURIComponent(password),
    JSON.stringify(password).slice(1, -1),
    ...bytes.flatMap((one) => [
      latin1(one),
      one.toHex(),
      one.toHex().toUpperCase(),
      one.toBase64().replace(/=+$/, ""),
      one.toBase64({ alphabet: "base64url" }).replace(/=+$/, ""),
    ]),
  ];
}

/** Names of texts that have a password in some form. */
function leaks(texts: Readonly<Record<string, Uint8Array | string>>): string[] {
  const forms = [PASSWORD, OTHER].flatMap(formsOf);
  return Object.entries(texts).flatMap(([name, content]) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    // Each byte as a character, beside the text: what is no text is found, too.
    const raw = new TextDecoder("latin1").decode(bytes);
    const text = new TextDecoder().decode(bytes);
    return forms.some((form) => raw.includes(form) || text.includes(form)) ? [name] : [];
  });
}

const SCRIPT = `import { scenario } from "smbench";
export default scenario({
  name: "curious",
  load: { executor: "per-user-iterations", users: 2, iterations: 2 },
  thresholds: { smb_ops: "count>0" },
  handleSummary: (report) => ({ "own.json": JSON.stringify(report) }),
}, async (context) => {
  const { client, user, check, log } = context;
  const me = await client();
  log(JSON.stringify([context, me, me.session, me.connection]));
  console.log(context, me, me.session, me.connection);
  await me.writeFile(\`\${user.number}.txt\`, "hello");
  check("there", await me.exists("nowhere"));
  await me.open("missing.txt", { expect: user.iteration === 0 ? "any" : "SUCCESS" });
});`;

const FILES = ["csv", "json", "junit", "oplog", "prometheus", "summary"];

/** A folder, a server with two users, a collector, and a way to run the program with every output there is. */
async function withEverything(
  use: (
    run: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<{
      readonly ended: Ended;
      readonly texts: Record<string, Uint8Array | string>;
    }>,
    folder: string,
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-secrets-" });
  const users = [{ name: "alice", password: PASSWORD }, { name: "bob", password: OTHER }];
  await using server = startWatchedServer({ users });
  const posted: string[] = [];
  const collector = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      posted.push(await request.text());
      return new Response("{}");
    },
  );
  try {
    await Deno.writeTextFile(`${folder}/curious.ts`, SCRIPT);
    await use(async (args, env = {}) => {
      const out = await Deno.makeTempDir({ dir: folder });
      posted.length = 0;
      await using program = startProgram([
        ...["run", `${folder}/curious.ts`, "-t", server.target, "--workers", "2"],
        ...["--oplog", `${out}/oplog`, "--out", `json=${out}/json`, "--out", `csv=${out}/csv`],
        ...["--out", `prometheus=${out}/prometheus`, "--summary-json", `${out}/summary`],
        ...["--out", `otel=http://127.0.0.1:${collector.addr.port}`, "--junit", `${out}/junit`],
        ...["--summary-dir", `${out}/own`, ...args],
      ], { env });
      const shown = Deno.build.os === "linux"
        ? await Deno.readFile(`/proc/${program.pid}/cmdline`)
        : "";
      const ended = await program.ended;
      const texts: Record<string, Uint8Array | string> = {
        arguments: shown,
        out: ended.out,
        err: ended.err,
        otel: posted.join("\n"),
      };
      for (const name of [...FILES, "own/own.json"]) {
        texts[name] = await Deno.readFile(`${out}/${name}`).catch(() => "");
      }
      return { ended, texts };
    }, folder);
  } finally {
    await collector.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("no output of a run has a password of environment, file or CSV, whether it is right or wrong", async (t) => {
  await withEverything(async (run, folder) => {
    await Deno.writeTextFile(`${folder}/password`, `${PASSWORD}\n`);
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    await Deno.writeTextFile(
      `${folder}/users.csv`,
      `alice,${quoted(PASSWORD)}\nbob,${quoted(OTHER)}\n`,
    );
    await Deno.writeTextFile(
      `${folder}/wrong.csv`,
      `alice,${quoted(PASSWORD)}\nbob,${quoted(PASSWORD)}\n`,
    );
    await Deno.writeTextFile(`${folder}/broken.csv`, `alice,${PASSWORD},x,y,z\n`);
    const cases: Readonly<Record<string, readonly [string[], Record<string, string>]>> = {
      "the environment": [["-U", "alice"], { SMBENCH_PASSWORD: PASSWORD }],
      "a file": [["-U", "alice", "--password-file", `${folder}/password`], {}],
      "a CSV file": [["--users-csv", `${folder}/users.csv`], {}],
      "a CSV file, one refused": [["--users-csv", `${folder}/wrong.csv`], {}],
    };
    for (const [name, [args, env]] of Object.entries(cases)) {
      await t.step(name, async () => {
        const { ended, texts } = await run(args, env);
        assertEquals(ended.code, 0, ended.err + ended.out);
        assertEquals(leaks(texts), []);
        for (const file of FILES) assert((texts[file]?.length ?? 0) > 0, `${file} is empty`);
        assert(texts.otel !== "" && texts["own/own.json"] !== "", "an output is missing");
        assertStringIncludes(ended.err, "missing.txt");
      });
    }
    await t.step("what is refused before anything is sent", async () => {
      const refusals = [
        await run(["-U", "bob"], { SMBENCH_PASSWORD: PASSWORD }),
        await run(["--users-csv", `${folder}/broken.csv`]),
        await run(["-U", "alice", "--password-file", `${folder}/users.csv`]),
      ];
      for (const { ended, texts } of refusals) {
        assert(ended.code !== 0);
        delete texts.arguments;
        assertEquals(leaks(texts), []);
      }
    });
  });
});

Deno.test("the search finds a password that is there, in every form", () => {
  for (const form of formsOf(OTHER)) {
    assertEquals(leaks({ clean: "nothing", dirty: `x${form}y` }), ["dirty"], form);
  }
});

Deno.test("a password that was asked for, or stands where none belongs, is not repeated", async () => {
  const asked = await smbench(
    ["run", "examples/lease_break.ts", "-t", "smb://127.0.0.1:1/share", "-U", "alice"],
    { secret: PASSWORD },
  );
  assertEquals(asked.code, 4);
  assertEquals(leaks({ out: asked.out, err: asked.err }), []);
  const misplaced = [
    ["-t", `smb://alice:${PASSWORD}@127.0.0.1/share`],
    ["-t", `smb://alice:${OTHER}@127.0.0.1`],
    ["-t", "smb://127.0.0.1/share", "-U", `alice%${PASSWORD}`],
    ["-t", "smb://127.0.0.1/share", `--password=${PASSWORD}`],
    ["--out", `otel=//alice:${PASSWORD}@collector`],
  ];
  for (const args of misplaced) {
    const { code, out, err } = await smbench(["run", "examples/lease_break.ts", ...args]);
    assertEquals(code, 2);
    assertEquals(leaks({ out, err }), [], err);
  }
});

Deno.test("a collector's password goes into a header, and into no message", async () => {
  let authorization: string | null = null;
  const collector = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      authorization = request.headers.get("authorization");
      return new Response("no", { status: 503 });
    },
  );
  const { port } = collector.addr;
  try {
    const url = `http://monitor:${encodeURIComponent(OTHER)}@127.0.0.1:${port}`;
    const ran = await smbench(["run", "examples/lease_break.ts", "--out", `otel=${url}`, "--json"]);
    assertEquals(ran.code, 8);
    assertStringIncludes(ran.out, `Cannot send metrics to 127.0.0.1:${port}: it answered 503`);
    assertEquals(leaks({ out: ran.out, err: ran.err }), []);
    const [scheme, credentials = ""] = (authorization ?? "").split(" ");
    const sent = new TextDecoder().decode(Uint8Array.fromBase64(credentials));
    assertEquals([scheme, sent], ["Basic", `monitor:${OTHER}`]);
  } finally {
    await collector.shutdown();
  }
});
