/** The moving test picture, drawn pixel by pixel so that it looks the same wherever it is made. */

import { POSITION_LAYOUT, positionCells } from '../src/position-pattern.ts';

/** Red, green and blue. */
type Colour = readonly number[];

/** A picture of packed RGB, 8 bits per channel. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** What moves, as a function of the position in the clip; everything returns to its start at the end. */
export interface Moment {
  /** The frame's index within the clip. */
  readonly frame: number;
  /** Frames in the clip. */
  readonly frames: number;
  /** Frames per second. */
  readonly frameRate: number;
}

const NIGHT: Colour = [13, 20, 44];
const DUSK: Colour = [30, 42, 88];
const TEAL: Colour = [26, 116, 134];
const ROSE: Colour = [150, 64, 110];
const PAPER: Colour = [236, 240, 247];
const AMBER: Colour = [255, 190, 92];
const STRIP: Colour = [16, 16, 18];
const WHITE: Colour = [240, 240, 240];

const TURN = 2 * Math.PI;

/** Draws one frame over whatever is on the canvas. */
export function drawFrame(canvas: Canvas, moment: Moment): void {
  const loop = moment.frame / moment.frames;
  const second = (moment.frame % moment.frameRate) / moment.frameRate;
  drawSky(canvas, loop);
  drawDial(canvas, moment, second);
  drawRunner(canvas, loop);
  drawPosition(canvas, moment.frame);
}

/** A dark sky with two slow lights. */
function drawSky(canvas: Canvas, loop: number): void {
  const { width, height, pixels } = canvas;
  const teal = makeLight(
    canvas,
    0.72 + 0.18 * Math.cos(TURN * loop),
    0.3 + 0.16 * Math.sin(TURN * loop),
    0.42,
  );
  const rose = makeLight(
    canvas,
    0.3 - 0.2 * Math.cos(TURN * loop),
    0.62 + 0.14 * Math.sin(TURN * 2 * loop),
    0.36,
  );
  for (let channel = 0; channel < 3; channel++) {
    const [night, dusk] = [NIGHT[channel] ?? 0, DUSK[channel] ?? 0];
    const [tealColour, roseColour] = [TEAL[channel] ?? 0, ROSE[channel] ?? 0];
    for (let y = 0; y < height; y++) {
      const tealRow = 0.75 * (teal.rows[y] ?? 0);
      const roseRow = 0.55 * (rose.rows[y] ?? 0);
      for (let x = 0; x < width; x++) {
        let value = night + ((dusk - night) * (x / width + y / height)) / 2;
        value += (tealColour - value) * tealRow * (teal.columns[x] ?? 0);
        value += (roseColour - value) * roseRow * (rose.columns[x] ?? 0);
        pixels[(y * width + x) * 3 + channel] = value + 0.5;
      }
    }
  }
}

/** A round light that fades by exp(−(dx² + dy²)), which is a product of what its columns and its rows say. */
function makeLight(
  { width, height }: Canvas,
  x: number,
  y: number,
  size: number,
): { columns: Float64Array; rows: Float64Array } {
  const fade = (distance: number): number => Math.exp(-((distance / size) ** 2));
  return {
    columns: Float64Array.from({ length: width }, (_, column) => fade(column / width - x)),
    rows: Float64Array.from({ length: height }, (_, row) => fade((row / height - y) * 0.7)),
  };
}

/** A dial: a mark per second of the clip, the arc of what has passed, a hand that turns once a second, a flash on the beat. */
function drawDial(canvas: Canvas, { frame, frames, frameRate }: Moment, second: number): void {
  const unit = canvas.height;
  const [x, y] = [0.5 * unit, 0.44 * unit];
  const radius = 0.3 * unit;
  const flash = Math.exp(-second * 9);

  fillRound(canvas, x, y, radius * 1.12, NIGHT, 0.45);
  fillRound(canvas, x, y, radius * (0.3 + 0.25 * flash), AMBER, 0.75 * flash);
  drawArc(canvas, x, y, radius, 0.012 * unit, 0, 1, PAPER, 0.22);
  drawArc(canvas, x, y, radius, 0.02 * unit, 0, (frame + 1) / frames, AMBER, 1);
  const marks = frames / frameRate;
  for (let mark = 0; mark < marks; mark++) {
    const [sin, cos] = [Math.sin((TURN * mark) / marks), Math.cos((TURN * mark) / marks)];
    const [from, to] = [radius * 0.84, radius * 0.92];
    drawLine(
      canvas,
      [x + from * sin, y - from * cos],
      [x + to * sin, y - to * cos],
      0.008 * unit,
      PAPER,
      0.8,
    );
  }
  const [sin, cos] = [Math.sin(TURN * second), Math.cos(TURN * second)];
  const reach = radius * 0.74;
  drawLine(canvas, [x, y], [x + reach * sin, y - reach * cos], 0.016 * unit, PAPER, 1);
  fillRound(canvas, x, y, 0.024 * unit, PAPER, 1);
}

