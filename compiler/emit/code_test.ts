import { assertEquals } from "@std/assert";
import { seeded } from "../capture/_build.ts";
import {
  call,
  callOf,
  type Code,
  comment,
  hexNumber,
  list,
  memberLine,
  object,
  oneLine,
  quoted,
} from "./code.ts";

Deno.test("a string literal is what it says, whatever it says", () => {
  const random = seeded(7);
  for (let run = 0; run < 2000; run++) {
    const units = Array.from(
      { length: random(20) },
      () => random(3) === 0 ? random(0x10000) : random(128),
    );
    const text = String.fromCharCode(...units);
    const literal = quoted(text);
    assertEquals(JSON.parse(literal), text);
    // deno-lint-ignore no-control-regex
    assertEquals(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/.test(literal), false);
  }
});

Deno.test("a comment is one line of at most 200 characters", () => {
  assertEquals(comment("a\nb\u2028c\r\u202ed\ud800"), "a?b?c??d\ufffd");
  assertEquals(comment("x".repeat(300)).length, 200);
});

Deno.test("masks are written with all their digits", () => {
  assertEquals(
    [hexNumber(0x12019f), hexNumber(-1), hexNumber(3, 2), hexNumber(0x311, 4)],
    ["0x0012019f", "0xffffffff", "0x03", "0x0311"],
  );
});

Deno.test("members that are undefined are left out, and an object of none is none", () => {
  assertEquals(oneLine(object({ a: "1", b: undefined, c: list(["2"]) })!), "{ a: 1, c: [2] }");
  assertEquals(object({ a: undefined }), undefined);
  assertEquals(oneLine(object({ key: "key", other: "value" })!), "{ key, other: value }");
});

/** A made-up expression. */
function code(random: (below: number) => number, depth: number): Code {
  const word = () => "w".repeat(1 + random(14)) + String(random(10));
  const kind = depth === 0 ? random(2) : random(5);
  if (kind === 0) return quoted(["t", "'", '"', "\\", "\n"][random(5)]!.repeat(random(30)) + "end");
  if (kind === 1) return random(2) === 0 ? String(random(1_000_000)) : hexNumber(random(1 << 30));
  if (kind === 2) return callOf(`p.${word()}`, quoted("a".repeat(random(90))));
  const count = 1 + random(4);
  if (kind === 3) {
    // A list holds one kind of value: strings or objects.
    return random(2) === 0
      ? list(Array.from({ length: count }, () => quoted("i".repeat(random(30)))))
      : list(Array.from({ length: count }, () => objectOf(random, depth - 1, word)));
  }
  return objectOf(random, depth - 1, word);
}

function objectOf(random: (below: number) => number, depth: number, word: () => string): Code {
  return object(
    Object.fromEntries(
      Array.from({ length: 1 + random(4) }, (_, index) => [
        `${word()}${index}`,
        code(random, Math.max(0, depth)),
      ]),
    ),
  )!;
}

Deno.test("calls are laid out as deno fmt lays them out", async () => {
  const random = seeded(2026);
  const calls: string[] = [];
  for (let run = 0; run < 400; run++) {
    const args: Code[] = [];
    if (random(3) > 0) {
      args.push(
        random(2) === 0
          ? String(random(100_000))
          : callOf("p.path", quoted("f".repeat(random(60)))),
      );
    }
    if (random(4) > 0) args.push(objectOf(random, 2, () => "m".repeat(1 + random(12))));
    const start = ["    ", "    await ", "    const f1 = await "][random(3)]!;
    calls.push(call(start, `t1.${"n".repeat(1 + random(12))}`, args));
  }
  // Each in a scope of its own: the same names are declared again and again.
  const blocks = calls.map((statement) => `  {\n${statement}\n  }\n`).join("");
  const script = `async function all() {\n${blocks}}\n`;
  assertEquals(await formatted(script), script);
});

Deno.test("members of the outermost object are laid out as deno fmt lays them out", async () => {
  const random = seeded(4);
  const members = Array.from(
    { length: 200 },
    (_, index) => memberLine("  ", `m${index}`, code(random, 2)),
  );
  const script = `export default {\n${members.join("\n")}\n};\n`;
  assertEquals(await formatted(script), script);
});

async function formatted(script: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--no-config", "--ext", "ts", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout);
}
