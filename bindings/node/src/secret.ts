import { inspect } from 'node:util';

/** A password, passphrase or key: text, its UTF-8 bytes, or a {@link Secret}. Bytes can be wiped after the call. */
export type SecretInput = string | Uint8Array | Secret;

/** A secret that the library gave. It shows itself to nobody who does not ask for it by name. */
export class Secret {
  readonly #bytes: Buffer;

  /** Takes a copy. */
  constructor(value: string | Uint8Array) {
    this.#bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value);
  }
  /** Its bytes, not a copy: {@link Secret.wipe} wipes them too. */
  bytes(): Buffer {
    return this.#bytes;
  }
  /** Its text; a string cannot be wiped. */
  text(): string {
    return this.#bytes.toString('utf8');
  }
  /** Overwrites the bytes with zeros. */
  wipe(): void {
    this.#bytes.fill(0);
  }
  toString(): string {
    return '[Secret]';
  }
  toJSON(): string {
    return '[Secret]';
  }
  [inspect.custom](): string {
    return '[Secret]';
  }
}

/** @internal */
export function reveal(secret: SecretInput): string | Uint8Array {
  return secret instanceof Secret ? secret.bytes() : secret;
}
