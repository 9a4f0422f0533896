// deno-lint-ignore-file no-console
/**
 * A process of its own that holds idle sessions, each on a connection with a share connected, and prints what each of
 * them takes of its memory in bytes: `each` without a collection, `young` the part of it by which V8's young generation
 * has grown (it has a limit, however many sessions there are), and `held` with the heap compacted: `idle_sessions.ts port share user password sessions`. Run with `--expose-gc`.
 */
import v8 from "node:v8";
import { connectTcp, ntlmAuthenticator } from "../../../runtime/client/mod.ts";
import { Connection } from "../../../runtime/client/mod.ts";

/** Sessions that are set up before anything is counted, so that code and buffers are there. */
const WARM = 50;
const AT_ONCE = 8;

const [port, share, user, password, sessions] = Deno.args;

async function connect(): Promise<Connection> {
  const transport = await connectTcp({ hostname: "127.0.0.1", port: Number(port) });
  const connection = Connection.connect(transport);
  await connection.negotiate();
  const authenticator = ntlmAuthenticator({ user: user ?? "", password: password ?? "" });
  await (await connection.session(authenticator)).tree(`\\\\127.0.0.1\\${share}`);
  return connection;
}

async function many(count: number): Promise<Connection[]> {
  const connections: Connection[] = [];
  async function lane(): Promise<void> {
    while (connections.length < count) {
      const at = connections.length;
      connections.length++;
      connections[at] = await connect();
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return connections;
}

/** What Deno's `gc` takes (V8's --expose-gc). */
type Collect = (options: { type: "major"; flavor: "regular" | "last-resort" }) => void;

/** Resident bytes behind a collection; one of last resort also gives back the pages that what is left does not fill. */
async function resident(flavor: "regular" | "last-resort"): Promise<number> {
  for (let i = 0; i < 3; i++) {
    (globalThis as { gc?: Collect }).gc?.({ type: "major", flavor });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return Deno.memoryUsage().rss;
}

/** Bytes that V8 has taken for new objects. */
function youngGeneration(): number {
  const spaces = v8.getHeapSpaceStatistics();
  return spaces.find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;
}

if (import.meta.main) {
  for (const connection of await many(WARM)) connection.close();
  const compacted = await resident("last-resort");
  const before = await resident("regular");
  const youngBefore = youngGeneration();
  const connections = await many(Number(sessions));
  const each = (Deno.memoryUsage().rss - before) / connections.length;
  const young = (youngGeneration() - youngBefore) / connections.length;
  const held = (await resident("last-resort") - compacted) / connections.length;
  console.log(JSON.stringify({ held, each, young }));
  for (const connection of connections) connection.close();
}
