/** What the command line says about the files that a scenario needs on its target. */
import type { ProvisionOptions } from "../script/mod.ts";
import { type Given, type Option, UsageError } from "./command.ts";

/** The options of `run`. */
export const PROVISION_OPTIONS: readonly Option[] = [
  {
    name: "no-provision",
    help: "do not make the files that the scenario says were there before, and remove nothing",
  },
  {
    name: "provision-only",
    help: "make these files, leave them there, and run nothing",
  },
  {
    name: "provision-existing",
    help:
      "make them in a folder that is not empty: what is there is compared and told, never changed",
  },
  {
    name: "verify",
    help:
      "compare what is read with what was provisioned and written: nobody else may write there meanwhile",
  },
  {
    name: "keep",
    help: "leave on the target what was provisioned and what the run made",
  },
];

/** @throws {UsageError} When the options contradict each other. */
export function provisionOf(given: Given): ProvisionOptions {
  const off = given.has("no-provision");
  const only = given.has("provision-only");
  if (off && (only || given.has("provision-existing") || given.has("keep"))) {
    throw new UsageError("Cannot run with --no-provision and an option for what is provisioned", {
      hint: "leave one of them out",
    });
  }
  if ((only || given.has("keep")) && given.value("target") === undefined) {
    throw new UsageError(
      `Cannot leave files for later with ${
        only ? "--provision-only" : "--keep"
      }: the server in memory ends with the run`,
      { hint: "name a server with --target" },
    );
  }
  return {
    mode: off ? "off" : only ? "only" : "run",
    existing: given.has("provision-existing"),
    keep: given.has("keep"),
  };
}
