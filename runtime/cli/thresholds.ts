/** Thresholds of scenario and command line, and what the records of a run mean for them. */
import {
  breakValues,
  checkValues,
  iterationValues,
  operationValues,
  ThresholdError,
  type ThresholdOption,
  type ThresholdOptions,
  Thresholds,
} from "../measure/mod.ts";
import { statusName } from "../wire/mod.ts";
import { CommandError, type Given, type Option, UsageError } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";
import type { Batch } from "./outputs.ts";

/** The option. */
export const THRESHOLD_OPTION: Option = {
  name: "threshold",
  value: "METRIC:EXPR",
  many: true,
  help: "what the run must keep, as in smb_op_duration{command:READ}:p(95)<20",
};

/**
 * Unites what scenario and command line ask for; of the same metric the command line's count.
 *
 * @throws {UsageError} When one of the command line cannot be read.
 * @throws {CommandError} When one of the scenario cannot.
 */
export function thresholdsOf(own: unknown, given: Given): Thresholds {
  const options: Record<string, ThresholdOption[]> = {};
  for (const text of given.values(THRESHOLD_OPTION.name)) {
    const [, metric, expression] = /^([a-z_]+(?:\{[^{}]*\})?):(.+)$/.exec(text) ?? [];
    if (metric === undefined || expression === undefined) {
      throw new UsageError(
        `Cannot use threshold ${
          JSON.stringify(text)
        }: a metric and an expression such as checks:rate>0.99 are needed`,
      );
    }
    (options[metric] ??= []).push(expression);
  }
  made(options, (message) => new UsageError(message));
  // What is wrong now is the scenario's mistake.
  return made(
    { ...own as ThresholdOptions | undefined, ...options },
    (message) => new CommandError(ExitCode.INVALID_CONFIG, message),
  );
}

function made(options: ThresholdOptions, refusal: (message: string) => Error): Thresholds {
  try {
    return new Thresholds(options);
  } catch (error) {
    throw error instanceof ThresholdError ? refusal(error.message) : error;
  }
}

/** Adds what a worker tells to thresholds. */
export function takeBatch(thresholds: Thresholds, batch: Batch): void {
  if (thresholds.isEmpty) return;
  const take = thresholds.take.bind(thresholds);
  for (const record of batch.operations) operationValues(record, { statusName }, take);
  for (const record of batch.breaks) breakValues(record, take);
  for (const record of batch.iterations) iterationValues(record, take);
  for (const record of batch.checks) checkValues(record, take);
}
