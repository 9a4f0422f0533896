/**
 * The embedded SMB server: bytes in, answers out, over files in memory. {@linkcode Server} is the engine, which takes
 * bytes and a clock reading and returns effects; {@linkcode startServer} puts it behind a port. It shares the codec and
 * the security room with the client, and nothing else, so that one can catch the other's mistakes.
 *
 * It has SMB 2.0.2 to 3.1.1 with signing, chains and asynchronous answers, oplocks and leases, byte-range locks,
 * watched directories, and durable handles of both versions with their replay; it has neither encryption, further
 * channels, persistent handles nor leases on directories.
 *
 * @module
 */

export { type ListenOptions, type RunningServer, ServerHost, startServer } from "./listener.ts";
export type { ServerOptions, ShareOptions, UserOptions } from "./options.ts";
export { type Effect, Server, type ServerEnvironment } from "./server.ts";
