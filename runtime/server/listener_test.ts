import { assertEquals } from "@std/assert";
import { transportPair } from "../transport/mod.ts";
import { Command, encodeChain, makeHeader } from "../wire/mod.ts";
import { ServerHost } from "./mod.ts";

function negotiate(): readonly Uint8Array[] {
  const header = makeHeader({ command: Command.NEGOTIATE, credits: 1 });
  const body = {
    securityMode: 1,
    capabilities: 0,
    clientGuid: "00000000-0000-0000-0000-000000000001",
    dialects: [0x0210],
    clientStartTime: 0n,
  };
  return encodeChain([{ kind: "request", command: "NEGOTIATE", header, body }]).frame;
}

Deno.test("a host serves a connection in memory, and ends with it", async () => {
  const host = new ServerHost({ shares: [{ name: "data" }] });
  const [client, server] = transportPair();
  host.serve(server);
  await client.write(negotiate());
  const buffer = new Uint8Array(1000);
  const count = await client.read(buffer);
  assertEquals([...buffer.subarray(4, 8)], [0xfe, 0x53, 0x4d, 0x42]);
  assertEquals(count, 4 + (buffer[3] ?? 0) + ((buffer[2] ?? 0) << 8));
  assertEquals(host.engine.connectionCount, 1);
  client.close();
  await host.close();
  assertEquals(host.engine.connectionCount, 0);
});

Deno.test("a client that breaks the protocol is disconnected", async () => {
  const host = new ServerHost({ shares: [{ name: "data" }] });
  const [client, server] = transportPair();
  host.serve(server);
  await client.write([new Uint8Array([0x33, 1, 2, 3])]);
  assertEquals(await client.read(new Uint8Array(10)), null);
  await host.close();
  assertEquals(host.engine.connectionCount, 0);
});
