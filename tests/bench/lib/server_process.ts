/**
 * The embedded server in a process of its own, for benchmarks that count what the client alone takes:
 * `server_process.ts [accounts]` prints its port and serves until its input ends.
 *
 * @module
 */
import { startServer } from "../../../runtime/server/mod.ts";
import { accountsOf } from "./accounts.ts";

/** The account and share that it has. */
export const ACCOUNT = { user: "bench", password: "bench-Pa55word", share: "share" };

/** A server that runs. */
export interface ServerProcess extends AsyncDisposable {
  readonly port: number;
}

/** Starts one, with so many accounts beside the one above. */
export async function startServerProcess(accounts = 0): Promise<ServerProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      decodeURIComponent(new URL(import.meta.url).pathname),
      String(accounts),
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const port = Number(new TextDecoder().decode(value));
  return {
    port,
    async [Symbol.asyncDispose]() {
      await reader.cancel();
      await child.stdin.close();
      await child.status;
    },
  };
}

if (import.meta.main) {
  const server = startServer({
    hostname: "127.0.0.1",
    port: 0,
    shares: [{ name: ACCOUNT.share }],
    users: [
      { name: ACCOUNT.user, password: ACCOUNT.password },
      ...accountsOf(Number(Deno.args[0] ?? 0)),
    ],
  });
  Deno.stdout.writeSync(new TextEncoder().encode(`${server.address.port}\n`));
  for await (const _ of Deno.stdin.readable);
  await server.close();
}
