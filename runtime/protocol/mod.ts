/** @module */
export type { Reply, SuccessReply } from "./reply.ts";
