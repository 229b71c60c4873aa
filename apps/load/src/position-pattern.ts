/**
 * The position within the clip as blocks in the picture: drawn by the script that makes the clips, read by tests
 * from a canvas. All lengths are shares of the picture, so every rendition has the same pattern.
 *
 * One row of cells, left to right: two for synchronisation (white, black), ten of data, the most significant bit
 * first, four of checksum, two for synchronisation (black, white). White is 1.
 */

/** Where the cells are, as shares of the picture's width and height. */
export interface PositionLayout {
  readonly left: number;
  readonly top: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
}

/** The part of `ImageData` that is read: RGBA, four bytes per pixel, row by row from the top left. */
export interface PictureData {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
}

/** The layout of every clip of this package. */
export const POSITION_LAYOUT: PositionLayout = {
  left: 1 / 20,
  top: 8 / 9,
  cellWidth: 1 / 20,
  cellHeight: 1 / 15,
};

/** Bits of data in the pattern. */
export const POSITION_BITS = 10;

/** The largest position the pattern can say. */
export const MAX_POSITION: number = 2 ** POSITION_BITS - 1;

const CHECK_BITS = 4;
/** x⁴ + x + 1, the polynomial of CRC-4 in ITU-T G.704. */
const CHECK_POLYNOMIAL = 0b1_0011;
const HEAD: readonly boolean[] = [true, false];
const TAIL: readonly boolean[] = [false, true];

/** How many cells the row has. */
export const POSITION_CELLS: number = HEAD.length + POSITION_BITS + CHECK_BITS + TAIL.length;

/** Least difference of white and black, of 255, below which there is no pattern in the picture. */
const MIN_CONTRAST = 64;
/** A cell whose brightness is within this share of the middle between black and white is neither. */
const UNDECIDED = 0.15;
/** Samples taken across and down the middle half of each cell. */
const SAMPLES = 5;

/**
 * The cells that say a position; `true` is white.
 *
 * @throws RangeError when the position is not an integer from 0 to {@link MAX_POSITION}.
 */
export function positionCells(position: number): boolean[] {
  if (!Number.isInteger(position) || position < 0 || position > MAX_POSITION) {
    throw new RangeError(`position must be an integer from 0 to ${MAX_POSITION}, not ${position}`);
  }
  return [...HEAD, ...bits(position, POSITION_BITS), ...bits(checksum(position), CHECK_BITS), ...TAIL];
}

/**
 * Reads the position from a picture of any size, such as `context.getImageData(0, 0, width, height)`.
 *
 * @returns the frame's index within the clip, or `undefined` when the picture has no whole and valid pattern.
 */
export function readPosition(
  picture: PictureData,
  layout: PositionLayout = POSITION_LAYOUT,
): number | undefined {
  const brightness = Array.from({ length: POSITION_CELLS }, (_, cell) =>
    cellBrightness(picture, layout, cell),
  );
  const white = (at(brightness, 0) + at(brightness, POSITION_CELLS - 1)) / 2;
  const black = (at(brightness, 1) + at(brightness, POSITION_CELLS - 2)) / 2;
  if (white - black < MIN_CONTRAST) return undefined;

  const cells: boolean[] = [];
  for (const value of brightness) {
    const share = (value - black) / (white - black) - 0.5;
    if (Math.abs(share) < UNDECIDED) return undefined;
    cells.push(share > 0);
  }
  const position = number(cells.slice(HEAD.length, HEAD.length + POSITION_BITS));
  const expected = positionCells(position);
  return cells.every((cell, index) => cell === expected[index]) ? position : undefined;
}

function cellBrightness(picture: PictureData, layout: PositionLayout, cell: number): number {
  let sum = 0;
  for (let row = 0; row < SAMPLES; row++) {
    const y = layout.top + layout.cellHeight * (0.25 + (0.5 * (row + 0.5)) / SAMPLES);
    for (let column = 0; column < SAMPLES; column++) {
      const x = layout.left + layout.cellWidth * (cell + 0.25 + (0.5 * (column + 0.5)) / SAMPLES);
      sum += luma(picture, Math.floor(x * picture.width), Math.floor(y * picture.height));
    }
  }
  return sum / SAMPLES ** 2;
}

/** Brightness of a pixel by the weights of BT.709, 0 to 255; black outside of the picture. */
function luma({ width, data }: PictureData, x: number, y: number): number {
  const offset = (y * width + x) * 4;
  return 0.2126 * at(data, offset) + 0.7152 * at(data, offset + 1) + 0.0722 * at(data, offset + 2);
}

function checksum(position: number): number {
  let rest = position << CHECK_BITS;
  for (let bit = POSITION_BITS - 1; bit >= 0; bit--) {
    if (rest & (1 << (bit + CHECK_BITS))) rest ^= CHECK_POLYNOMIAL << bit;
  }
  return rest;
}

function bits(value: number, count: number): boolean[] {
  return Array.from({ length: count }, (_, index) => ((value >> (count - 1 - index)) & 1) === 1);
}

function number(cells: readonly boolean[]): number {
  return cells.reduce((value, cell) => value * 2 + (cell ? 1 : 0), 0);
}

function at(values: ArrayLike<number>, index: number): number {
  return values[index] ?? 0;
}
