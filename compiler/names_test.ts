import { assertEquals } from "@std/assert";
import { Identifiers, Numbered } from "./names.ts";

Deno.test("keys are numbered in order of appearance", () => {
  const names = new Numbered<string>("L");
  assertEquals(["a", "b", "a"].map((key) => names.of(key)), ["L1", "L2", "L1"]);
});

Deno.test("identifiers are words of the text, unlike each other and unlike what the script uses", () => {
  const made = (texts: string[]) => {
    const identifiers = new Identifiers();
    return texts.map((text) => identifiers.make(text, "client"));
  };
  assertEquals(made(["J. Smith", "J Smith", "j.smith"]), ["jSmith", "jSmith2", "jSmith3"]);
  assertEquals(made(["Alice", "ALICE", "alice"]), ["alice", "aLICE2", "alice3"]);
  assertEquals(made(["", "***", "123", "\u{1f600}"]), ["client", "client2", "client3", "client4"]);
  assertEquals(made(["await", "c", "p", "data", "replay"]), [
    "await2",
    "c2",
    "p2",
    "data2",
    "replay2",
  ]);
  assertEquals(made(["M\u00fcller", "x".repeat(100), "__proto__", "constructor"]), [
    "muLler",
    "x".repeat(32),
    "proto",
    "constructor",
  ]);
});
