/** The functions of `"smbench"` as declarations; a test holds them to mod.ts. */
export const DECLARED_FUNCTIONS = `
/** A hand-written scenario. An operation with a status that it did not expect throws, and ends the run. */
export declare function scenario<P extends ParamsSchema | undefined = undefined>(
  options: ScenarioOptions<P>,
  run: ScenarioFunction<P>,
): Scenario;

/** A scenario compiled from a capture: one function per captured client, all started at the same time. */
export declare function replay<
  P extends ParamsSchema | undefined = undefined,
  const C extends Record<string, ReplayClient> = Record<string, ReplayClient>,
>(options: ReplayOptions<P, C>, functions: ReplayFunctions<P, C>): Scenario;

/** Several scenarios in one run, each with its own load; the names are tags of everything that they do. */
export declare function suite(
  options: SuiteOptions,
  parts: Readonly<Record<string, Scenario>>,
): Scenario;

/** Checks a value; a check that does not hold ends the run, and the report names its line. */
export declare const expect: Expect;

/** Synthetic bytes: the same length (at most 64 MiB) and seed give the same bytes in every run. */
export declare function data(length: Size, seed?: string | number): Uint8Array<ArrayBuffer>;

/** Bytes from hexadecimal digits; spaces between them do not matter. */
export declare function hex(digits: string): Uint8Array<ArrayBuffer>;

/** The content of a file of the scenario's folder, named by its hash, for a write. */
export declare function blob(path: string): BlobReference;

/** Rows of a client, for its play(): a file that smbench compile wrote beside the scenario. */
export declare function rows(path: string): RowsReference;

/** A number of bytes from a number or from text with a unit, as in "64k". */
export declare function size(value: number | string): number;

/** Seconds from a number of seconds or from text with a unit, as in "250ms". */
export declare function duration(value: number | string): number;

/** An operation of a scenario had a status that it did not expect. */
export declare class StatusError extends Error {
  override readonly name: "StatusError";
  readonly command: string;
  /** Name without STATUS_. */
  readonly status: string;
  /** NTSTATUS. */
  readonly code: number;
  readonly path: string;
  private constructor();
}

/** An operation got no response: the connection is lost, or the time is up. */
export declare class NoResponseError extends Error {
  override readonly name: "NoResponseError";
  readonly command: string;
  readonly path: string;
  private constructor();
}
`;
