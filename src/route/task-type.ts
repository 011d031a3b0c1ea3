/** The kinds of work that the guide tells apart (section "When SLMs Are Enough"); `other`: none of them. */
export const taskTypes = [
  'classification',
  'simple_qa',
  'code',
  'creative',
  'reasoning',
  'low_resource',
  'other',
] as const;
export type TaskType = (typeof taskTypes)[number];
