/**
 * TypeScript expressions as text that `deno fmt` would leave as it is: an object or list goes on one line where it
 * fits, else one member a line. All quoting is here.
 */

/** Columns of a line of code. */
export const WIDTH = 80;

/** An expression, printed for the column where it starts. */
export type Code = string | ObjectCode | ListCode | CallCode | Slot | Variable;

/** What a value is, where a function takes it as a parameter. */
export type SlotType = "At" | "Data" | "label" | "number" | "rows" | "string" | "Uint8Array";

/** A value that may differ where the same thing is done again: it can become a parameter. */
export interface Slot {
  readonly kind: "slot";
  readonly type: SlotType;
  /** What a parameter in its place is called. */
  readonly hint: string;
  readonly value: Code;
}

/** What an earlier statement made: a connection, session, share, file, or request under way. */
export interface Variable {
  readonly kind: "variable";
  /** Its name in the plan; in the script it has one that people can read. */
  readonly id: string;
  /** A member of it: `.id`. */
  readonly member?: string;
}

/** `{ name: value, ... }` in order. */
export interface ObjectCode {
  readonly kind: "object";
  readonly members: readonly (readonly [string, Code])[];
}

/** `[value, ...]`. */
export interface ListCode {
  readonly kind: "list";
  readonly items: readonly Code[];
}

/** `name(argument, ...)`, or `of.name(argument, ...)`. */
export interface CallCode {
  readonly kind: "call";
  readonly of?: Code;
  readonly name: string;
  readonly args: readonly Code[];
}

/**
 * What may end a line or change how a line reads: controls, line and paragraph separators, and the marks that turn the
 * direction of text around (CVE-2021-42574).
 */
