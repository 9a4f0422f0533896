/**
 * The embedded SMB server: bytes in, answers out, over files in memory. {@linkcode Server} is the engine, which takes
 * bytes and a clock reading and returns effects; {@linkcode startServer} puts it behind a port. It shares the codec and
 * the security room with the client, and nothing else, so that one can catch the other's mistakes.
 *
 * @module
 */

export { type ListenOptions, type RunningServer, ServerHost, startServer } from "./listener.ts";
export type { ServerOptions, ShareOptions, UserOptions } from "./options.ts";
export { type Effect, Server, type ServerEnvironment } from "./server.ts";
