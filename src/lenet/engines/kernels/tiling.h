// Dividing channels into tiles small enough for the registers.
#pragma once
#include <stdint.h>

struct Tile {
  int first, length;
};

// `count` items in as few tiles of at most `most` as possible, all nearly as long: how many tiles, and the tile of an index.
constexpr int num_tiles(int count, int most) { return (count + most - 1) / most; }
constexpr Tile tile_of(int count, int most, int index) {
  const int64_t tiles = num_tiles(count, most), first = count * (int64_t)index / tiles;
  return {(int)first, (int)(count * (index + (int64_t)1) / tiles - first)};
}

// The tile that contains an item.
constexpr Tile tile_with(int count, int most, int item) {
  int index = 0;
  while (tile_of(count, most, index).first + tile_of(count, most, index).length <= item) ++index;
  return tile_of(count, most, index);
}

constexpr int at_most(int n, int most) { return n < most ? n : most; }

// CALL(length) for a length of 1 to 12, as a compile-time constant so that the compiler can unroll loops.
#define WITH_CONSTANT(length, CALL) \
  switch (length) {                 \
    case 1: CALL(1); break;         \
    case 2: CALL(2); break;         \
    case 3: CALL(3); break;         \
    case 4: CALL(4); break;         \
    case 5: CALL(5); break;         \
    case 6: CALL(6); break;         \
    case 7: CALL(7); break;         \
    case 8: CALL(8); break;         \
    case 9: CALL(9); break;         \
    case 10: CALL(10); break;       \
    case 11: CALL(11); break;       \
    default: CALL(12);              \
  }
