/** Requests of a chain that are sent again, together, because their channel was lost (MS-SMB2 3.2.7.1). */
import { type FileId, RELATED_FILE_ID, sameFileId } from "../wire/mod.ts";
import {
  type Exchange,
  isReplayable,
  replayOf,
  type RequestInput,
  type TreeState,
} from "../protocol/mod.ts";
import type { Rescuer, Unanswered } from "./link.ts";
import type { Session } from "./session.ts";

/** Takes care of the requests of one chain. */
export class ChainRescuer implements Rescuer {
  readonly #session: Session;
  readonly #tree: TreeState;
  /** The chain, in order. */
  #exchanges: readonly Exchange[];
  #lost: Unanswered[] = [];

  constructor(session: Session, chain: {
    readonly tree: TreeState;
    readonly exchanges: readonly Exchange[];
  }) {
    this.#session = session;
    this.#tree = chain.tree;
    this.#exchanges = chain.exchanges;
  }

  lost(request: Unanswered): boolean {
    if (this.#session.heir() === null) return false;
    // All of them are told of in one turn.
    if (this.#lost.length === 0) queueMicrotask(() => this.#resend());
    this.#lost.push(request);
    return true;
  }

  expired(): boolean {
    return false;
  }

  #resend(): void {
    const heir = this.#session.heir();
    const lost = new Map(this.#lost.map((request) => [request.input, request]));
    this.#lost = [];
    const again: Exchange[] = [];
    for (const group of groupsOf(this.#exchanges)) {
      const requests = group.flatMap(({ input }) => lost.get(input) ?? []);
      const inputs = heir === null ? null : repeated(group, requests);
      for (const [i, request] of requests.entries()) {
        const input = inputs?.[i];
        if (heir === null || input === undefined) request.reject(request.error);
        else {
          const { state: session, connection: { dialect } } = heir;
          const target = { session, tree: input.tree ?? this.#tree, dialect };
          again.push(request.prepare(heir.link, replayOf(input, target)));
        }
      }
    }
    this.#exchanges = again;
    if (again.length > 0) heir?.link.sendChain(again, false);
  }
}

/** The requests that go together: each group begins with one that is not related. */
function groupsOf(exchanges: readonly Exchange[]): Exchange[][] {
  const groups: Exchange[][] = [];
  for (const exchange of exchanges) {
    if (exchange.related) groups.at(-1)?.push(exchange);
    else groups.push([exchange]);
  }
  return groups;
}

/** What the requests of a group say the second time; null where one of them, and so the group, cannot be repeated. */
function repeated(
  group: readonly Exchange[],
  requests: readonly Unanswered[],
): RequestInput[] | null {
  if (!requests.every(({ input }) => isReplayable(input))) return null;
  const inputs: RequestInput[] = [];
  for (const { input } of requests) {
    if (inputs.length > 0) {
      inputs.push({ ...input, related: true });
      continue;
    }
    const { body } = input;
    if (!("fileId" in body) || !sameFileId(body.fileId, RELATED_FILE_ID)) {
      inputs.push({ ...input, related: false });
      continue;
    }
    // What it related to has been answered.
    const fileId = fileBefore(group, group.findIndex((exchange) => exchange.input === input));
    if (fileId === null) return null;
    inputs.push({ ...input, body: { ...body, fileId } as RequestInput["body"], related: false });
  }
  return inputs;
}

/** The file that a related request works on: that of the nearest one before it. */
function fileBefore(group: readonly Exchange[], index: number): FileId | null {
  for (const { open, input: { body } } of group.slice(0, Math.max(0, index)).reverse()) {
    if (open !== null) return open.fileId;
    if ("fileId" in body && !sameFileId(body.fileId, RELATED_FILE_ID)) return body.fileId;
  }
  return null;
}
