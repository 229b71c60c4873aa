import { describe, expect, it } from 'vitest';

import { MAX_POSITION, POSITION_LAYOUT, positionCells, readPosition } from './position-pattern.ts';

/** A grey picture with the pattern in it, as a canvas would give it. */
function picture(
  width: number,
  height: number,
  cells: readonly boolean[],
  [black, white]: readonly [black: number, white: number] = [16, 235],
): { width: number; height: number; data: Uint8ClampedArray } {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cell = Math.floor(((x + 0.5) / width - POSITION_LAYOUT.left) / POSITION_LAYOUT.cellWidth);
      const row = ((y + 0.5) / height - POSITION_LAYOUT.top) / POSITION_LAYOUT.cellHeight;
      const value = row >= 0 && row < 1 && cells[cell] !== undefined ? (cells[cell] ? white : black) : 90;
      data.set([value, value, value, 255], (y * width + x) * 4);
    }
  }
  return { width, height, data };
}

describe('readPosition', () => {
  it('reads every position at the sizes of the renditions and of a thumbnail', () => {
    for (const [width, height] of [
      [640, 360],
      [160, 90],
    ] as const) {
      for (let position = 0; position <= MAX_POSITION; position += width === 640 ? 93 : 3) {
        expect(readPosition(picture(width, height, positionCells(position)))).toBe(position);
      }
    }
  });

  it('reads a picture that is neither black nor white, and one with noise', () => {
    expect(readPosition(picture(320, 180, positionCells(299), [70, 160]))).toBe(299);
    const noisy = picture(320, 180, positionCells(299));
    noisy.data.forEach((value, index) => (noisy.data[index] = value + ((index * 7919) % 61) - 30));
    expect(readPosition(noisy)).toBe(299);
  });

  it.each([
    ['blank', picture(320, 180, [])],
    ['empty', { width: 0, height: 0, data: [] }],
    ['too faint', picture(320, 180, positionCells(5), [100, 140])],
    ['upside down in brightness', picture(320, 180, positionCells(5), [235, 16])],
  ])('finds no position in a picture that is %s', (_, image) => {
    expect(readPosition(image)).toBeUndefined();
  });

  it('refuses a pattern in which any one cell is wrong', () => {
    const right = positionCells(0b10_1100_1101);
    for (const [index, cell] of right.entries()) {
      expect(readPosition(picture(160, 90, right.with(index, !cell)))).toBeUndefined();
    }
  });

  it('refuses a cell that is between black and white', () => {
    const between = picture(160, 90, positionCells(3));
    const x = Math.floor((POSITION_LAYOUT.left + POSITION_LAYOUT.cellWidth * 4) * 160);
    for (let y = 0; y < 90; y++) between.data.fill(125, (y * 160 + x) * 4, (y * 160 + x + 8) * 4);
    expect(readPosition(between)).toBeUndefined();
  });
});

describe('positionCells', () => {
  it.each([-1, 0.5, MAX_POSITION + 1, Number.NaN])('refuses %s by name', (position) => {
    expect(() => positionCells(position)).toThrow(`${position}`);
  });
});
