/**
 * Steps -> parts of a script: what a client did again and again becomes a loop, what it did now and then a function.
 * Each pass makes a list of nodes of a list of nodes, and can be left out: the script then says the same at length. A
 * folded script sends the same requests, in the same order, at the same times, with the same awaited before.
 */
import type { ClientSteps } from "./emit/step.ts";
import { foldFunctions } from "./fold_functions.ts";
import { foldOverlaps, foldRuns } from "./fold_loops.ts";
import { type FunctionShape, type Node, Shapes } from "./fold_shape.ts";

/** What is folded: nothing, regular runs, or also what repeats across files. */
export type FoldLevel = "none" | "loops" | "all";

/** Parts of a script: what each client does, and the functions that they share. */
export interface Folded {
  readonly clients: readonly (readonly Node[])[];
  readonly functions: readonly FunctionShape[];
}

/** Folds what clients do. */
export function fold(clients: readonly ClientSteps[], level: FoldLevel): Folded {
  const steps = clients.map(({ steps }): readonly Node[] => steps);
  if (level === "none") return { clients: steps, functions: [] };
  const shapes = new Shapes();
  const looped = steps.map((nodes) => foldRuns(foldOverlaps(nodes, shapes), shapes, { period: 1 }));
  const longer = looped.map((nodes) => foldRuns(nodes, shapes, { period: LONGEST_PERIOD }));
  return level === "loops" ? { clients: longer, functions: [] } : foldFunctions(longer, shapes);
}

/** Steps that a loop repeats, at most. */
const LONGEST_PERIOD = 24;
