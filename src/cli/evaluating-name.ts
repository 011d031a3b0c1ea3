/** Under which what `nearfar eval` asks stands in the ledger. No key can have it: keys begin with a letter or digit. */
export const evaluatingName = '(evaluate)';
