/** Regular runs -> loops. */
import { type Code, filled, oneLine, slot } from "./emit/code.ts";
import { momentCode } from "./emit/steps.ts";
import type { AtLine, CallLine, Step } from "./emit/step.ts";
import { type Loop, loopOf, type Node, type Shapes } from "./fold_shape.ts";

/** Fewer times read better one by one. */
const FEWEST_TIMES = 3;

/** A loop has to stand for that many lines. */
const FEWEST_LINES = 8;

/** Requests of one kind that were sent before those before them were answered: fewer read better one by one. */
const FEWEST_OVERLAPPED = 4;

/** Makes loops of nodes that repeat, `period` at most at a time. */
export function foldRuns(
  nodes: readonly Node[],
  shapes: Shapes,
  options: { readonly period: number },
): Node[] {
  const finder: RunFinder = { ...options, shapes, lastUse: lazily(() => lastUses(nodes, shapes)) };
  const folded: Node[] = [];
  for (let at = 0; at < nodes.length;) {
    const run = runAt(nodes, at, finder);
    if (run === null) {
      folded.push(nodes[at]!);
      at++;
      continue;
    }
    const end = at + run.times * run.period;
    if (run.period === 1) folded.push(...stretched(nodes.slice(at, end), shapes));
    else {
      const blocks = Array.from({ length: run.times }, (_, i) => {
        const start = at + i * run.period;
        return shapes.block(nodes.slice(start, start + run.period));
      });
      folded.push(loopOf(blocks));
    }
    at = end;
  }
  return folded;
}

/**
 * Loops of one thing done again and again: a stretch in which offsets grow evenly is a loop of its own, what is between
 * such stretches is one with a table.
 */
function stretched(nodes: readonly Node[], shapes: Shapes): Node[] {
  const lines = linesOf(nodes[0]!);
  const isLoop = (count: number) => count >= FEWEST_TIMES && count * lines >= FEWEST_LINES;
  const loop = (some: readonly Node[]) => loopOf(some.map((node) => shapes.block([node])));
  const made: Node[] = [];
  let between: Node[] = [];
  const flush = () => {
    if (isLoop(between.length)) made.push(loop(between));
    else made.push(...between);
    between = [];
  };
  const places = nodes.map((node) => placeOf(node, shapes));
  for (let at = 0; at < nodes.length;) {
    let end = at + 1;
    while (end < nodes.length && isEven(places, at, end)) end++;
    if (end - at > 1 && end < nodes.length && isRest(places, at, end)) end++;
    if (isLoop(end - at)) {
      flush();
      made.push(loop(nodes.slice(at, end)));
    } else between.push(...nodes.slice(at, end));
    at = end;
  }
  flush();
  return made;
}

/** Offset and length of what a node reads or writes. */
function placeOf(node: Node, shapes: Shapes): { offset: number; length: string } {
  const { slots } = shapes.of(node);
  const value = (name: string) => slots.find(({ hint }) => hint === name)?.value ?? "0";
  return { offset: Number(oneLine(value("offset"))), length: oneLine(value("length")) };
}

/** Whether the node at `index` goes on as those from `start` on do. */
function isEven(
  places: readonly { readonly offset: number; readonly length: string }[],
  start: number,
  index: number,
): boolean {
  const [first, second] = [places[start]!, places[start + 1]!];
  const [before, place] = [places[index - 1]!, places[index]!];
  return place.length === first.length &&
    place.offset - before.offset === second.offset - first.offset;
}

/** Whether the node at `index` takes what is left behind those from `start` on. */
function isRest(
  places: readonly { readonly offset: number; readonly length: string }[],
  start: number,
  index: number,
): boolean {
  const [first, second] = [places[start]!, places[start + 1]!];
  const [before, place] = [places[index - 1]!, places[index]!];
  return Number(place.length) < Number(first.length) &&
    place.offset - before.offset === second.offset - first.offset;
}

/** Index of the last node that mentions a variable. */
export function lastUses(nodes: readonly Node[], shapes: Shapes): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  for (const [index, node] of nodes.entries()) {
    for (const name of shapes.of(node).variables) last.set(name, index);
  }
  return last;
}

interface RunFinder {
  /** At most. */
  readonly period: number;
  readonly shapes: Shapes;
  readonly lastUse: () => ReadonlyMap<string, number>;
}

/** What is asked for often, or never. */
function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** The shortest period that repeats from `at` on, and how often. */
function runAt(
  nodes: readonly Node[],
  at: number,
  finder: RunFinder,
): { period: number; times: number } | null {
  const { shapes } = finder;
  const template = shapes.of(nodes[at]!).template;
  for (let period = 1; period <= finder.period; period++) {
    const again = nodes[at + period];
    if (again === undefined) return null;
    if (shapes.of(again).template !== template) continue;
    if (!shapes.isAgain(nodes, period, { first: at, second: at + period })) continue;
    if (!isClosed(nodes, at, { ...finder, period })) continue;
    let times = 1;
    for (let second = at + period; second + period <= nodes.length; second += period) {
      if (!shapes.isAgain(nodes, period, { first: at, second })) break;
      if (!isClosed(nodes, second, { ...finder, period })) break;
      times++;
    }
    if (times < FEWEST_TIMES) continue;
    let lines = 0;
    for (let i = 0; i < period; i++) lines += linesOf(nodes[at + i]!);
    if (lines * times >= FEWEST_LINES) return { period, times };
  }
  return null;
}

