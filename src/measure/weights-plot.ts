import { basename } from 'node:path';
import type { WeightsReport, WeightsRow } from './weights-report.ts';

/** Where a format lies: bits per weight, and KL divergence from the base on a logarithmic scale. */
interface Point {
  readonly row: WeightsRow;
  readonly x: number;
  readonly y: number;
}

/** Divergences below this are drawn at it: kernels' own noise is of that size. */
const leastDivergence = 1e-4;

interface Scale {
  readonly points: readonly Point[];
  readonly lowX: number;
  readonly highX: number;
  /** Powers of ten. */
  readonly lowY: number;
  readonly highY: number;
}

function scaleOf(report: WeightsReport): Scale | null {
  const points = report.rows.flatMap((row): Point[] =>
    row.against === null
      ? []
      : [
          {
            row,
            x: row.bitsPerWeight,
            y: Math.log10(Math.max(leastDivergence, row.against.divergence.mean)),
          },
        ],
  );
  if (points.length === 0) return null;
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  return {
    points,
    lowX: Math.floor(Math.min(...xs)),
    highX: Math.ceil(Math.max(...xs) + 0.01),
    lowY: Math.floor(Math.min(...ys)),
    highY: Math.max(Math.floor(Math.min(...ys)) + 1, Math.ceil(Math.max(...ys))),
  };
}

const style =
  'text{font:12px system-ui,sans-serif;fill:#222}.a{stroke:#999}.g{stroke:#eee}.made{fill:#1f6feb}.source{fill:#1a7f37}' +
  '.simulated{fill:none;stroke:#bf5700;stroke-width:1.5}.e{stroke:#555}' +
  '@media(prefers-color-scheme:dark){text{fill:#ddd}.g{stroke:#333}.a,.e{stroke:#888}}';

/** Quality over size as an SVG document; `null` where there is nothing to compare. Pure. */
export function renderWeightsSvg(report: WeightsReport): string | null {
  const scale = scaleOf(report);
  if (scale === null) return null;
  const width = 760;
  const height = 420;
  const [left, right, top, bottom] = [70, 110, 40, 50];
  const { lowX, highX, lowY, highY } = scale;
  const atX = (x: number): number => left + ((x - lowX) / (highX - lowX)) * (width - left - right);
  const atY = (y: number): number => top + ((highY - y) / (highY - lowY)) * (height - top - bottom);
  const number = (value: number): string => value.toFixed(1);
  const parts: string[] = [];
  const step = Math.max(1, Math.ceil((highX - lowX) / 12));
  for (let x = lowX; x <= highX; x += step) {
    parts.push(
      `<line class="g" x1="${number(atX(x))}" y1="${top}" x2="${number(atX(x))}" y2="${height - bottom}"/>`,
    );
    parts.push(`<text x="${number(atX(x))}" y="${height - bottom + 18}" text-anchor="middle">${x}</text>`);
  }
  for (let y = lowY; y <= highY; y++) {
    parts.push(
      `<line class="g" x1="${left}" y1="${number(atY(y))}" x2="${width - right}" y2="${number(atY(y))}"/>`,
    );
    parts.push(`<text x="${left - 8}" y="${number(atY(y) + 4)}" text-anchor="end">${10 ** y}</text>`);
  }
  for (const { row, x, y } of scale.points) {
    const margin = row.against?.divergence.margin ?? 0;
    const mean = row.against?.divergence.mean ?? 0;
    const low = Math.max(lowY, Math.log10(Math.max(leastDivergence, mean - margin)));
    const high = Math.min(highY, Math.log10(Math.max(leastDivergence, mean + margin)));
    parts.push(
      `<line class="e" x1="${number(atX(x))}" y1="${number(atY(low))}" x2="${number(atX(x))}" y2="${number(atY(high))}"/>`,
    );
    parts.push(`<circle class="${row.origin}" cx="${number(atX(x))}" cy="${number(atY(y))}" r="5"/>`);
    parts.push(`<text x="${number(atX(x) + 9)}" y="${number(atY(y) + 4)}">${escape(row.format)}</text>`);
  }
  parts.push(
    `<line class="a" x1="${left}" y1="${height - bottom}" x2="${width - right}" y2="${height - bottom}"/>`,
  );
  parts.push(`<line class="a" x1="${left}" y1="${top}" x2="${left}" y2="${height - bottom}"/>`);
  // Of a file its name: its folder is nobody's business where the plot is shown, and too long for it.
  const title = `${basename(report.model)}: KL divergence from ${report.baseFormat} (nats, log) by bits per weight`;
  parts.push(`<text x="${left}" y="22">${escape(title)}</text>`);
  parts.push(
    `<text x="${(left + width - right) / 2}" y="${height - 10}" text-anchor="middle">bits per weight</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">`,
    `<style>${style}</style>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** The same in characters, a letter a format with its key beside it; `null` where there is nothing to compare. Pure. */
export function renderWeightsPlot(report: WeightsReport, width = 60, height = 12): string | null {
  const scale = scaleOf(report);
  if (scale === null) return null;
  const { lowX, highX, lowY, highY } = scale;
  const grid = Array.from({ length: height }, () => Array.from({ length: width }, () => ' '));
  const keys: string[] = [];
  scale.points.forEach(({ row, x, y }, index) => {
    const letter = String.fromCharCode(97 + (index % 26));
    const column = Math.round(((x - lowX) / (highX - lowX)) * (width - 1));
    const line = Math.round(((highY - y) / (highY - lowY)) * (height - 1));
    const cells = grid[line];
    if (cells !== undefined) cells[column] = cells[column] === ' ' ? letter : '*';
    keys.push(`${letter} ${row.format}`);
  });
  const label = (line: number): string => {
    const y = highY - (line / (height - 1)) * (highY - lowY);
    const isPower = Math.abs(y - Math.round(y)) < (highY - lowY) / (height - 1) / 2;
    return (isPower ? String(10 ** Math.round(y)) : '').padStart(7);
  };
  const middle = String(highX).padStart(width - String(lowX).length);
  return [
    `KL from ${report.baseFormat}, nats (log)`,
    ...grid.map((cells, line) => `${label(line)} |${cells.join('').trimEnd()}`),
    `${' '.repeat(8)}+${'-'.repeat(width)}`,
    `${' '.repeat(9)}${lowX}${middle} bits per weight`,
    `${keys.join(', ')}; * = several`,
  ].join('\n');
}
