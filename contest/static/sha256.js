// SHA-256 of a file and of its parts, read in slices, so that a file of gigabytes never stands in memory.

const WHOLE = 256 * 1024 * 1024; // up to here the browser's own digest takes the file at once

/**
 * Hexadecimal SHA-256 of a File, `whole`, and `parts`: of each part of so many bytes, one after the other; empty where
 * the file is no larger than one. `progress(fraction)` is told now and then; `signal` aborts.
 */
export async function sha256(file, { part, progress = () => {}, signal }) {
  const all = file.size <= WHOLE ? new Uint8Array(await file.arrayBuffer()) : null;
  const hasher = all ? null : new Sha256();
  let parts = "";
  for (let at = 0; file.size > part && at < file.size; at += part) {
    const bytes = all?.subarray(at, at + part) ?? new Uint8Array(await file.slice(at, at + part).arrayBuffer());
    hasher?.update(bytes);
    parts += await digestOf(bytes);
    progress(Math.min(1, (at + part) / file.size));
    // Let the page breathe: it stays usable while a large file is read.
    await new Promise((go) => setTimeout(go));
    signal.throwIfAborted();
  }
  const whole = all ? await digestOf(all) : hex(hasher.digest());
  signal.throwIfAborted();
  return { whole, parts };
}

const digestOf = async (bytes) => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// FIPS 180-4: the first 32 bits of the fractional parts of cube and square roots of the first primes.
const PRIMES = [];
for (let n = 2; PRIMES.length < 64; n += 1) {
  if (PRIMES.every((prime) => n % prime)) PRIMES.push(n);
}
const fraction = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32);
const K = Uint32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));
const START = Uint32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

/** Incremental SHA-256: WebCrypto has none. */
export class Sha256 {
  #state = Uint32Array.from(START);
  #block = new Uint8Array(64);
  #words = new Uint32Array(64);
  #filled = 0;
  #length = 0;

  update(bytes) {
    this.#length += bytes.length;
    let at = 0;
    if (this.#filled) {
      at = Math.min(64 - this.#filled, bytes.length);
      this.#block.set(bytes.subarray(0, at), this.#filled);
      this.#filled += at;
      if (this.#filled < 64) return this;
      this.#mix(this.#block, 0);
      this.#filled = 0;
    }
    for (; at + 64 <= bytes.length; at += 64) this.#mix(bytes, at);
    this.#block.set(bytes.subarray(at));
    this.#filled = bytes.length - at;
    return this;
  }

  digest() {
    const bits = this.#length * 8; // exact: a file has far fewer than 2^50 bytes
    const tail = new Uint8Array(this.#filled < 56 ? 64 - this.#filled : 128 - this.#filled);
    tail[0] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(tail.length - 4, bits >>> 0);
    this.update(tail);
    const made = new DataView(new ArrayBuffer(32));
    this.#state.forEach((word, index) => made.setUint32(index * 4, word));
    return new Uint8Array(made.buffer);
  }

  #mix(bytes, at) {
    const w = this.#words;
    for (let i = 0, j = at; i < 16; i += 1, j += 4) {
      w[i] = (bytes[j] << 24) | (bytes[j + 1] << 16) | (bytes[j + 2] << 8) | bytes[j + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = this.#state;
    for (let i = 0; i < 64; i += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    const state = this.#state;
    [a, b, c, d, e, f, g, h].forEach((word, index) => {
      state[index] += word;
    });
  }
}
