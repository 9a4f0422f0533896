/** The secret key that pseudonyms depend on. */

/** Bytes that it must have at least. */
export const MIN_KEY_BYTES = 16;
