/**
 * The form between plan and text: what one client does, as a list of steps. A step is what was sent at one moment, or
 * what waits for an answer; passes over the list (`fold.ts`) make loops and functions of it, and `print.ts` writes it.
 */
import type { PlanOperation } from "../plan.ts";
import type { Code, Slot } from "./code.ts";

/** What came of an operation, for the comment beside it. */
export interface Note {
  /** Frame of the request. */
  readonly request: number;
  /** Frame of the response; null where there is none. */
  readonly response: number | null;
  /** `SUCCESS, created`. */
  readonly text: string;
  /** Bytes that a READ returned. */
  readonly bytes: number | null;
  /** Seconds to the response. */
  readonly seconds: number | null;
}

/** Waits until the recorded time, and labels what follows. */
export interface AtLine {
  readonly kind: "at";
  /** Of type `At`: seconds, label, and what had been answered before. */
  readonly moment: Slot;
  readonly seconds: number;
  /** A number, or text in quotation marks. */
  readonly label: string;
  /** Labels of operations that had been answered, or were pending. */
  readonly after: readonly string[];
  /** Seconds to the answer, where think times need to know. */
  readonly took?: number;
  /** Seconds to the answer; null where none came. */
  readonly answer: number | null;
  readonly note: Note;
}

/** `const target = await receiver.method(args);` */
export interface CallLine {
  readonly kind: "call";
  /** Variable that keeps the result. */
  readonly target?: string;
  readonly wait: boolean;
  readonly receiver: Code;
  readonly method: string;
  readonly args: readonly Code[];
  readonly comment?: string;
  /** What it sends. */
  readonly sends?: PlanOperation;
}

/** `const target = await variable;` */
export interface AwaitLine {
  readonly kind: "await";
  readonly target?: string;
  readonly variable: string;
}

/** `// text` */
export interface CommentLine {
  readonly kind: "comment";
  readonly text: string;
}

export type Line = AtLine | CallLine | AwaitLine | CommentLine;

/** What was sent at one moment, or waits for one answer. */
export interface Step {
  readonly kind: "step";
  readonly lines: readonly Line[];
  /** The operations of it, in order. */
  readonly does: readonly PlanOperation[];
}

/** What a variable stands for. */
export type VariableKind = "connection" | "session" | "tree" | "file" | "compound" | "pending";

/** A variable before it has its name. */
export interface VariableInfo {
  readonly kind: VariableKind;
  /** What a person would call it: user, share or path, as captured. */
  readonly about: string;
  /** What was done, where the variable is a request under way. */
  readonly verb?: string;
}

/** What one client does. */
export interface ClientSteps {
  readonly steps: readonly Step[];
  readonly variables: ReadonlyMap<string, VariableInfo>;
}
