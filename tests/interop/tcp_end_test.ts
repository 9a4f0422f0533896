/** The end of a TCP connection on one side, through the system. */
import { assertEquals } from "@std/assert";
import { connectTcp, listenTcp } from "../../runtime/transport/mod.ts";

Deno.test("who ends its writes has sent what was written before, and reads up to the peer's end", async () => {
  using listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const here = await connectTcp({ hostname: "127.0.0.1", port: listener.address.port });
  const there = (await accepted)!;
  const written = here.write([new Uint8Array(3)]);
  here.endWrites?.();
  await written;
  const into = new Uint8Array(8);
  assertEquals([await there.read(into), await there.read(into)], [3, null]);
  await there.write([new Uint8Array(2)]);
  there.close();
  assertEquals([await here.read(into), await here.read(into)], [2, null]);
  here.close();
});
