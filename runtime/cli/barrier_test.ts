import { assertEquals } from "@std/assert";
import { Barrier } from "./barrier.ts";

function name(path: string) {
  return { share: "s", path };
}

Deno.test("all who wait at a stage go on together, with what each of them brought", async () => {
  const barrier = new Barrier([0, 1]);
  let isOver = false;
  const first = barrier.meet(0, "prepared", [name("a")]).finally(() => isOver = true);
  await Promise.resolve();
  assertEquals(isOver, false);
  assertEquals(await barrier.meet(1, "prepared", [name("b")]), [name("a"), name("b")]);
  assertEquals(await first, [name("a"), name("b")]);
});

Deno.test("nobody waits for who has ended", async () => {
  const barrier = new Barrier([0, 1, 2]);
  const both = Promise.all([barrier.meet(0, "ended", []), barrier.meet(2, "ended", [name("c")])]);
  barrier.leave(1);
  assertEquals(await both, [[name("c")], [name("c")]]);
});
