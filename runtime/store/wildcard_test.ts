import { assertEquals, assertThrows } from "@std/assert";
import { NamePattern } from "./wildcard.ts";
import { StoreError } from "./errors.ts";

const CASES: readonly [pattern: string, name: string, matches: boolean][] = [
  ["*", "anything", true],
  ["*.*", "no-dot", true],
  ["*.txt", "a.TXT", true],
  ["*.txt", "a.txt.bak", false],
  ["a*b*c", "aXXbYYc", true],
  ["a*b*c", "aXXbYY", false],
  ["?", "a", true],
  ["?", "ab", false],
  ["a?c", "abc", true],
  ["a?c", "ac", false],
  ["a?", "a", false],
  ["exact.doc", "EXACT.DOC", true],
  ["exact.doc", "exact.docx", false],
  ["<.txt", "a.b.txt", true],
  ["<.txt", "atxt", false],
  ["<", "a.b", false],
  ["<", "ab", true],
  ["<.", "a.b.", true],
  ['<"*', "readme", true],
  ['<"*', "read.me", true],
  [">>>", "ab", true],
  [">>>", "abcd", false],
  [">>>.txt", "a.txt", true],
  [">>>.txt", "abcd.txt", false],
  [">.>", "a.b", true],
  ['a"', "a", true],
  ['a"', "a.", true],
  ['a"b', "a.b", true],
  ['a"b', "ab", false],
  ['>>>>>>>>">>>', "longname.ext", true],
  ['>>>>>>>>">>>', "noext", true],
];

Deno.test("a pattern matches as MS-FSA 2.1.4.4 describes", () => {
  for (const [pattern, name, matches] of CASES) {
    assertEquals(new NamePattern(pattern).matches(name), matches, `${pattern} against ${name}`);
  }
});

Deno.test("a pattern without wildcards names the only entry that can match", () => {
  assertEquals(new NamePattern("Read.me").literal, "READ.ME");
  assertEquals(new NamePattern("Read.m?").literal, undefined);
});

Deno.test("a pattern that forces backtracking is answered by work proportional to its length", () => {
  const pattern = new NamePattern("*a".repeat(127) + "b");
  assertEquals(pattern.matches("a".repeat(255)), false);
  assertEquals(pattern.matches("a".repeat(254) + "b"), true);
});

Deno.test("a pattern longer than any name is refused", () => {
  assertThrows(() => new NamePattern("*".repeat(256)), StoreError, "too long");
});