/** A ball that runs along the foot of the picture, once per clip. */
function drawRunner(canvas: Canvas, loop: number): void {
  const unit = canvas.height;
  const y = 0.83 * unit;
  const [from, to] = [0.05 * canvas.width, 0.95 * canvas.width];
  drawLine(canvas, [from, y], [to, y], 0.006 * unit, PAPER, 0.3);
  fillRound(canvas, from + (to - from) * loop, y, 0.022 * unit, AMBER, 1);
}

/** The pattern that tests read. */
function drawPosition(canvas: Canvas, frame: number): void {
  const { left, top, cellWidth, cellHeight } = POSITION_LAYOUT;
  const { width, height } = canvas;
  const cells = positionCells(frame);
  const margin = cellHeight / 3;
  fillBox(canvas, 0, (top - margin) * height, width, height, STRIP);
  for (const [index, cell] of cells.entries()) {
    const x = (left + cellWidth * index) * width;
    fillBox(canvas, x, top * height, cellWidth * width, cellHeight * height, cell ? WHITE : STRIP);
  }
}

function fillBox(canvas: Canvas, x: number, y: number, width: number, height: number, colour: Colour): void {
  const [left, right] = [Math.round(x), Math.min(canvas.width, Math.round(x + width))];
  const bottom = Math.min(canvas.height, Math.round(y + height));
  for (let row = Math.round(y); row < bottom; row++) {
    for (let column = left; column < right; column++) blend(canvas, column, row, colour, 1);
  }
}

function fillRound(
  canvas: Canvas,
  x: number,
  y: number,
  radius: number,
  colour: Colour,
  alpha: number,
): void {
  paint(canvas, x, y, radius, colour, alpha, (px, py) => Math.hypot(px - x, py - y) - radius);
}

type Point = readonly [x: number, y: number];

function drawLine(
  canvas: Canvas,
  a: Point,
  b: Point,
  thickness: number,
  colour: Colour,
  alpha: number,
): void {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = dx * dx + dy * dy;
  const reach = Math.sqrt(length) / 2 + thickness;
  paint(canvas, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, reach, colour, alpha, (x, y) => {
    const along = Math.min(1, Math.max(0, ((x - a[0]) * dx + (y - a[1]) * dy) / length));
    return Math.hypot(x - a[0] - along * dx, y - a[1] - along * dy) - thickness / 2;
  });
}

/** A ring from one share of a turn to another, clockwise from the top. */
function drawArc(
  canvas: Canvas,
  x: number,
  y: number,
  radius: number,
  thickness: number,
  from: number,
  to: number,
  colour: Colour,
  alpha: number,
): void {
  paint(canvas, x, y, radius + thickness, colour, alpha, (px, py) => {
    const turn = (Math.atan2(px - x, y - py) / TURN + 1) % 1;
    if (turn < from || turn > to) return 1;
    return Math.abs(Math.hypot(px - x, py - y) - radius) - thickness / 2;
  });
}

/** Paints where the distance to the shape is negative, with an edge one pixel soft. */
function paint(
  canvas: Canvas,
  x: number,
  y: number,
  reach: number,
  colour: Colour,
  alpha: number,
  distance: (x: number, y: number) => number,
): void {
  const [left, right] = [
    Math.max(0, Math.floor(x - reach - 1)),
    Math.min(canvas.width, Math.ceil(x + reach + 1)),
  ];
  const [top, bottom] = [
    Math.max(0, Math.floor(y - reach - 1)),
    Math.min(canvas.height, Math.ceil(y + reach + 1)),
  ];
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const coverage = Math.min(1, Math.max(0, 0.5 - distance(column + 0.5, row + 0.5)));
      if (coverage > 0) blend(canvas, column, row, colour, coverage * alpha);
    }
  }
}

function blend({ width, pixels }: Canvas, x: number, y: number, colour: Colour, alpha: number): void {
  const offset = (y * width + x) * 3;
  for (const [channel, value] of colour.entries()) {
    const under = pixels[offset + channel] ?? 0;
    pixels[offset + channel] = under + (value - under) * alpha + 0.5;
  }
}