// deno-lint-ignore no-control-regex
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Text that is its own literal. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A string literal: nothing of a capture gets out of it, or looks like something else. */
export function quoted(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  const inner = JSON.stringify(text).slice(1, -1)
    .replaceAll(
      UNSEEN,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    )
    // A quotation mark within would have `deno fmt` choose other ones around.
    .replaceAll(/\\["\\]/g, (pair) => pair === '\\"' ? "\\u0022" : pair);
  return `"${inner}"`;
}

/** A hexadecimal number of `digits` digits, as masks are written. */
export function hexNumber(value: number, digits = 8): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, "0")}`;
}

/** An object of the members that are not undefined; undefined when none is left. */
export function object(members: Record<string, Code | undefined>): ObjectCode | undefined {
  const present = Object.entries(members).filter((member): member is [string, Code] =>
    member[1] !== undefined
  );
  return present.length === 0 ? undefined : { kind: "object", members: present };
}

/** A list. */
export function list(items: readonly Code[]): ListCode {
  return { kind: "list", items };
}

/** A call. */
export function callOf(name: string, ...args: readonly Code[]): CallCode {
  return { kind: "call", name, args };
}

/** A value that may differ from one time to the next. */
export function slot(type: SlotType, hint: string, value: Code): Slot {
  return { kind: "slot", type, hint, value };
}

/** What an earlier statement made. */
export function variable(id: string, member?: string): Variable {
  return member === undefined ? { kind: "variable", id } : { kind: "variable", id, member };
}

/** The expression with its slots and variables replaced. */
export function filled(code: Code, fill: (leaf: Slot | Variable) => Code): Code {
  if (typeof code === "string") return code;
  switch (code.kind) {
    case "slot":
    case "variable":
      return fill(code);
    case "call":
      return {
        ...code,
        ...code.of === undefined ? {} : { of: filled(code.of, fill) },
        args: code.args.map((arg) => filled(arg, fill)),
      };
    case "list":
      return { ...code, items: code.items.map((item) => filled(item, fill)) };
    case "object":
      return {
        ...code,
        members: code.members.map(([name, value]) => [name, filled(value, fill)] as const),
      };
  }
}

/**
 * `name(arg, arg)` as a statement: on one line where it fits, else broken inside its last argument, else one argument
 * a line.
 *
 * @param start What stands before the call on its line, indentation included.
 */
export function call(start: string, name: string, args: readonly (Code | undefined)[]): string {
  const given = args.filter((arg) => arg !== undefined);
  const line = `${start}${name}(${given.map(oneLine).join(", ")});`;
  const last = given.at(-1);
  if (widthOf(line) <= WIDTH || last === undefined) return line;
  const indent = /^ */.exec(start)?.[0] ?? "";
  const before = given.slice(0, -1).map((arg) => `${oneLine(arg)}, `).join("");
  const first = `${start}${name}(${before}`;
  const hugs = typeof last !== "string" && (last.kind === "object" || last.kind === "list");
  if (hugs && widthOf(first) + 1 <= WIDTH) return `${first}${broken(last, indent)});`;
  const inner = `${indent}  `;
  const items = given.map((arg) => `${inner}${fitted(arg, inner)},\n`);
  return `${start}${name}(\n${items.join("")}${indent});`;
}

/** The expression on one line. */
export function oneLine(code: Code): string {
  if (typeof code === "string") return code;
  switch (code.kind) {
    case "slot":
      return oneLine(code.value);
    case "variable":
      return code.id + (code.member ?? "");
    case "call":
      return `${callee(code)}(${code.args.map(oneLine).join(", ")})`;
    case "list":
      return `[${code.items.map(oneLine).join(", ")}]`;
    case "object": {
      const members = code.members.map((member) => memberText(member, oneLine(member[1])));
      return `{ ${members.join(", ")} }`;
    }
  }
}

function callee({ of, name }: CallCode): string {
  return of === undefined ? name : `${oneLine(of)}.${name}`;
}

/** `  name: value,` as a line of an object. */
export function memberLine(indent: string, name: string, value: Code): string {
  const flat = `${name}: ${oneLine(value)}`;
  return `${indent}${fits(indent, flat) ? flat : longMember([name, value], indent)},`;
}

/** The expression with its members on lines of their own, each broken further only where it is too long. */
export function broken(code: Code, indent: string): string {
  if (typeof code === "string") return code;
  const inner = `${indent}  `;
  if (code.kind === "slot") return broken(code.value, indent);
  if (code.kind === "variable") return oneLine(code);
  if (code.kind === "call") {
    const args = code.args.map((arg) => `${inner}${fitted(arg, inner)},\n`);
    return `${callee(code)}(\n${args.join("")}${indent})`;
  }
  if (code.kind === "list") {
    const items = code.items.map((item) => `${inner}${fitted(item, inner)},\n`);
    return `[\n${items.join("")}${indent}]`;
  }
  const members = code.members.map((member) => {
    const flat = memberText(member, oneLine(member[1]));
    const text = fits(inner, flat) ? flat : longMember(member, inner);
    return `${inner}${text},\n`;
  });
  return `{\n${members.join("")}${indent}}`;
}

/** A value that cannot be broken goes on the next line. */
function longMember([name, value]: readonly [string, Code], indent: string): string {
  if (typeof value !== "string" && value.kind === "slot") {
    return longMember([name, value.value], indent);
  }
  if (typeof value === "string" || value.kind === "variable") {
    return `${name}:\n${indent}  ${oneLine(value)}`;
  }
  return memberText([name, value], broken(value, indent));
}

/** On one line where it fits behind the indentation, else broken. */
function fitted(code: Code, indent: string): string {
  const flat = oneLine(code);
  return fits(indent, flat) ? flat : broken(code, indent);
}

function fits(indent: string, text: string): boolean {
  return indent.length + widthOf(text) + 1 <= WIDTH;
}

// deno-lint-ignore no-control-regex
const ASCII = /^[\x00-\x7f]*$/;

/** Characters that take two columns (UAX #11: wide and fullwidth), and those that take none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/gu;
const MARKS = /[\p{Mn}\p{Me}\u200b-\u200f]/gu;

/** Columns that a text takes. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  const wide = text.match(WIDE)?.length ?? 0;
  const marks = text.match(MARKS)?.length ?? 0;
  return [...text].length + wide - marks;
}

/** Of a member without a value the name says all: `...openForRead`. */
function memberText([name]: readonly [string, Code], value: string): string {
  return name === value || value === "" ? name : `${name}: ${value}`;
}

/** Text of a capture inside a `//` comment: one line, printable. */
export function comment(text: string): string {
  return text.slice(0, 200).replaceAll(UNSEEN, "?").toWellFormed();
}
