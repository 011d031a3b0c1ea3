import { describe, expect, it } from 'vitest';
import { findByFile } from './nearfar.ts';

describe('finding the benchmark model', () => {
  it('takes the model that came from the file, not one that is used in place', () => {
    const listed = [
      { id: 'elsewhere', reference: 'file:/other.gguf', path: '/other.gguf' },
      { id: 'q4', reference: 'file:/m/q4.gguf', path: '/home/models/q4.gguf' },
    ];
    expect(findByFile(listed, '/m/q4.gguf')?.id).toBe('q4');
    expect(findByFile(listed, '/m/none.gguf')).toBeNull();
  });
});
