import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { Pseudonyms } from "./pseudonyms.ts";
import { WELL_KNOWN_NAMES } from "./well_known_names.ts";

const names = new Pseudonyms(new Uint8Array(32).fill(1));

/** Letters to `a` and `A`, digits to `0`, other letters to `x`: what a pseudonym leaves as it is. */
function shape(name: string): string {
  return name.replace(/[a-z]/g, "a").replace(/[A-Z]/g, "A").replace(/[0-9]/g, "0")
    .replace(/\P{ASCII}/gu, "x");
}

const SAMPLES = [
  "Report 2024 (final).docx",
  "Q1_Müller-Größe.xlsx",
  "ΑΒΓ δεζ.txt",
  "отчёт.pdf",
  "数据文件.csv",
  "חשבון.doc",
  "a.b.c.unknownext",
  "no extension",
  ".hidden",
  "trailing. ",
  "{8A69D345-D564-463C-AFF1-A69D9E530F96}",
  "x".repeat(255),
];

Deno.test("a pseudonym has the length and shape of its name, and nothing else of it", () => {
  for (const name of SAMPLES) {
    const other = names.name(name);
    assertEquals(other.length, name.length, name);
    assertEquals(shape(other), shape(name), name);
    const encoder = new TextEncoder();
    assertEquals(encoder.encode(other).length, encoder.encode(name).length, `${name} in UTF-8`);
    const stem = name.replace(/\.[^.]*$/, "");
    for (let index = 0; index < stem.length; index++) {
      if (/[\p{L}\p{N}]/u.test(stem[index]!)) assertNotEquals(other[index], stem[index], name);
    }
  }
});

Deno.test("extensions that say what a file is are kept, others are the same wherever they are", () => {
  assertMatch(names.name("salaries.XLSX"), /^\w{8}\.XLSX$/);
  const [one, two] = [names.name("one.acme9"), names.name("two.acme9")].map((name) =>
    name.split(".")[1]
  );
  assertEquals(one, two);
  assertNotEquals(one, "acme9");
});

Deno.test("names that differ only in case have pseudonyms that do", () => {
  for (const [one, two] of [["Report.TXT", "rEPORT.txt"], ["ÄÖÜ", "äöü"], ["Ωmega", "ωMEGA"]]) {
    const [other, another] = [names.name(one!), names.name(two!)];
    assertNotEquals(other, another);
    assertEquals(other.toLowerCase(), another.toLowerCase());
  }
});

Deno.test("different names have different pseudonyms: all of two letters, and of a letter with any extension", () => {
  const letters = "abcdefghijklmnopqrstuvwxyz".split("");
  const pairs = letters.flatMap((one) => letters.map((two) => one + two));
  assertEquals(new Set(pairs.map((name) => names.name(name))).size, pairs.length);
  const files = pairs.map((pair) => `x.${pair}`);
  assertEquals(new Set(files.map((name) => names.name(name))).size, files.length);
  const devices = letters.flatMap((one) => letters.map((two) => `c${one}${two}`));
  const others = new Set(devices.map((name) => names.name(name)));
  assertEquals(others.size, devices.length);
  assert(others.has("con"), "a device's name stays what it is");
  assertEquals(names.name("con"), "con");
});

Deno.test("equal beginnings stay equal: patterns, short names, companions", () => {
  const long = names.name("Quarterly numbers.docx");
  assertEquals(names.name("Quart*.docx"), `${long.slice(0, 5)}*.docx`);
  assertEquals(names.name("QUARTE~1.DOC"), `${long.slice(0, 6).toUpperCase()}~1.DOC`);
  assertEquals(names.name("._Quarterly numbers.docx"), `._${long}`);
  assertEquals(names.name("*.docx"), "*.docx");
  assertEquals(names.name("*"), "*");
});

Deno.test("what everybody has keeps its name", () => {
  for (
    const name of [
      "desktop.ini",
      "Thumbs.db",
      "IPC$",
      "C$",
      "srvsvc",
      ".",
      "..",
      "NUL.txt",
      "@GMT-2024.01.31-12.00.00",
      "AUX",
      "C:",
    ]
  ) assertEquals(names.name(name), name);
  assert(WELL_KNOWN_NAMES.size > 150);
});

Deno.test("a stream goes with its file, and keeps its type", () => {
  const file = names.name("memo.txt");
  assertEquals(names.name("memo.txt:Zone.Identifier:$DATA"), `${file}:Zone.Identifier:$DATA`);
  const [head, stream, type] = names.name("memo.txt:secret:$DATA").split(":");
  assertEquals([head, type], [file, "$DATA"]);
  assertMatch(stream!, /^[a-z]{6}$/);
  assertNotEquals(stream, "secret");
});

Deno.test("paths keep their separators, users their domain", () => {
  const path = names.path("\\Finance\\2024\\plan.xlsx");
  assertEquals(path.split("\\").length, 4);
  assertEquals(path.split("\\")[1], names.name("Finance"));
  assertEquals(names.user("CORP\\jsmith"), `${names.name("CORP")}\\${names.name("jsmith")}`);
  assertEquals(names.path("home\\jsmith").split("\\")[1], names.user("jsmith"));
});

Deno.test("addresses get others of their length that nobody has", () => {
  const addresses = ["172.16.254.3", "10.0.0.1", "192.168.10.200", "fe80::1:2ab3", "8.8.8.8"];
  const others = addresses.map((address) => names.server(address));
  assertEquals(others.map((other) => other.length), addresses.map((address) => address.length));
  assertEquals(new Set([...others, ...addresses]).size, 10);
  assertMatch(others[0]!, /^240\.\d\d\.\d{3}\.\d$/);
  assertEquals(names.server("172.16.254.3"), others[0]);
});

Deno.test("another key gives other pseudonyms, the same key the same", () => {
  const other = new Pseudonyms(new Uint8Array(32).fill(2));
  assertNotEquals(other.name("confidential project"), names.name("confidential project"));
  const same = new Pseudonyms(new Uint8Array(32).fill(1));
  assertEquals(same.name("confidential project"), names.name("confidential project"));
});
