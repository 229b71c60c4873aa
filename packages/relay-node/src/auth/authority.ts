import { readFile } from 'node:fs/promises';
import type { RelayConfig } from '../config.ts';
import { RelayError, toError } from '../errors.ts';
import { normalizePath } from '../routing/paths.ts';
import { type Access, accessTo, FULL_ACCESS, type Prefixes, reaches } from './access.ts';
import { AuthError, TokenKeys } from './token.ts';

/** Decides who may do what. */
export class Authority {
  readonly #keys: TokenKeys | undefined;
  readonly #anyone: Prefixes | undefined;

  private constructor(keys: TokenKeys | undefined, anyone: Prefixes | undefined) {
    this.#keys = keys;
    this.#anyone = anyone;
  }

  /**
   * Reads the keys, if there are any. Without keys and without public prefixes anyone may do anything.
   *
   * @throws {RelayError} `bad_option` naming the file
   */
  static async open(config: RelayConfig): Promise<Authority> {
    const { authKey, publicGet, publicPut } = config;
    if (authKey === undefined && publicGet.length === 0 && publicPut.length === 0) {
      return new Authority(undefined, undefined);
    }
    const anyone = { get: publicGet.map(normalizePath), put: publicPut.map(normalizePath) };
    return new Authority(authKey === undefined ? undefined : await readKeys(authKey), anyone);
  }

  /**
   * What a client may do that connects below a root, with a token or without. A token is all that counts of whoever
   * brings one.
   *
   * @throws {AuthError}
   */
  async authorize(token: string | undefined, root: string): Promise<Access> {
    if (!this.#anyone) return FULL_ACCESS;
    if (token !== undefined && this.#keys) return this.#keys.verify(token, root);
    const { get, put } = this.#anyone;
    if (!reaches([...get, ...put], root)) {
      throw new AuthError('missing', `without a token nothing is open at or below ${JSON.stringify(root)}`);
    }
    return accessTo(this.#anyone);
  }
}

async function readKeys(file: string): Promise<TokenKeys> {
  try {
    return await TokenKeys.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new RelayError('bad_option', `the key in ${file} cannot be used: ${toError(cause).message}`, {
      cause,
      option: 'authKey',
    });
  }
}
