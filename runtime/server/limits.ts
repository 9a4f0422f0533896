/**
 * The bounds that keep a hostile or broken client from taking more than its share, each with its reason.
 *
 * @module
 */

/** Largest read, write and transaction in bytes: that of Windows and Samba. */
export const MAX_TRANSACT_SIZE = 8 * 2 ** 20;
/** The same where the dialect has no multi-credit requests (MS-SMB2 3.3.5.4). */
export const MAX_SMALL_SIZE = 65_536;
/** Room beside the payload of the largest request: header, body, contexts, compounded companions. */
export const FRAME_OVERHEAD = 65_536;
/** Messages in one chain: clients compound a handful, and each costs an answer. */
export const MAX_CHAIN = 64;
/** Credits that one connection may hold: as Samba; also bounds what it can have outstanding. */
export const MAX_CREDITS = 8192;
/** Spread of message ids between the oldest unused and the newest granted: bounds the window's memory. */
export const MAX_WINDOW = 2 * MAX_CREDITS;
/** Sessions on one connection: terminal servers use tens. */
export const MAX_SESSIONS = 256;
/** Tree connects of one session: clients use one a share. */
export const MAX_TREES = 1024;
/** Opens of one session: as Windows (16384 a session). */
export const MAX_OPENS = 16_384;
/** Requests of one connection that wait (locks, notifications, opens held up by a break). */
export const MAX_PENDING = 1024;
/** Bytes a connection may leave unread before it is dropped. */
export const MAX_UNSENT = 64 * 2 ** 20;
/** Bytes of changes kept for a watched directory between two requests; then "too many changes" is said. */
export const MAX_NOTIFY_BYTES = 65_536;
/** Milliseconds to acknowledge a break: 35 s in Windows and Samba. */
export const BREAK_TIMEOUT = 35_000;
/** Milliseconds that a connection may live without a session. */
export const AUTHENTICATION_TIMEOUT = 45_000;
/** Milliseconds that a durable open is kept without a connection: unless the client says, and at most. */
export const DURABLE_TIMEOUT = { default: 60_000, most: 300_000 } as const;
/** Opens that are kept without a connection; for one more, the one that waits longest is closed. */
export const MAX_DISCONNECTED = 1024;
/** Connections at one time. */
export const MAX_CONNECTIONS = 10_000;
/** Bytes that one named pipe may have waiting in either direction. */
export const MAX_PIPE_BYTES = 2 ** 20;
/** Bytes of a server-side copy request, and of one chunk (MS-SMB2 3.3.3, as Windows). */
export const COPY_CHUNK = { count: 256, chunk: 2 ** 20, total: 16 * 2 ** 20 } as const;
