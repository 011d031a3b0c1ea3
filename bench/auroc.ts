/**
 * Area under the ROC curve: the odds that a right answer scores higher than a wrong one, ties counted half (Mann and Whitney
 * 1947). NaN where all are right or all wrong.
 */
export function auroc(cases: readonly { readonly score: number; readonly isRight: boolean }[]): number {
  const sorted = cases.toSorted((a, b) => a.score - b.score);
  const rightCount = cases.filter(({ isRight }) => isRight).length;
  const wrongCount = cases.length - rightCount;
  let rankSum = 0;
  for (let from = 0; from < sorted.length;) {
    let to = from;
    while (to < sorted.length && sorted[to]?.score === sorted[from]?.score) to += 1;
    // Ties share the mean of their ranks, which begin with 1.
    const rank = (from + 1 + to) / 2;
    for (let at = from; at < to; at += 1) if (sorted[at]?.isRight === true) rankSum += rank;
    from = to;
  }
  return (rankSum - (rightCount * (rightCount + 1)) / 2) / (rightCount * wrongCount);
}