/** Whether what the nodes make is used by them alone. */
function isClosed(nodes: readonly Node[], at: number, finder: RunFinder): boolean {
  for (let i = 0; i < finder.period; i++) {
    for (const name of finder.shapes.of(nodes[at + i]!).makes) {
      if ((finder.lastUse().get(name) ?? 0) >= at + finder.period) return false;
    }
  }
  return true;
}

/** Lines of a node, roughly. */
export function linesOf(node: Node): number {
  return node.kind === "step" ? node.lines.length : 4;
}

/** Makes loops of requests that were sent before those before them were answered. */
export function foldOverlaps(nodes: readonly Node[], shapes: Shapes): Node[] {
  const lastUse = lazily(() => lastUses(nodes, shapes));
  const folded: Node[] = [];
  for (let at = 0; at < nodes.length;) {
    const run = overlapAt(nodes, at, { shapes, lastUse });
    if (run === null) {
      folded.push(nodes[at]!);
      at++;
    } else {
      folded.push(run.loop);
      at = run.end;
    }
  }
  return folded;
}

/** A request of a run: sent at a moment, with those whose answers had come since the one before. */
interface Sent {
  readonly at: AtLine;
  readonly call: CallLine;
  readonly step: Step;
  readonly awaited: readonly number[];
}

function overlapAt(
  nodes: readonly Node[],
  start: number,
  finder: Pick<RunFinder, "shapes" | "lastUse">,
): { loop: Loop; end: number } | null {
  const first = requestOf(nodes[start]!);
  if (first === null || first.call.wait) return null;
  const shape = requestText(first.call);
  const sent: Sent[] = [];
  const place = new Map<string, number>();
  const open = new Set<number>();
  let awaited: number[] = [];
  /** Where every answer was awaited. */
  let complete: { sent: number; end: number } | null = null;
  for (let at = start; at < nodes.length; at++) {
    const node = nodes[at]!;
    const waitsFor = awaitedBy(node);
    if (waitsFor !== null) {
      const index = place.get(waitsFor);
      if (index === undefined || finder.lastUse().get(waitsFor) !== at) break;
      open.delete(index);
      awaited.push(index);
    } else {
      const request = requestOf(node);
      if (request === null || requestText(request.call) !== shape) break;
      const index = sent.length;
      sent.push({ ...request, awaited });
      awaited = [];
      if (request.call.wait) awaited.push(index);
      else {
        if (request.call.target === undefined) break;
        place.set(request.call.target, index);
        open.add(index);
      }
    }
    if (open.size === 0) {
      complete = { sent: sent.length, end: at + 1 };
      if (sent.length >= FEWEST_OVERLAPPED) break;
    }
  }
  if (complete === null || complete.sent < FEWEST_OVERLAPPED) return null;
  const run = sent.slice(0, complete.sent);
  const inFlight = depthOf(run);
  // One at a time: what is no overlap at all is a run like any other.
  if (inFlight === 1) return null;
  const loopWith = (labelled: readonly Sent[] | null) =>
    loopOf(
      run.map((request) => finder.shapes.block([bareRequest(request, labelled)])),
      labelled === null ? inFlight ?? 0 : 0,
    );
  const loop = loopWith(inFlight === null ? run : null);
  // A loop over a table says of each what it waited for.
  const isTable = loop.columns.columns.length > 1;
  return { loop: isTable ? loopWith(run) : loop, end: complete.end };
}

/** How many requests at most were under way: when each was sent, exactly those so many places before were answered. */
function depthOf(run: readonly Sent[]): number | null {
  const depth = run.findIndex(({ awaited }) => awaited.length > 0);
  if (depth < 0) return run.length;
  for (const [index, { awaited }] of run.entries()) {
    if (index < depth) continue;
    if (awaited.length !== 1 || awaited[0] !== index - depth) return null;
  }
  return depth;
}

/** The request alone: what waits for it is said by the loop, or by the labels that the moment has to wait for. */
function bareRequest(
  { at, call, step, awaited }: Sent,
  labelled: readonly Sent[] | null,
): Step {
  const { target: _target, ...bare } = call;
  const after = labelled === null
    ? at.after
    : [...at.after, ...awaited.map((index) => labelled[index]!.at.label)];
  const moment = after === at.after
    ? at.moment
    : slot("At", at.moment.hint, momentCode({ ...at, after }));
  return {
    kind: "step",
    does: step.does,
    lines: [{ ...at, after, moment }, { ...bare, wait: false }],
  };
}

function requestOf(node: Node): { at: AtLine; call: CallLine; step: Step } | null {
  if (node.kind !== "step" || node.lines.length !== 2) return null;
  const [at, call] = node.lines;
  if (at?.kind !== "at" || call?.kind !== "call" || node.does.length !== 1) return null;
  const { kind } = node.does[0]!;
  if (kind !== "read" && kind !== "write" && kind !== "echo" && kind !== "queryInfo") return null;
  return { at, call, step: node };
}

function awaitedBy(node: Node): string | null {
  if (node.kind !== "step" || node.lines.length !== 1) return null;
  const [line] = node.lines;
  return line?.kind === "await" && line.target === undefined ? line.variable : null;
}

/** The call without its values. */
function requestText({ receiver, method, args }: CallLine): string {
  const blank = (arg: Code) =>
    filled(arg, (leaf) => leaf.kind === "slot" ? `\u0001${leaf.type}` : leaf);
  const text = args.map((arg) => oneLine(blank(arg))).join(", ");
  return `${oneLine(receiver)}.${method}(${text})`;
}
