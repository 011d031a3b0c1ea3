/** What is asked, and how the answer begins: a small model keeps to the form that was begun for it. */
export interface WorkloadPrompt {
  readonly user: string;
  readonly begin: string;
}

export interface Workload {
  readonly name: 'code' | 'extraction' | 'summary' | 'story';
  readonly prompts: readonly WorkloadPrompt[];
}
