/**
 * What clients did several times, now and then, on different files or as different users -> functions: from an open to
 * its close, a compound, the way from a connection to its share.
 */
import type { PlanOperation } from "./plan.ts";
import type { Folded } from "./fold.ts";
import { lastUses, linesOf } from "./fold_loops.ts";
import type { FunctionShape, Node, Shapes } from "./fold_shape.ts";

/** Fewer times read better one by one. */
const FEWEST_CALLS = 3;

/** What leads to a share is long: twice is enough. */
const FEWEST_LOGONS = 2;

/** Lines of a function beside its statements: name, parameters, what it is about. */
const FRAME_LINES = 9;

/** Lines of a call: its own, what it came to, and a row of a table where it has several moments. */
const CALL_LINES = 2;

/** Clients that do less are not worth comparing. */
const FEWEST_ALIKE = 6;

/** Nodes of an episode, at most. */
const LONGEST_EPISODE = 40;

/** Nodes from the first that makes something to the last that uses it. */
interface Episode {
  /** Behind the last node. */
  readonly end: number;
  readonly key: string;
  readonly isLogon: boolean;
  /** Lines that a call saves, and those of the function. */
  readonly saved: number;
  readonly lines: number;
}

/** A function that may come to be. */
interface Candidate {
  readonly shape: FunctionShape;
  readonly episode: Episode;
}

/** Finds what repeats, in all clients. */
export function foldFunctions(clients: readonly (readonly Node[])[], shapes: Shapes): Folded {
  const alike = alikeClients(clients, shapes);
  const found = clients.map((nodes, client) => alike.get(client) ?? episodesOf(nodes, shapes));
  const counts = new Map<string, number>();
  for (const episodes of found) {
    for (const { key } of episodes.values()) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const candidates = new Map<string, Candidate>();
  const parts = clients.map((nodes, client) => {
    const list: (Node | readonly [Candidate, number])[] = [];
    for (let at = 0; at < nodes.length;) {
      const episode = found[client]!.get(at);
      if (episode === undefined || !isWorthwhile(episode, counts.get(episode.key)!)) {
        list.push(nodes[at]!);
        at++;
        continue;
      }
      let candidate = candidates.get(episode.key);
      if (candidate === undefined) {
        candidate = { shape: { blocks: [] }, episode };
        candidates.set(episode.key, candidate);
      }
      list.push([candidate, candidate.shape.blocks.length]);
      candidate.shape.blocks.push(shapes.block(nodes.slice(at, episode.end)));
      at = episode.end;
    }
    return list;
  });
  // Where one episode was part of another, fewer are left than were counted.
  const lasting = ({ shape, episode }: Candidate) => isWorthwhile(episode, shape.blocks.length);
  return {
    clients: parts.map((list) =>
      list.flatMap((part): readonly Node[] => {
        if (!isCandidate(part)) return [part];
        const [candidate, index] = part;
        const block = candidate.shape.blocks[index]!;
        return lasting(candidate)
          ? [{ kind: "function", shape: candidate.shape, block }]
          : block.nodes;
      })
    ),
    functions: [...candidates.values()].filter(lasting).map(({ shape }) => shape),
  };
}

function isCandidate(
  part: Node | readonly [Candidate, number],
): part is readonly [Candidate, number] {
  return Array.isArray(part);
}

/** Whether the script gets shorter by that. */
function isWorthwhile({ isLogon, saved, lines }: Episode, count: number): boolean {
  return count >= (isLogon ? FEWEST_LOGONS : FEWEST_CALLS) && count * saved > lines + FRAME_LINES;
}

/** Clients that do what others do from beginning to end: all of it is one episode. */
function alikeClients(
  clients: readonly (readonly Node[])[],
  shapes: Shapes,
): ReadonlyMap<number, ReadonlyMap<number, Episode>> {
  const alike = new Map<number, ReadonlyMap<number, Episode>>();
  const keys = clients.map((nodes) => nodes.length < FEWEST_ALIKE ? "" : shapes.key(nodes));
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const [client, key] of keys.entries()) {
    if (key === "" || counts.get(key)! < FEWEST_LOGONS) continue;
    const nodes = clients[client]!;
    const lines = nodes.reduce((sum, node) => sum + linesOf(node), 0);
    const episode = { end: nodes.length, key, isLogon: true, saved: lines, lines };
    alike.set(client, new Map([[0, episode]]));
  }
  return alike;
}

/** Episodes by the node with which they begin. */
function episodesOf(nodes: readonly Node[], shapes: Shapes): ReadonlyMap<number, Episode> {
  const lastUse = lastUses(nodes, shapes);
  const episodes = new Map<number, Episode>();
  for (let start = 0; start < nodes.length; start++) {
    const logon = logonEnd(nodes, start);
    const end = logon ?? episodeEnd(nodes, start, { shapes, lastUse });
    if (end === null) continue;
    const own = nodes.slice(start, end);
    const lines = own.reduce((sum, node) => sum + linesOf(node), 0);
    const moments = own.reduce((sum, node) => sum + momentsOf(node), 0);
    const saved = lines - (moments < 2 ? CALL_LINES : CALL_LINES + 1);
    if (saved <= 0) continue;
    if (shapes.block(own).free.some(isUnderWay)) continue;
    episodes.set(start, { end, key: shapes.key(own), isLogon: logon !== null, saved, lines });
  }
  return episodes;
}

/** Moments that a call has to give. */
function momentsOf(node: Node): number {
  return node.kind === "step" ? node.lines.filter(({ kind }) => kind === "at").length : 0;
}

/** Behind the last node that uses what the nodes from `start` on make; null where that is far away. */
function episodeEnd(
  nodes: readonly Node[],
  start: number,
  about: { readonly shapes: Shapes; readonly lastUse: ReadonlyMap<string, number> },
): number | null {
  let last = start;
  for (let at = start; at <= last; at++) {
    for (const name of about.shapes.of(nodes[at]!).makes) {
      last = Math.max(last, about.lastUse.get(name) ?? at);
    }
    if (last - start >= LONGEST_EPISODE) return null;
  }
  return last + 1;
}

/** Behind the share that a connection leads to; null where no connection begins. */
function logonEnd(nodes: readonly Node[], start: number): number | null {
  if (kindAt(nodes, start) !== "connect") return null;
  let end: number | null = null;
  for (let at = start + 1; at < nodes.length && at - start < LONGEST_EPISODE; at++) {
    const kind = kindAt(nodes, at);
    if (kind === null || !LEADING.has(kind)) break;
    if (kind === "tree") end = at + 1;
  }
  return end;
}

/** What leads to a share. */
const LEADING: ReadonlySet<string> = new Set<PlanOperation["kind"]>([
  "login",
  "tree",
  "untree",
  "ioctl",
]);

function kindAt(nodes: readonly Node[], at: number): PlanOperation["kind"] | null {
  const node = nodes[at];
  if (node?.kind !== "step" || node.does.length !== 1) return null;
  const [operation] = node.does;
  return operation?.kind === "ioctl" && operation.file !== null ? null : operation?.kind ?? null;
}

/** Whether a variable is a request under way: a function cannot wait for what was sent before its call. */
function isUnderWay(variable: string): boolean {
  return /^[ok]\d/.test(variable);
}
