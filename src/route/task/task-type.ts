/** The kinds of task of the guide's table "When SLMs Are Enough", and what is none of them. */
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

export const taskNames: Readonly<Record<TaskType, string>> = {
  classification: 'classification, routing, intent',
  simple_qa: 'simple questions, summaries',
  code: 'code',
  creative: 'creative writing, nuanced analysis',
  reasoning: 'several steps of reasoning',
  low_resource: 'low-resource languages',
  other: 'anything else',
};
