/**
 * TypeScript expressions as text that `deno fmt` would leave as it is: an object or list goes on one line where it
 * fits, else one member a line. All quoting is here.
 */

/** Columns of a line. */
const WIDTH = 80;

/** An expression, printed for the column where it starts. */
export type Code = string | ObjectCode | ListCode | CallCode;

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

/** `name(argument)`. */
export interface CallCode {
  readonly kind: "call";
  readonly name: string;
  readonly argument: string;
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

/** A call with one argument. */
export function callOf(name: string, argument: string): CallCode {
  return { kind: "call", name, argument };
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
  if (line.length <= WIDTH || last === undefined) return line;
  const indent = /^ */.exec(start)?.[0] ?? "";
  const before = given.slice(0, -1).map((arg) => `${oneLine(arg)}, `).join("");
  const first = `${start}${name}(${before}`;
  const hugs = typeof last !== "string" && last.kind !== "call";
  if (hugs && first.length + 1 <= WIDTH) return `${first}${broken(last, indent)});`;
  const inner = `${indent}  `;
  const items = given.map((arg) => `${inner}${fitted(arg, inner)},\n`);
  return `${start}${name}(\n${items.join("")}${indent});`;
}

/** The expression on one line. */
export function oneLine(code: Code): string {
  if (typeof code === "string") return code;
  if (code.kind === "call") return `${code.name}(${code.argument})`;
  if (code.kind === "list") return `[${code.items.map(oneLine).join(", ")}]`;
  const members = code.members.map((member) => memberText(member, oneLine(member[1])));
  return `{ ${members.join(", ")} }`;
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
  if (code.kind === "call") return `${code.name}(\n${inner}${code.argument},\n${indent})`;
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
  if (typeof value === "string") return `${name}:\n${indent}  ${value}`;
  return memberText([name, value], broken(value, indent));
}

/** On one line where it fits behind the indentation, else broken. */
function fitted(code: Code, indent: string): string {
  const flat = oneLine(code);
  return fits(indent, flat) ? flat : broken(code, indent);
}

function fits(indent: string, text: string): boolean {
  return indent.length + text.length + 1 <= WIDTH;
}

function memberText([name]: readonly [string, Code], value: string): string {
  return name === value ? name : `${name}: ${value}`;
}

/** Text of a capture inside a `//` comment: one line, printable. */
export function comment(text: string): string {
  return text.slice(0, 200).replaceAll(UNSEEN, "?").toWellFormed();
}
