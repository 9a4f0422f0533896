/** What is wrong with a scenario, in the scenario's own words. */

/** A place in a scenario's file. */
export interface ScenarioPlace {
  /** As the user named it, or relative to the scenario's folder. */
  readonly file: string;
  /** From 1; null when there is no line to name. */
  readonly line: number | null;
  readonly column: number | null;
}

/** A scenario that cannot be loaded. The message names the place. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
  readonly place: ScenarioPlace | null;

  constructor(message: string, options: { place?: ScenarioPlace | null; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.place = options.place ?? null;
  }
}

/** `file:line:column`, as editors and terminals link it. */
export function placeText(place: ScenarioPlace): string {
  if (place.line === null) return place.file;
  return place.column === null
    ? `${place.file}:${place.line}`
    : `${place.file}:${place.line}:${place.column}`;
}
