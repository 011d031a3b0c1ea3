import type { Workload, WorkloadPrompt } from './workload.ts';

const intervals = `function mergeIntervals(intervals) {
  intervals.sort((a, b) => a[0] - b[0]);
  const merged = [];
  for (const interval of intervals) {
    const last = merged[merged.length - 1];
    if (last && interval[0] <= last[1]) {
      last[1] = Math.max(last[1], interval[1]);
    } else {
      merged.push(interval.slice());
    }
  }
  return merged;
}
`;
const inventory = `class Inventory:
    def __init__(self):
        self.items = {}

    def add(self, name, count):
        if count < 1:
            raise ValueError("count must be positive")
        self.items[name] = self.items.get(name, 0) + count

    def remove(self, name, count):
        if self.items.get(name, 0) < count:
            raise ValueError("not enough items")
        self.items[name] -= count

    def total(self):
        return sum(self.items.values())
`;
const orders = `SELECT customers.name, customers.city, orders.placed_at, orders.amount
FROM customers
JOIN orders ON orders.customer_id = customers.id
WHERE orders.placed_at >= '2024-01-01'
  AND orders.placed_at < '2025-01-01'
  AND orders.amount > 100
  AND customers.city IN ('Bern', 'Basel', 'Chur')
ORDER BY customers.name, orders.placed_at;
`;
const server = `{
  "server": {
    "host": "127.0.0.1",
    "port": 8080,
    "timeoutSeconds": 30,
    "compression": true
  },
  "database": {
    "host": "db.internal",
    "port": 5432,
    "name": "shop",
    "poolSize": 10
  },
  "logging": {
    "level": "info",
    "format": "json"
  }
}
`;

const edit = (task: string, language: string, code: string): WorkloadPrompt => ({
  user: `${task}\n\`\`\`${language}\n${code}\`\`\``,
  begin: `\`\`\`${language}\n`,
});

/** Editing code that is given: most of it comes back unchanged. */
export const code: Workload = {
  name: 'code',
  prompts: [
    edit('Rewrite this code, renaming the variable merged to result:', 'js', intervals),
    edit('Rewrite this class, renaming the method total to count_all:', 'python', inventory),
    edit('Rewrite this query so that only amounts above 250 are listed:', 'sql', orders),
    edit('Rewrite this file with port 9090 for the server:', 'json', server),
  ],
};
