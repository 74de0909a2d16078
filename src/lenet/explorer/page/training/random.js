/**
 * NumPy's generator `default_rng`: SeedSequence, PCG64, and the draws that lenet uses, to the same bits.
 *
 * PCG64 is that of O'Neill (2014), "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random
 * Number Generation", with a state of 128 bits and the output XSL-RR; SeedSequence is O'Neill's seed_seq as NumPy has it.
 */

const MASK64 = (1n << 64n) - 1n;
const MASK128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const POOL = 4;

/**
 * What SeedSequence makes of numbers: 32-bit words.
 * @param {number[]} seeds  whole numbers from 0
 * @param {number} count
 * @returns {Uint32Array}
 */
function seedWords(seeds, count) {
  const entropy = seeds.flatMap((seed) => (seed > 0xffffffff ? [seed >>> 0, Math.floor(seed / 2 ** 32)] : [seed]));
  let factor = 0x43b0d7e5;
  const hashed = (/** @type {number} */ value) => {
    const mixed = (value ^ factor) >>> 0;
    factor = Math.imul(factor, 0x931e8875) >>> 0;
    const product = Math.imul(mixed, factor) >>> 0;
    return (product ^ (product >>> 16)) >>> 0;
  };
  const pool = Array.from({ length: POOL }, (_, i) => hashed(entropy[i] ?? 0));
  const mix = (/** @type {number} */ to, /** @type {number} */ value) => {
    const result = (Math.imul(pool[to], 0xca01f9dd) - Math.imul(hashed(value), 0x4973f715)) >>> 0;
    pool[to] = (result ^ (result >>> 16)) >>> 0;
  };
  for (let from = 0; from < POOL; from += 1)
    for (let to = 0; to < POOL; to += 1) if (from !== to) mix(to, pool[from]);
  for (const word of entropy.slice(POOL)) for (let to = 0; to < POOL; to += 1) mix(to, word);
  factor = 0x8b51f9dd;
  return Uint32Array.from({ length: count }, (_, i) => {
    const mixed = (pool[i % POOL] ^ factor) >>> 0;
    factor = Math.imul(factor, 0x58f38ded) >>> 0;
    const product = Math.imul(mixed, factor) >>> 0;
    return product ^ (product >>> 16);
  });
}

/** A generator, seeded by a list of whole numbers as `numpy.random.default_rng(list)`. */
export class Random {
  /** @param {number[]} seeds */
  constructor(seeds) {
    const words = new BigUint64Array(seedWords(seeds, 8).buffer); // little-endian, as everywhere
    this.increment = (((words[2] << 64n) | words[3]) << 1n | 1n) & MASK128;
    this.state = 0n;
    this.step();
    this.state = (this.state + ((words[0] << 64n) | words[1])) & MASK128;
    this.step();
    /** The upper half of a number whose lower half was drawn. @type {number|null} */
    this.kept = null;
  }

  /** Moves on. */
  step() {
    this.state = (this.state * MULTIPLIER + this.increment) & MASK128;
  }

  /** @returns {bigint} 64 bits */
  bits64() {
    this.step();
    const mixed = (this.state >> 64n) ^ (this.state & MASK64), turn = this.state >> 122n;
    return ((mixed >> turn) | (mixed << (64n - turn))) & MASK64;
  }

  /** @returns {number} 32 bits: of a number of 64, first the lower half */
  bits32() {
    if (this.kept !== null) {
      const upper = this.kept;
      this.kept = null;
      return upper;
    }
    const whole = this.bits64();
    this.kept = Number(whole >> 32n);
    return Number(whole & 0xffffffffn);
  }

  /** @returns {number} from 0 to below 1 */
  uniform() {
    return Number(this.bits64() >> 11n) / 2 ** 53;
  }

  /**
   * Draws a whole number from 0 to `most`, by Lemire's method.
   * @param {number} most  below 2^32 - 1
   */
  below(most) {
    if (most === 0) return 0;
    const count = BigInt(most) + 1n, threshold = (0xffffffffn - BigInt(most)) % count;
    for (;;) {
      const product = BigInt(this.bits32()) * count;
      if ((product & 0xffffffffn) >= threshold) return Number(product >> 32n);
    }
  }

  /**
   * Draws a whole number from 0 to `most` by its bits, as shuffles do: those that are too large are drawn again.
   * @param {number} most  below 2^31
   */
  interval(most) {
    const mask = 2 ** (32 - Math.clz32(most)) - 1;
    for (;;) {
      const drawn = (this.bits32() & mask) >>> 0;
      if (drawn <= most) return drawn;
    }
  }

  /**
   * Returns the numbers from 0 in random order.
   * @param {number} count
   * @returns {Int32Array}
   */
  permutation(count) {
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i -= 1) {
      const other = this.interval(i);
      [order[i], order[other]] = [order[other], order[i]];
    }
    return order;
  }
}
