import { assertEquals } from "@std/assert";
import { SessionLink } from "./client_state.ts";

Deno.test("a session is there as long as one of its connections is", () => {
  const first: { lost: string | null } = { lost: null };
  const second: { lost: string | null } = { lost: null };
  const session = new SessionLink(first);
  session.add(second);
  assertEquals(session.lost, null);
  first.lost = "the first is lost";
  assertEquals(session.lost, null);
  second.lost = "the second is lost";
  assertEquals(session.lost, "the first is lost");
});
