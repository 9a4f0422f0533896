import { assertEquals } from "@std/assert";
import { Silence } from "./silence.ts";

Deno.test("a worker is named once, when it has said nothing at so many looks", () => {
  const silence = new Silence(3);
  silence.heard(0);
  silence.heard(1);
  assertEquals([silence.look(), silence.look()], [[], []]);
  silence.heard(1);
  assertEquals([silence.look(), silence.look(), silence.look()], [[0], [], [1]]);
  assertEquals(silence.look(), []);
});

Deno.test("a worker that has ended is not waited for", () => {
  const silence = new Silence(1);
  silence.heard(0);
  silence.ended(0);
  assertEquals(silence.look(), []);
});
