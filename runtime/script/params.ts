/** Parameters: what `--set name=value` gives, read by the scenario's zod schema. */
import { z } from "zod";
import type { ParamsSchema } from "./api.ts";

/** One parameter, for `--help`. */
export interface ParamInfo {
  readonly name: string;
  /** `string`, `number`, `boolean`, `one of ...`. */
  readonly type: string;
  readonly required: boolean;
  /** As text; absent without one. */
  readonly default?: string;
  readonly description?: string;
}

/** A value or name that the schema does not take. */
export class ParamsError extends Error {
  override readonly name = "ParamsError";
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** The parameters of a schema, in its order. */
export function describeParams(schema: ParamsSchema | null): ParamInfo[] {
  if (schema === null) return [];
  const { properties = {}, required = [] } = inputSchema(schema);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    type: typeText(property),
    required: required.includes(name) && property.default === undefined,
    ...property.default === undefined ? {} : { default: valueText(property.default) },
    ...property.description === undefined ? {} : { description: property.description },
  }));
}

/**
 * The values of a schema from text.
 *
 * @throws {ParamsError} When a name is unknown, a value is not of its type, or one is missing.
 */
export function parseParams(
  schema: ParamsSchema | null,
  given: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const known = schema === null ? {} : inputSchema(schema).properties ?? {};
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(known, name)) {
      const names = Object.keys(known);
      throw new ParamsError(
        `Cannot set parameter "${name}": the scenario has ` +
          (names.length === 0 ? "no parameters" : `only ${names.join(", ")}`),
      );
    }
  }
  if (schema === null) return {};
  const input = Object.fromEntries(
    Object.entries(given).map(([name, text]) => [name, coerced(known[name] ?? {}, text)]),
  );
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const name = issue?.path.join(".") ?? "";
  throw new ParamsError(
    Object.hasOwn(given, name)
      ? `Cannot set parameter "${name}" to ${JSON.stringify(given[name])}: ${issue?.message ?? ""}`
      : `Cannot run without parameter "${name}": give it with --set ${name}=VALUE`,
  );
}

/**
 * The values of each part of a suite; what is given counts for every part that has a parameter of that name.
 *
 * @throws {ParamsError} As {@linkcode parseParams} does, and when no part has a parameter of that name.
 */
export function paramsOfSuite(
  parts: readonly (readonly [name: string, schema: ParamsSchema | null])[],
  given: Readonly<Record<string, string>>,
): Record<string, Record<string, unknown>> {
  const left = new Set(Object.keys(given));
  const values: Record<string, Record<string, unknown>> = {};
  for (const [name, schema] of parts) {
    const known = schema === null ? {} : inputSchema(schema).properties ?? {};
    const own = Object.entries(given).filter(([param]) => Object.hasOwn(known, param));
    for (const [param] of own) left.delete(param);
    values[name] = parseParams(schema, Object.fromEntries(own));
  }
  const [unknown] = left;
  if (unknown !== undefined) {
    throw new ParamsError(`Cannot set parameter "${unknown}": no scenario of the suite has it`);
  }
  return values;
}

function inputSchema(schema: ParamsSchema): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

function typeText(schema: JsonSchema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.map(valueText).join(", ")}`;
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeText).join(" or ");
  return schema.type ?? "value";
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}

/** Text of the command line as the type that the schema takes; text that is none stays, for zod to refuse. */
function coerced(schema: JsonSchema, text: string): unknown {
  const types = [schema.type, ...(schema.anyOf ?? []).map((option) => option.type)];
  if (types.includes("string")) return text;
  if ((types.includes("number") || types.includes("integer")) && text.trim() !== "") {
    const number = Number(text);
    return Number.isNaN(number) ? text : number;
  }
  if (types.includes("boolean")) return text === "true" ? true : text === "false" ? false : text;
  if (types.includes("object") || types.includes("array")) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}
