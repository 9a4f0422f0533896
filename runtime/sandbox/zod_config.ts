/**
 * Zod compiles schemas to code from text where it can; the worker has no code from text. Imported before anything that
 * makes a schema.
 */
import { z } from "zod";

z.config({ jitless: true });
