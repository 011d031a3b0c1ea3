/** KV cells by default where memory allows: room for several long chats and their prefixes. */
const defaultCellCount = 16_384;
const mostDefaultCells = 32_768;
/** Share of this machine's memory that the KV cache may take by default. */
const kvMemoryShare = 0.2;

/**
 * Cells of a model's KV pool where the settings name none: its trained context, at least 16,384 and at most 32,768, as
 * far as a fifth of the memory holds them; a multiple of 256. Below 256 it does not fit.
 */
export function chooseCellCount(
  trainedContextTokenCount: number,
  kvBytesPerCell: number,
  memoryBytes: number,
): number {
  const fits = Math.floor((memoryBytes * kvMemoryShare) / Math.max(1, kvBytesPerCell));
  const wanted = Math.max(defaultCellCount, Math.min(trainedContextTokenCount, mostDefaultCells));
  return Math.floor(Math.min(fits, wanted) / 256) * 256;
}
